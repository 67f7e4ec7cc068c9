"""Peaks: a state field of which the task wants a certain amount, neither less nor more.

A reward that pays more of it without end is right until the policy gets there, and wrong beyond.
What tells is the way there: over the episodes of all checkpoints, fitness rises with the field's
mean and falls again. Fitness is one measure for every candidate, so all their episodes tell; those
of a candidate that was stopped early often lie on one side only.
"""

from collections.abc import Sequence

import numpy as np

from rewardsmith.analysis.peaks import Peak, peak_of
from rewardsmith.messages import Cause, Evidence, FieldSpec
from rewardsmith.roles.causes import cause
from rewardsmith.roles.recording import Recording, Waymark, is_measure

SOLVED = 0.95
"""Success rate from which nothing has to be found any more."""


def peak_symptoms(recording: Recording) -> list[Cause]:
    """The field, among those that the program reads, on whose mean fitness depends most clearly.

    What the episodes of all candidates show comes before what the candidate's own do.
    """
    if recording.success_rate >= SOLVED:
        return []
    sources = (
        ("all candidates' episodes", recording.iteration_trail),
        ("its episodes", recording.trail),
    )
    for whose, trail in sources:
        found = _peaks(recording, trail)
        if found:
            peak, spec = max(found, key=lambda pair: pair[0].explained)
            return [_passed(recording, spec, peak, trail, whose)]
    return []


def _peaks(recording: Recording, trail: Sequence[Waymark]) -> list[tuple[Peak, FieldSpec]]:
    fitness = [mark.fitness for mark in trail]
    return [
        (peak, spec)
        for spec in recording.state.fields
        if spec.name in recording.reads and is_measure(spec)
        if (peak := peak_of([mark.means[spec.name] for mark in trail], fitness)) is not None
    ]


def _passed(
    recording: Recording, spec: FieldSpec, peak: Peak, trail: Sequence[Waymark], whose: str
) -> Cause:
    means = [mark.means[spec.name] for mark in trail]
    last = recording.rollouts[recording.worst]
    away = np.abs(last.fields[spec.name][1:].astype(float) - peak.at)
    return cause(
        "peaked-field",
        field=spec.name,
        number=float(f"{peak.at:.3g}"),
        whose=whose,
        low=f"{min(means):.3g}",
        high=f"{max(means):.3g}",
        unit=f" {spec.unit}" if spec.unit else "",
        evidence=[Evidence(episode=recording.worst, step=int(away.argmax()))],
    )
