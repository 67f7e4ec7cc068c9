"""A remark on a part of a film: what a person points at, as numbers that a designer can read."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from rewardsmith.environments.cards import load_card
from rewardsmith.errors import UsageError
from rewardsmith.feedback.summary import FieldCourse, courses_of
from rewardsmith.messages import CandidateId, Span, SpanMean, StateSpec, Trajectory
from rewardsmith.store.layout import RECORDED, trajectories_path
from rewardsmith.store.remarks import append_remark
from rewardsmith.store.run import Run

MOST: Final = 6
"""Quantities that are said to stand out."""
LEAST_SHIFT: Final = 0.75
"""Standard deviations of the episode by which a mean has to differ to stand out."""


def remark_on_span(run: Run, text: str, candidate: CandidateId, span: Span) -> None:
    """Write a remark down with what stands out in the part of the film that it is about.

    The numbers are those of the film that the person saw: a candidate that trains on is recorded
    anew.

    Raises:
        UsageError: The candidate has no such recorded episode, or the episode no such steps.
        StoreError: The remark is empty or too long, or the run cannot be read or written.
    """
    rollout = _episode(run, candidate, span)
    seen = span_means(rollout, _state_of(run), span)
    append_remark(run.folder, text, candidate=candidate, span=span, seen=seen)


def span_means(rollout: Trajectory, state: StateSpec | None, span: Span) -> tuple[SpanMean, ...]:
    """What is unlike the rest of the episode in `span`, the most unusual first; at most `MOST`.

    A step's fields are those after it, as everywhere where episodes are shown.

    Args:
        rollout: The whole episode.
        state: The fields that a designer knows; without it only components are looked at.
        span: Steps of it.
    """
    found = [
        (shift, mean)
        for course in _step_courses(rollout, state)
        if (measured := _measured(course, span)) is not None
        for shift, mean in [measured]
    ]
    found.sort(key=lambda one: -one[0])
    return tuple(mean for _, mean in found[:MOST])


def _measured(course: FieldCourse, span: Span) -> tuple[float, SpanMean] | None:
    """(standard deviations between the two means, the means); None if it does not stand out."""
    is_inside = np.zeros(len(course.values), dtype=bool)
    is_inside[span.first_step : span.last_step + 1] = True
    spread = float(course.values.std())
    if is_inside.all() or not np.isfinite(spread) or spread < 1e-9:
        return None
    inside, elsewhere = course.values[is_inside].mean(), course.values[~is_inside].mean()
    shift = abs(float(inside - elsewhere)) / spread
    if shift < LEAST_SHIFT:
        return None
    return shift, SpanMean(
        name=course.name, unit=course.unit, inside=float(inside), elsewhere=float(elsewhere)
    )


def _step_courses(rollout: Trajectory, state: StateSpec | None) -> Iterator[FieldCourse]:
    """Fields after each step and what each component paid in it, shape (n_steps,)."""
    for course in courses_of(rollout, state) if state else ():
        yield FieldCourse(name=course.name, unit=course.unit, values=course.values[1:])
    for name, values in rollout.components.items():
        yield FieldCourse(name=name, unit="", values=np.asarray(values, dtype=np.float64))


def _episode(run: Run, candidate: CandidateId, span: Span) -> Trajectory:
    recorded = run.load_trajectories(candidate) if _is_recorded(run, candidate) else ()
    if span.episode >= len(recorded):
        known = f"0 to {len(recorded) - 1}" if recorded else "none: it was not trained yet"
        raise UsageError(f"{candidate} has no episode {span.episode}. Recorded are {known}.")
    rollout = recorded[span.episode]
    if span.last_step >= rollout.length:
        raise UsageError(
            f"Episode {span.episode} of {candidate} has the steps 0 to {rollout.length - 1}; "
            f"{span.first_step} to {span.last_step} do not lie within."
        )
    return rollout


def _is_recorded(run: Run, candidate: CandidateId) -> bool:
    return (run.folder / trajectories_path(candidate, RECORDED)).is_file()


def _state_of(run: Run) -> StateSpec | None:
    """The card's fields; None where it is not here any more: a remark is worth keeping without."""
    try:
        return load_card(run.manifest.task.env).state
    except UsageError:
        return None
