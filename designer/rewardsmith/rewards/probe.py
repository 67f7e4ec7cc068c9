"""The probe: a program tried on real transitions before it may train.

`measure` runs in a locked worker and returns numbers only; `report` turns them into findings in the
driver, so that no sentence of a verdict was written by a process that held reward code: but for a
crash, of which the last line is quoted. Every compilation is proved here: the original text row by
row against the compiled batch, under a permutation of the rows, and NumPy against torch.
"""

import math
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rewardsmith.environments.episodes import StepInputs
from rewardsmith.language.findings import finding
from rewardsmith.language.runtime import Compiled, Rows, load_compiled, load_rows
from rewardsmith.messages import Finding, Outcome, StateSpec, Trajectory
from rewardsmith.rewards.composition import inputs_read
from rewardsmith.rewards.contract import RewardProgram

Array = np.ndarray[Any, Any]
Inputs = Mapping[str, Array]

MAX_ROWS = 384
"""Transitions that the original text is run on, one at a time."""
TIMED_ENVS = 16
RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Tolerances between two ways to compute the same component."""
HUGE = 1e6
"""Weighted components beyond this drown everything else and break normalisation."""
SLOW_US = 400.0
"""Microseconds per step of 16 environments; about a third of what such a step costs in physics."""
DOMINATING = 100.0
"""A component this many times as variable as all others together is mentioned."""

_TYPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}|")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRange:
    """What one component did on the probed transitions, unweighted."""

    low: float
    high: float
    std: float
    is_finite: bool
    """Whether every value was; the others are of those that were."""

    def __post_init__(self) -> None:
        if any(map(math.isnan, (self.low, self.high, self.std))):
            raise ValueError("a range has to be numbers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """What a worker measured; numbers and names only."""

    n_rows: int
    ranges: Mapping[str, ComponentRange]
    row_difference: Mapping[str, float]
    """Largest difference between the original text and the batch, of every component, `potential`
    and `memory.<name>`; these three are in units of the tolerance."""
    permutation_difference: float
    torch_difference: float
    us_per_call: float
    """Microseconds of one compiled call for 16 environments."""
    unproved_lines: tuple[int, ...]
    """Lines of branches that no probed row entered."""
    row_error: str = ""
    """Type of the exception that the original text raised; empty when it raised none."""

    def __post_init__(self) -> None:
        differences = (*self.row_difference.values(), self.permutation_difference)
        if any(map(math.isnan, (*differences, self.torch_difference, self.us_per_call))):
            raise ValueError("measurements have to be numbers")
        if not _TYPE_NAME.fullmatch(self.row_error):
            raise ValueError("the name of an exception's type has to be a name")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """The probe's numbers, and what they mean."""

    measurements: Measurements | None
    """None when the probe did not end well."""
    findings: tuple[Finding, ...]


# ------------------------------------------------------------------ in the worker


def measure(
    program: RewardProgram, trajectories: Sequence[Trajectory], spec: StateSpec
) -> Measurements:
    """Run the program on recorded transitions in every way it can be run."""
    compiled = load_compiled(program.compiled)
    rows = _transitions(program, compiled, trajectories, spec)
    n_rows = len(next(iter(rows.values())))
    with np.errstate(all="ignore"):
        batch = _outputs(compiled, np, rows, program)
        differences, error = _against_rows(program, rows, batch, spec)
        return Measurements(
            n_rows=n_rows,
            ranges={name: _range(batch[name]) for name in program.components},
            row_difference=differences,
            permutation_difference=_under_permutation(program, compiled, rows, batch),
            torch_difference=_on_torch(program, compiled, rows, batch),
            us_per_call=_time(program, compiled, rows),
            unproved_lines=_unproved(program, compiled, rows),
            row_error=error,
        )


def _transitions(
    program: RewardProgram,
    compiled: Compiled,
    trajectories: Sequence[Trajectory],
    spec: StateSpec,
) -> dict[str, Array]:
    """Inputs of sampled transitions, stacked; memory is what it was at that moment."""
    per_trajectory = max(2, MAX_ROWS // max(1, len(trajectories)))
    collected: dict[str, list[Array]] = {}
    for trajectory in trajectories:
        chosen = _chosen_steps(trajectory.length, per_trajectory)
        for t, inputs in enumerate(_walk(program, compiled, trajectory, spec)):
            if t in chosen:
                for name, values in inputs.items():
                    collected.setdefault(name, []).append(np.asarray(values)[0])
    return {name: np.stack(values) for name, values in collected.items()}


def _chosen_steps(length: int, n: int) -> set[int]:
    """The first steps, the last one, and evenly spaced ones between."""
    spread = np.linspace(0, length - 1, num=min(n, length), dtype=int).tolist()
    return {*range(min(4, length)), *spread}


def _walk(
    program: RewardProgram, compiled: Compiled, trajectory: Trajectory, spec: StateSpec
) -> Iterator[dict[str, Array]]:
    """Inputs of every step of one trajectory, in time order, each with a leading axis of 1."""
    stream = StepInputs(inputs_read(program), spec, 1)
    stream.begin(_fields(trajectory, 0))
    memory = {name: np.asarray([value], dtype=float) for name, value in program.memory.items()}
    for t in range(trajectory.length):
        ends = t == trajectory.length - 1 and trajectory.terminated
        inputs = stream.step(
            trajectory.actions[t : t + 1], _fields(trajectory, t + 1), terminated=np.array([ends])
        )
        inputs |= {f"memory.{name}": value for name, value in memory.items()}
        yield inputs
        if compiled.memory is not None:
            with np.errstate(all="ignore"):
                memory.update(compiled.memory(np, inputs, program.params))


def _fields(trajectory: Trajectory, t: int) -> dict[str, Array]:
    return {name: values[t : t + 1] for name, values in trajectory.fields.items()}


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


# ------------------------------------------------------------------ in the driver


def report(measurements: Measurements, program: RewardProgram) -> ProbeReport:
    """Say what the numbers mean for the program."""
    found = [
        *_proofs(measurements, program),
        *_values(measurements, program),
        *_notes(measurements, program),
    ]
    return ProbeReport(measurements=measurements, findings=tuple(found))


def died(outcome: Outcome, text: str) -> ProbeReport:
    """The report of a probe whose process crashed, hung or exceeded a limit."""
    last = text.strip().splitlines()[-1:] or [""]
    finding_ = _found("probe-failed", outcome=outcome.value.replace("_", " "), text=last[0][:200])
    return ProbeReport(measurements=None, findings=(finding_,))


def _proofs(m: Measurements, program: RewardProgram) -> Iterator[Finding]:
    if m.row_error:
        yield _found("probe-raises", error=m.row_error)
        return
    beside = (*(f"memory.{name}" for name in program.memory), "potential")
    missing = dict.fromkeys(program.components, math.inf) | dict.fromkeys(beside, 0.0)
    for name, unknown in missing.items():
        if m.row_difference.get(name, unknown) > 1.0:
            yield _found("probe-rows-differ", component=name)
    if m.permutation_difference > 1.0:
        yield _found("probe-rows-mix")
    if m.torch_difference > 1.0:
        yield _found("probe-torch-differs")


def _values(m: Measurements, program: RewardProgram) -> Iterator[Finding]:
    for name in program.components:
        seen = m.ranges.get(name)
        weight = abs(program.weights[name])
        if seen is None or not seen.is_finite:
            yield _found("probe-not-finite", component=name)
        elif weight * max(abs(seen.low), abs(seen.high)) > HUGE:
            largest = max(seen.low, seen.high, key=abs)
            yield _found("probe-huge", component=name, value=f"{weight * largest:.3g}")
        elif weight and seen.low == seen.high:  # their computed spread is seldom exactly 0
            yield _found("probe-flat", component=name, severity="note", value=f"{seen.low:.4g}")
    yield from _dominating(m, program)


def _dominating(m: Measurements, program: RewardProgram) -> Iterator[Finding]:
    spread = {
        name: abs(program.weights[name]) * seen.std
        for name, seen in m.ranges.items()
        if name in program.weights
    }
    for name, mine in spread.items():
        others = sum(spread.values()) - mine
        if others > 0 and mine > DOMINATING * others:
            times = f"{mine / others:.0f}"
            yield _found("probe-dominating", component=name, severity="warning", times=times)


def _notes(m: Measurements, program: RewardProgram) -> Iterator[Finding]:
    if m.us_per_call > SLOW_US:
        yield _found("probe-slow", severity="warning", us=f"{m.us_per_call:.0f}")
    lines = range(1, len(program.text.splitlines()) + 1)
    for line in sorted(set(m.unproved_lines).intersection(lines)):
        yield _found("probe-unproved", line=line, severity="note")


def _found(code: str, *, severity: Any = "error", **words: Any) -> Finding:
    return replace(finding(code, severity=severity, **words), layer="probe")
