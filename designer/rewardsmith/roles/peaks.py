"""Peaks: a state field of which the task wants a certain amount, neither less nor more.

A reward that pays more of it without end is right until the policy gets there, and wrong beyond.
What tells is the way there: over the episodes of all checkpoints, fitness rises with the field's
mean and falls again.
"""

import numpy as np

from rewardsmith.analysis.peaks import Peak, peak_of
from rewardsmith.messages import Cause, Evidence, FieldSpec, Trajectory
from rewardsmith.roles.causes import cause
from rewardsmith.roles.recording import Recording, is_measure

SOLVED = 0.95
"""Success rate from which nothing has to be found any more."""


def peak_symptoms(recording: Recording) -> list[Cause]:
    """The field, among those that the program reads, on whose mean fitness depends most clearly."""
    if recording.success_rate >= SOLVED:
        return []
    fitness = [value for _, value in recording.trail]
    found = [
        (peak, spec)
        for spec in recording.state.fields
        if spec.name in recording.reads and is_measure(spec)
        if (peak := peak_of(_means(recording, spec.name), fitness)) is not None
    ]
    if not found:
        return []
    peak, spec = max(found, key=lambda pair: pair[0].explained)
    return [_passed(recording, spec, peak)]


def _passed(recording: Recording, spec: FieldSpec, peak: Peak) -> Cause:
    means = _means(recording, spec.name)
    last = recording.rollouts[recording.worst]
    away = np.abs(last.fields[spec.name][1:].astype(float) - peak.at)
    return cause(
        "peaked-field",
        field=spec.name,
        number=float(f"{peak.at:.3g}"),
        low=f"{min(means):.3g}",
        high=f"{max(means):.3g}",
        unit=f" {spec.unit}" if spec.unit else "",
        evidence=[Evidence(episode=recording.worst, step=int(away.argmax()))],
    )


def _means(recording: Recording, field: str) -> list[float]:
    return [_mean(episode, field) for episode, _ in recording.trail]


def _mean(episode: Trajectory, field: str) -> float:
    return float(episode.fields[field][1:].astype(float).mean())
