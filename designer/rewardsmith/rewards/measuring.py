"""The worker's part of the probe: runs a program in every way it can be run, and measures.

Only numbers and names leave it. Every compilation is proved here: the original text row by row
against the compiled batch, under a permutation of the rows, and NumPy against torch.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rewardsmith.environments.fitness import step_inputs
from rewardsmith.language.runtime import Compiled, Rows, load_compiled, load_rows
from rewardsmith.messages import StateSpec, Trajectory
from rewardsmith.rewards.composition import inputs_read
from rewardsmith.rewards.contract import RewardProgram
from rewardsmith.rewards.corners import make_corners
from rewardsmith.rewards.probe import ComponentRange, CornerRange, Measurements
from rewardsmith.rewards.scoring import Scores, returns_without_shaping, score

Array = np.ndarray[Any, Any]
Inputs = Mapping[str, Array]

MAX_ROWS = 384
"""Transitions that the original text is run on, one at a time."""
FIRST_STEPS = 4
"""Steps at the start of every trajectory that are always among them."""
TIMED_ENVS = 16
RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Tolerances between two ways to compute the same component."""


def measure(
    program: RewardProgram, trajectories: Sequence[Trajectory], spec: StateSpec, *, gamma: float
) -> Measurements:
    """Run the program on recorded transitions and on corners.

    Args:
        program: The program.
        trajectories: Recorded episodes; at least one.
        spec: Fields and action of the environment.
        gamma: The trainer's discount, for the potential.
    """
    compiled = load_compiled(program.compiled)
    with np.errstate(all="ignore"):
        scores = score(program, trajectories, spec, gamma=gamma)
        everything = _transitions(trajectories, scores, spec)
        rows = {name: everything[name] for name in inputs_read(program)}
        batch = _outputs(compiled, np, rows, program)
        differences, error = _against_rows(program, everything, batch, spec)
        return Measurements(
            n_rows=len(next(iter(rows.values()))),
            ranges={name: _range(batch[name]) for name in program.components},
            corners=_at_corners(program, compiled, trajectories, spec),
            potential=_range(batch["potential"]) if program.has_potential else None,
            telescoping_difference=_telescoping(program, compiled, trajectories, scores, gamma),
            returns=_returns(program, scores),
            row_difference=differences,
            permutation_difference=_under_permutation(program, compiled, rows, batch),
            torch_difference=_on_torch(program, compiled, rows, batch),
            us_per_call=_time(program, compiled, rows),
            unproved_lines=_unproved(program, compiled, rows),
            row_error=error,
        )


# ---------------------------------------------------------------- transitions


def _transitions(
    trajectories: Sequence[Trajectory], scores: Scores, spec: StateSpec
) -> dict[str, Array]:
    """Inputs of sampled transitions, stacked; memory is what it was at that moment.

    All inputs there are: the original text may ask for what the compiled code has no use for.
    """
    varying = [field.name for field in spec.fields if field.constant is None]
    fields = [f"{owner}.{name}" for owner in ("state", "previous", "initial") for name in varying]
    outside = frozenset([*fields, "action", "previous_action", "step", "terminated"])
    per_trajectory = max(2, MAX_ROWS // len(trajectories) - FIRST_STEPS)
    parts: list[dict[str, Array]] = []
    for i, trajectory in enumerate(trajectories):
        chosen = _chosen_steps(trajectory.length, per_trajectory)
        rows = step_inputs(trajectory, outside)
        rows |= {f"memory.{name}": values[:, i] for name, values in scores.memory.items()}
        parts.append({name: values[chosen] for name, values in rows.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chosen_steps(length: int, n: int) -> list[int]:
    """The first steps, the last one, and evenly spaced ones between."""
    spread = np.linspace(0, length - 1, num=min(n, length), dtype=int).tolist()
    return sorted({*range(min(FIRST_STEPS, length)), *spread})


def _outputs(
    compiled: Compiled, xp: Any, rows: Mapping[str, Any], program: RewardProgram
) -> dict[str, Array]:
    """Components, memory updates and potential of all rows, as NumPy arrays."""
    assert compiled.components is not None
    found = dict(compiled.components(xp, rows, program.params))
    if compiled.memory is not None:
        updates = compiled.memory(xp, rows, program.params)
        found |= {f"memory.{name}": value for name, value in updates.items()}
    if compiled.potential is not None:
        found["potential"] = compiled.potential(xp, rows, program.params)
    return {name: np.asarray(value, dtype=float) for name, value in found.items()}


# --------------------------------------------------------------------- proofs


def _against_rows(
    program: RewardProgram, rows: Inputs, batch: Mapping[str, Array], spec: StateSpec
) -> tuple[dict[str, float], str]:
    original = load_rows(program.normalised)
    constants = _constants(spec)
    worst = dict.fromkeys(batch, 0.0)
    for i in range(len(next(iter(rows.values())))):
        inputs = {**constants, **{name: values[i] for name, values in rows.items()}}
        try:
            expected = _expected(program, original, inputs)
        except Exception as error:  # the one place where a candidate's own text runs
            return worst, type(error).__name__[:64]
        for name in worst:
            got = _difference(expected.get(name, 0.0), batch[name][i])
            worst[name] = max(worst[name], got)
    return worst, ""


def _expected(program: RewardProgram, original: Rows, inputs: Inputs) -> dict[str, Any]:
    """What the original text makes of one step; memory that it does not return stays as it was."""
    components, updates = original.components(inputs, program.params)
    kept = {name: value for name, value in inputs.items() if name.startswith("memory.")}
    found = {**components, **kept, **{f"memory.{name}": v for name, v in updates.items()}}
    if program.has_potential:
        found["potential"] = original.potential(inputs, program.params)
    return found


def _constants(spec: StateSpec) -> dict[str, Array]:
    """Constant fields, which compiled code holds as literals."""
    return {
        f"{owner}.{field.name}": np.asarray(field.constant, dtype=float).reshape(field.shape)
        for owner in ("state", "previous", "initial")
        for field in spec.fields
        if field.constant is not None
    }


def _difference(expected: Any, got: Any) -> float:
    """Largest difference in units of the tolerance; NaN equals NaN, and infinity itself."""
    expected, got = np.asarray(expected, dtype=float), np.asarray(got, dtype=float)
    same = (expected == got) | (np.isnan(expected) & np.isnan(got))
    scaled = np.abs(expected - got) / (ABSOLUTE + RELATIVE * np.abs(expected))
    return float(np.max(np.where(same, 0.0, np.where(np.isnan(scaled), np.inf, scaled))))


def _under_permutation(
    program: RewardProgram, compiled: Compiled, rows: Inputs, batch: Mapping[str, Array]
) -> float:
    order = np.random.default_rng(0).permutation(len(next(iter(rows.values()))))
    shuffled = {name: values[order] for name, values in rows.items()}
    permuted = _outputs(compiled, np, shuffled, program)
    return max(_difference(batch[name][order], permuted[name]) for name in batch)


def _on_torch(
    program: RewardProgram, compiled: Compiled, rows: Inputs, batch: Mapping[str, Array]
) -> float:
    import array_api_compat.torch as xp

    tensors = {name: xp.asarray(np.array(values)) for name, values in rows.items()}
    doubles = {
        name: value.double() if value.is_floating_point() else value
        for name, value in tensors.items()
    }
    on_torch = _outputs(compiled, xp, doubles, program)
    return max(_difference(batch[name], on_torch[name]) for name in batch)


def _telescoping(
    program: RewardProgram,
    compiled: Compiled,
    trajectories: Sequence[Trajectory],
    scores: Scores,
    gamma: float,
) -> float | None:
    """How far the shaping that was paid is from what the potential promises, at its worst.

    Along an episode of T steps the discounted shaping adds up to gamma^T phi(s_T) - phi(s_0), the
    first part only where the episode was not terminated. In units of the tolerance.
    """
    if scores.shaping is None or compiled.potential is None:
        return None
    worst = 0.0
    for i, trajectory in enumerate(trajectories):
        ends = {f"state.{n}": values[[0, -1]] for n, values in trajectory.fields.items()}
        first, last = compiled.potential(np, ends, program.params)
        paid = gamma ** np.arange(trajectory.length) * scores.of(scores.shaping, i)
        kept = 0.0 if trajectory.terminated else gamma**trajectory.length * last
        tolerance = ABSOLUTE + RELATIVE * float(np.abs(paid).sum() + np.abs(first))
        difference = float(np.abs(paid.sum() - (kept - first))) / tolerance
        worst = max(worst, np.inf if np.isnan(difference) else difference)
    return worst


# -------------------------------------------------------------------- numbers


def _at_corners(
    program: RewardProgram,
    compiled: Compiled,
    trajectories: Sequence[Trajectory],
    spec: StateSpec,
) -> dict[str, CornerRange]:
    corners = make_corners(inputs_read(program), program.memory, trajectories, spec)
    found = _outputs(compiled, np, corners.rows, program)
    return {name: _corner_range(values) for name, values in found.items()}


def _corner_range(values: Array) -> CornerRange:
    """A value's range over the corners; memory of several entries counts as its largest one."""
    flat = np.abs(values).reshape(len(values), -1).max(axis=1)
    wrong = np.flatnonzero(~np.isfinite(flat))
    worst = int(wrong[0]) if len(wrong) else int(np.argmax(flat))
    finite = values[np.isfinite(values)]
    kept = finite if finite.size else np.zeros(1)
    return CornerRange(
        low=float(kept.min()), high=float(kept.max()), worst=worst, is_finite=not len(wrong)
    )


def _returns(program: RewardProgram, scores: Scores) -> tuple[float | None, ...]:
    found = returns_without_shaping(program, scores)
    return tuple(value if np.isfinite(value) else None for value in found)


def _time(program: RewardProgram, compiled: Compiled, rows: Inputs) -> float:
    few = {name: np.resize(v, (TIMED_ENVS, *v.shape[1:])) for name, v in rows.items()}
    assert compiled.components is not None
    timings = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(20):
            compiled.components(np, few, program.params)
        timings.append((time.perf_counter() - start) / 20)
    return 1e6 * min(timings)


def _unproved(program: RewardProgram, compiled: Compiled, rows: Inputs) -> tuple[int, ...]:
    if compiled.branches is None:
        return ()
    entered: dict[int, bool] = {}
    for line, mask in compiled.branches(np, rows, program.params):
        entered[line] = entered.get(line, False) or bool(np.any(mask))
    return tuple(sorted(line for line, was in entered.items() if not was))


def _range(values: Array) -> ComponentRange:
    finite = values[np.isfinite(values)]
    kept = finite if len(finite) else np.zeros(1)
    return ComponentRange(
        low=float(kept.min()),
        high=float(kept.max()),
        std=float(np.nan_to_num(kept.std(), nan=sys.float_info.max)),  # its square may overflow
        is_finite=len(finite) == len(values),
    )
