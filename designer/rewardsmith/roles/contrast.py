"""Contrast: what the worse episodes of one policy have that its better ones have not.

Says nothing of a policy whose episodes are alike: there is nothing to learn from their differences.
"""

import numpy as np

from rewardsmith.analysis import spearman
from rewardsmith.messages import Cause, Evidence, FieldSpec, Trajectory
from rewardsmith.roles.causes import cause
from rewardsmith.roles.recording import Recording, is_measure

MIN_EPISODES = 5
OPPOSED_BELOW = -0.8
"""Rank correlation with fitness below which wandering off goes with doing worse."""
UNLIKE = 0.15
"""Difference of best and worst fitness, over the larger of both, from which episodes differ."""
TIMES = 2.0
"""How much farther a field has to wander in the worst episode than in the best."""


def contrast_symptoms(recording: Recording) -> list[Cause]:
    """The field whose wandering from its start tells the worse episodes from the better ones."""
    fitness = [episode.fitness for episode in recording.episodes[: len(recording.rollouts)]]
    if len(fitness) < MIN_EPISODES or len(fitness) != len(recording.rollouts):
        return []
    if max(fitness) - min(fitness) < UNLIKE * max(map(abs, fitness)):
        return []
    found = [
        (rho, spec)
        for spec in recording.state.fields
        if is_measure(spec) and (rho := _opposition(recording, spec, fitness)) is not None
    ]
    if not found:
        return []
    _, spec = min(found, key=lambda pair: pair[0])
    return [_wandered(recording, spec)]


def _opposition(recording: Recording, spec: FieldSpec, fitness: list[float]) -> float | None:
    """Rank correlation of wandering with fitness, where it is strong and the wandering large."""
    if any(spec.name not in rollout.fields for rollout in recording.rollouts):
        return None
    wandered = [_wandering(rollout, spec.name) for rollout in recording.rollouts]
    if wandered[recording.worst] < TIMES * wandered[recording.best]:
        return None
    rho = spearman(wandered, fitness)
    return rho if rho is not None and rho <= OPPOSED_BELOW else None


def _wandered(recording: Recording, spec: FieldSpec) -> Cause:
    worst, best = recording.rollouts[recording.worst], recording.rollouts[recording.best]
    away = np.abs(worst.fields[spec.name][1:] - worst.fields[spec.name][0])
    return cause(
        "wanders-off",
        field=spec.name,
        far=f"{_wandering(worst, spec.name):.3g}",
        near=f"{_wandering(best, spec.name):.3g}",
        unit=f" {spec.unit}" if spec.unit else "",
        evidence=[Evidence(episode=recording.worst, step=int(away.argmax()))],
    )


def _wandering(rollout: Trajectory, field: str) -> float:
    """How far a field went from its start at most."""
    values = rollout.fields[field].astype(float)
    return float(np.abs(values[1:] - values[0]).max())
