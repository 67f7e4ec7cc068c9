"""What a rollout did, in numbers that no reward has a part in: its state fields, one by one."""

from dataclasses import dataclass

import numpy as np

from rewardsmith.messages import FieldSpec, StateSpec, Trajectory

MOST_ELEMENTS = 3
"""Elements of a vector that are shown one by one; of a longer one its length is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldCourse:
    """One quantity along an episode."""

    name: str
    """The field's, with an index for an element of a vector, or `|...|` for its length."""
    unit: str
    values: np.ndarray
    """From the start to the last step, shape (n_steps + 1,), float64, in `unit`."""

    @property
    def low(self) -> float:
        """The smallest value."""
        return float(self.values.min())

    @property
    def mean(self) -> float:
        """The mean over the episode."""
        return float(self.values.mean())

    @property
    def high(self) -> float:
        """The largest value."""
        return float(self.values.max())


def courses_of(rollout: Trajectory, state: StateSpec) -> tuple[FieldCourse, ...]:
    """The courses of every field that can change, in the card's order."""
    return tuple(
        course
        for spec in state.fields
        if spec.constant is None and spec.name in rollout.fields
        for course in _courses(spec, rollout.fields[spec.name])
    )


def _courses(spec: FieldSpec, values: np.ndarray) -> list[FieldCourse]:
    rows = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    if not spec.shape:
        return [FieldCourse(name=spec.name, unit=spec.unit, values=rows[:, 0])]
    if rows.shape[1] > MOST_ELEMENTS:
        length = np.linalg.norm(rows, axis=1)
        return [FieldCourse(name=f"|{spec.name}|", unit=spec.unit, values=length)]
    return [
        FieldCourse(name=f"{spec.name}[{i}]", unit=spec.unit, values=column)
        for i, column in enumerate(rows.T)
    ]
