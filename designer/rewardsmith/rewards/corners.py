"""Corners of the state space: made-up steps at the ends of what the card calls plausible.

Two kinds. A *single* corner is a real step in which one thing was moved to an end of its range, or
in which nothing moved at all: it is plausible as it stands. A *joint* corner has everything at an
end at once, which physics may rule out. Pure and seeded: the worker that evaluates corners and the
driver that words them make the same ones.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardsmith.environments.derived import derived_of
from rewardsmith.environments.fitness import step_inputs
from rewardsmith.messages import FieldSpec, StateSpec, Trajectory

Array = np.ndarray[Any, Any]
Step = dict[str, Array]
"""Inputs of one step, without leading axis: `state.x`, `previous.x`, `initial.x`, `action`, ..."""

N_MIXED = 48
"""Joint corners drawn at random, besides all low, all high and all zero."""
WIDENING = 1.0
"""Shares of the observed spread by which a range that the card does not give is widened."""
_DTYPES = {"float": np.float64, "bool": np.bool_, "int": np.int64}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corners:
    """Made-up steps, the single ones first."""

    rows: Mapping[str, Array]
    """Inputs of all corners, each of shape (n, ...)."""
    moved: tuple[str, ...]
    """What was moved in every single corner: an input's name, or empty where nothing moved."""

    @property
    def n(self) -> int:
        """How many."""
        return len(next(iter(self.rows.values())))

    def is_single(self, i: int) -> bool:
        """Whether corner `i` is a real step but for one thing."""
        return i < len(self.moved)

    def describe(self, i: int, reads: Collection[str], spec: StateSpec) -> str:
        """Where corner `i` is, by what the component that reads `reads` sees of it."""
        if self.is_single(i) and not self.moved[i]:
            return "nothing moved in a step"
        if self.is_single(i) and self.moved[i] in self.rows:
            return self._value(self.moved[i], i, spec)
        shown = sorted(name for name in reads if name in self.rows and _is_moved(name))
        return ", ".join(self._value(name, i, spec) for name in shown[:4]) or "everything moves"

    def _value(self, name: str, i: int, spec: StateSpec) -> str:
        owner, _, field = name.partition(".")
        unit = spec.field(field).unit if field and owner != "memory" else ""
        shown = field if owner == "state" else name
        return f"`{shown}` is {_worded(self.rows[name][i])}{' ' + unit if unit else ''}"


def make_corners(
    reads: Collection[str],
    memory: Mapping[str, Any],
    trajectories: Sequence[Trajectory],
    spec: StateSpec,
) -> Corners:
    """The corners for a program.

    Args:
        reads: Inputs that its compiled code reads.
        memory: What its memory starts from.
        trajectories: Recorded ones; a few of their steps are moved to corners.
        spec: Fields with their ranges, and the action.
    """
    ends = _Ends(spec, trajectories)
    real = [_real(trajectories[0], 0, spec), _real(trajectories[-1], None, spec)]
    moving = _moving(reads, ends)
    singles = [one for base in real for one in _singles(base, ends) if one[0] in moving]
    rows = [step for _, step in singles] + list(_joints(real[0], ends))
    kept = {f"memory.{name}": np.asarray(value, dtype=np.float64) for name, value in memory.items()}
    return Corners(
        rows={name: np.stack([(row | kept)[name] for row in rows]) for name in sorted(reads)},
        moved=tuple(name for name, _ in singles),
    )


class _Ends:
    """The ends of every field's and of the action's range."""

    def __init__(self, spec: StateSpec, trajectories: Sequence[Trajectory]) -> None:
        self.spec = spec
        self.derived = [
            derived_of(field, spec) for field in spec.fields if field.source.startswith("derived")
        ]
        derived = {d.name for d in self.derived}
        self.fields = [f for f in spec.fields if f.constant is None and f.name not in derived]
        self.steps = (1, max(t.length for t in trajectories))
        self._ranges = {
            field.name: _range(field, [t.fields[field.name] for t in trajectories])
            for field in self.fields
            if field.kind != "bool"
        }

    def of(self, field: FieldSpec) -> list[Array]:
        """Values at the ends of a field's range, all entries alike, and 0 where it is inside."""
        if field.kind == "bool":
            return [np.full(field.shape, value) for value in (False, True)]
        if field.quaternion is not None:
            turned = (np.roll([1.0, 0.0, 0.0, 0.0], i) for i in range(4))
            return [np.broadcast_to(one, field.shape) for one in turned]
        values = self._choices(field)
        return [np.full(field.shape, value, dtype=_DTYPES[field.kind]) for value in values]

    def mixed(self, field: FieldSpec, rng: np.random.Generator) -> Array:
        """Every entry at an end of its own."""
        if field.kind == "bool":
            return np.asarray(rng.random(field.shape) < 0.5)
        if field.quaternion is not None:
            drawn = rng.normal(size=field.shape)
            return np.asarray(drawn / np.linalg.norm(drawn, axis=-1, keepdims=True))
        chosen = rng.choice(self._choices(field), size=field.shape)
        return np.asarray(chosen, dtype=_DTYPES[field.kind])

    def actions(self) -> list[Array]:
        """Lowest and highest action, and doing nothing."""
        action = self.spec.action
        if action.choices:
            last = np.reshape(action.choices, action.shape) - 1
            return [0 * last, last] if last.any() else [last]
        low, high = (np.reshape(end, action.shape) for end in (action.low, action.high))
        return [low, high, np.clip(0.0, low, high)]

    def settled(self, step: Step) -> Step:
        """The step with derived fields as they follow from the others."""
        for owner in ("state", "previous"):
            fields = {f.name: step[f"{owner}.{f.name}"][None] for f in self.spec.fields}
            for derived in self.derived:
                with np.errstate(all="ignore"):
                    fields[derived.name] = derived.evaluate(fields)
                step[f"{owner}.{derived.name}"] = fields[derived.name][0]
        return step

    def _choices(self, field: FieldSpec) -> list[float]:
        low, high = self._ranges[field.name]
        return [low, high, 0.0] if low < 0.0 < high else [low, high]


def _moving(reads: Collection[str], ends: _Ends) -> set[str]:
    """Inputs that change something: those that are read, and what derived ones come from."""
    found = {*reads, ""}
    for derived in reversed(ends.derived):
        for owner in ("state", "previous"):
            if f"{owner}.{derived.name}" in found:
                found |= {f"{owner}.{name}" for name in derived.needs}
    return found


def _singles(base: Step, ends: _Ends) -> Iterator[tuple[str, Step]]:
    for owner in ("state", "previous"):
        for field in ends.fields:
            name = f"{owner}.{field.name}"
            for value in ends.of(field):
                yield name, ends.settled(base | {name: value})
    for value in ends.actions():
        yield "action", base | {"action": value}
        yield "previous_action", base | {"previous_action": value}
    for step in ends.steps:
        yield "step", base | {"step": np.asarray(step)}
    for is_terminated in (False, True):
        yield "terminated", base | {"terminated": np.asarray(is_terminated)}
    before = {f"previous.{f.name}": base[f"state.{f.name}"] for f in ends.spec.fields}
    yield "", base | before | {"previous_action": base["action"]}
    yield "", base | {f"state.{f.name}": base[f"initial.{f.name}"] for f in ends.spec.fields}


def _joints(start: Step, ends: _Ends) -> Iterator[Step]:
    rng = np.random.default_rng(0)
    actions = ends.actions()
    for i in (0, 1, -1):
        state = {field.name: ends.of(field)[i] for field in ends.fields}
        yield _joint(start, state, state, actions[i], ends)
    for _ in range(N_MIXED):
        state, before = ({f.name: ends.mixed(f, rng) for f in ends.fields} for _ in range(2))
        step = _joint(start, state, before, actions[rng.integers(len(actions))], ends)
        step["terminated"] = np.asarray(rng.random() < 0.5)
        step["step"] = np.asarray(rng.choice(ends.steps))
        step["previous_action"] = actions[rng.integers(len(actions))]
        yield step


def _joint(
    start: Step, state: Mapping[str, Array], before: Mapping[str, Array], action: Array, ends: _Ends
) -> Step:
    moved = {f"state.{name}": value for name, value in state.items()}
    moved |= {f"previous.{name}": value for name, value in before.items()}
    return ends.settled(start | moved | {"action": action})


def _real(trajectory: Trajectory, t: int | None, spec: StateSpec) -> Step:
    """A recorded step; the one in the middle when `t` is None."""
    names = [f"{owner}.{f.name}" for owner in ("state", "previous", "initial") for f in spec.fields]
    reads = frozenset([*names, "action", "previous_action", "terminated", "step"])
    inputs = step_inputs(_with_constants(trajectory, spec), reads)
    at = trajectory.length // 2 if t is None else t
    return {name: np.asarray(values[at]) for name, values in inputs.items()}


def _with_constants(trajectory: Trajectory, spec: StateSpec) -> Trajectory:
    """The trajectory with the constant fields, which need not have been recorded."""
    rows = trajectory.length + 1
    constants = {
        f.name: np.broadcast_to(np.reshape(f.constant, (1, *f.shape)), (rows, *f.shape)).copy()
        for f in spec.fields
        if f.constant is not None
    }
    return Trajectory(
        seed=trajectory.seed,
        fields={**trajectory.fields, **constants},
        actions=trajectory.actions,
        terminated=trajectory.terminated,
    )


def _range(field: FieldSpec, recorded: Sequence[Array]) -> tuple[float, float]:
    """The card's range; ends that it does not give are the observed ones, widened."""
    low, high = field.low, field.high
    if low is None or high is None:
        values = np.concatenate([np.ravel(values) for values in recorded]).astype(np.float64)
        values = values[np.isfinite(values)] if np.isfinite(values).any() else np.zeros(1)
        more = WIDENING * float(np.ptp(values)) or 1.0
        low = float(values.min()) - more if low is None else low
        high = float(values.max()) + more if high is None else high
    return float(low), float(high)


def _is_moved(name: str) -> bool:
    return name.partition(".")[0] not in ("initial", "memory")


def _worded(value: Array) -> str:
    flat = np.ravel(value)
    if flat.dtype == np.bool_:
        words = [str(bool(v)).lower() for v in flat]
    else:
        words = [f"{float(v) + 0.0:.4g}" for v in flat]
    if len(set(words)) == 1:
        words = words[:1]
    return words[0] if len(words) == 1 else f"({', '.join(words[:6])}{', ...' * (len(words) > 6)})"
