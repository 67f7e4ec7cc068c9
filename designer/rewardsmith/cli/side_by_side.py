"""Rollouts as text: where their films lie, and what their state fields did, on one scale."""

from collections.abc import Sequence

import numpy as np
from rich.table import Table

from rewardsmith.cli.terminal import safe
from rewardsmith.feedback.summary import FieldCourse, courses_of
from rewardsmith.messages import StateSpec, Trajectory
from rewardsmith.report.curves import sparkline

POINTS = 24
"""Columns of a curve."""


def rollouts_table(
    titles: Sequence[str], rollouts: Sequence[Trajectory], state: StateSpec
) -> Table:
    """One row a state field, one curve a rollout with its lowest, mean and highest value."""
    table = Table(box=None, pad_edge=False)
    table.add_column("field", no_wrap=True)
    for title, rollout in zip(titles, rollouts, strict=True):
        ended = "ended early" if rollout.terminated else "to the time limit"
        table.add_column(f"{title}: {rollout.length} steps, {ended}", no_wrap=True)
    for courses in zip(*(courses_of(one, state) for one in rollouts), strict=True):
        unit = f" ({courses[0].unit})" if courses[0].unit else ""
        table.add_row(safe(f"{courses[0].name}{unit}"), *map(safe, _cells(courses)))
    return table


def _cells(courses: Sequence[FieldCourse]) -> list[str]:
    thinned = [_thinned(course.values) for course in courses]
    bars = sparkline(np.concatenate(thinned).tolist())
    ends = np.cumsum([len(values) for values in thinned])
    return [
        f"{bars[end - len(values) : end]:<{POINTS}} {_range(course)}"
        for course, values, end in zip(courses, thinned, ends, strict=True)
    ]


def _range(course: FieldCourse) -> str:
    return f"{course.low:.3g} .. {course.mean:.3g} .. {course.high:.3g}"


def _thinned(values: np.ndarray) -> np.ndarray:
    at = np.linspace(0, len(values) - 1, min(POINTS, len(values))).round().astype(int)
    return np.asarray(values[at])
