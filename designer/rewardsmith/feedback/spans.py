"""A remark on a part of a film: what a person points at, as numbers that a designer can read."""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from rewardsmith.environments.cards import load_card
from rewardsmith.errors import UsageError
from rewardsmith.feedback.summary import FieldCourse, courses_of
from rewardsmith.messages import CandidateId, Departure, Span, SpanMeasure, StateSpec, Trajectory
from rewardsmith.store.recordings import last_episodes
from rewardsmith.store.remarks import append_remark
from rewardsmith.store.run import Run

MOST: Final = 6
"""Quantities that are said to stand out."""
LEAST_SHIFT: Final = 0.75
"""Standard deviations of the episode by which a mean has to differ to stand out."""
DRIFT: Final = 0.95
"""Correlation with time from which a quantity counts as drifting."""
FEWEST: Final = 8
"""Timesteps that a spread takes."""
WIDEST: Final = 1.5
"""No spread is more unusual than this: one that does not vary at all would be infinitely so."""
TINY: Final = 1e-9


def remark_on_span(run: Run, text: str, candidate: CandidateId, span: Span) -> None:
    """Write a remark down with what stands out in the part of the film that it is about.

    The numbers are those of the film that the person saw: a candidate that trains on is recorded
    anew.

    Raises:
        UsageError: The candidate has no such recorded episode, or the episode no such steps.
        StoreError: The remark is empty or too long, or the run cannot be read or written.
    """
    rollout = _episode(run, candidate, span)
    seen = departures(rollout, _state_of(run), span)
    append_remark(run.folder, text, candidate=candidate, span=span, seen=seen)


def departures(rollout: Trajectory, state: StateSpec | None, span: Span) -> tuple[Departure, ...]:
    """What is unlike the rest of the episode in `span`, the most unusual first; at most `MOST`.

    A step's fields are those after it, as everywhere where episodes are shown. Of every quantity
    the mean is looked at and the spread, of one that drifts, as a position on the way, its
    change in a step: when it was where says nothing but when the span is.

    Args:
        rollout: The whole episode.
        state: The fields that a designer knows; without it only components are looked at.
        span: Steps of it.
    """
    is_inside = np.zeros(rollout.length, dtype=bool)
    is_inside[span.first_step : span.last_step + 1] = True
    looked_at = [_departure(course, is_inside) for course in _courses(rollout, state)]
    found = [departure for departure in looked_at if departure is not None]
    found.sort(key=lambda one: -one.shift)
    return tuple(one.departure for one in found[:MOST])


class _Shifted(NamedTuple):
    shift: float
    """How unusual it is; 1 is a mean that is a standard deviation off."""
    departure: Departure


def _departure(course: FieldCourse, is_inside: np.ndarray) -> _Shifted | None:
    """How one quantity is unlike itself in the span: by its mean, else by its spread, if at all."""
    if not np.isfinite(course.values).all() or course.values.std() < TINY or is_inside.all():
        return None
    values, what = _trace(course, len(is_inside))
    inside, outside = values[is_inside], values[~is_inside]
    shift = _off(inside, outside, values)
    if shift >= LEAST_SHIFT:
        return _Shifted(shift, _departed(course, what, inside.mean(), outside.mean()))
    shift = _wider(inside, outside)
    if shift >= LEAST_SHIFT:
        return _Shifted(shift, _departed(course, "spread", inside.std(), outside.std()))
    return None


def _trace(course: FieldCourse, n_steps: int) -> tuple[np.ndarray, SpanMeasure]:
    """What is compared of a quantity, shape (n_steps,): its values, or its changes if it drifts."""
    values = course.values[-n_steps:]
    if values.std() < TINY or abs(np.corrcoef(values, np.arange(n_steps))[0, 1]) <= DRIFT:
        return values, "mean"
    steps = np.diff(course.values)
    return np.concatenate([steps[: n_steps - len(steps)], steps]), "change"


def _departed(course: FieldCourse, what: SpanMeasure, inside: float, elsewhere: float) -> Departure:
    return Departure(
        name=course.name,
        unit=course.unit,
        what=what,
        inside=float(inside),
        elsewhere=float(elsewhere),
    )


def _off(inside: np.ndarray, outside: np.ndarray, values: np.ndarray) -> float:
    """Standard deviations between the two means."""
    return abs(float(inside.mean() - outside.mean())) / max(float(values.std()), TINY)


def _wider(inside: np.ndarray, outside: np.ndarray) -> float:
    """How much wider or narrower it varies inside: three quarters for a factor of two."""
    if min(len(inside), len(outside)) < FEWEST:
        return 0.0
    ratio = max(float(inside.std()), TINY) / max(float(outside.std()), TINY)
    return min(LEAST_SHIFT * abs(math.log2(ratio)), WIDEST)


def _courses(rollout: Trajectory, state: StateSpec | None) -> Iterator[FieldCourse]:
    """State fields, from the start on, and what each component paid in every step."""
    yield from courses_of(rollout, state) if state else ()
    for name, values in rollout.components.items():
        yield FieldCourse(name=name, unit="", values=np.asarray(values, dtype=np.float64))


def _episode(run: Run, candidate: CandidateId, span: Span) -> Trajectory:
    recorded = last_episodes(run, candidate)
    if span.episode >= len(recorded):
        known = f"0 to {len(recorded) - 1}" if recorded else "none: it has not been judged yet"
        raise UsageError(f"{candidate} has no episode {span.episode}. Recorded are {known}.")
    rollout = recorded[span.episode]
    if span.last_step >= rollout.length:
        raise UsageError(
            f"Episode {span.episode} of {candidate} has the steps 0 to {rollout.length - 1}; "
            f"{span.first_step} to {span.last_step} do not lie within."
        )
    return rollout


def _state_of(run: Run) -> StateSpec | None:
    """The card's fields; None where it is not here any more: a remark is worth keeping without."""
    try:
        return load_card(run.manifest.task.env).state
    except UsageError:
        return None
