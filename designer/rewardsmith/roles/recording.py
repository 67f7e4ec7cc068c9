"""What the analyzer works on: one candidate's scored rollouts, references and curves.

Only measures; `symptoms` and its siblings judge. Components are unweighted as recorded; whatever is
called *paid* is weighted.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

import numpy as np

from rewardsmith.messages import EpisodeScore, Evaluation, FieldSpec, StateSpec, Trajectory


class Waymark(NamedTuple):
    """An episode on the way, as the means of its fields and what it came to."""

    means: Mapping[str, float]
    """Mean over the timesteps of each field that is one measurable number, in its unit."""
    fitness: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """A trained candidate as recorded."""

    rollouts: Sequence[Trajectory]
    """Scored rollouts of the trained policy; at least one."""
    episodes: Sequence[EpisodeScore]
    """Fitness of the same rollouts, in their order."""
    references: Mapping[str, Trajectory]
    """`do_nothing` and `early_end`, scored under the same program; either may be missing."""
    weights: Mapping[str, float]
    curves: Mapping[str, Sequence[tuple[int, float]]]
    """Training statistics by key: (step, value), in order."""
    pairs: Sequence[tuple[float, float]]
    """(return, fitness) of episodes of all checkpoints."""
    evaluations: Sequence[Evaluation]
    state: StateSpec
    chance: Sequence[tuple[float, float]] = ()
    """(return, fitness) of rollouts of random actions."""
    trail: Sequence[Waymark] = ()
    """Episodes of all recorded checkpoints, the earliest first."""
    iteration_trail: Sequence[Waymark] = ()
    """Those of every candidate of the iteration: fitness is the same measure for all."""
    reads: Collection[str] = ()
    """State fields that the program reads."""

    @property
    def success_rate(self) -> float:
        """Share of the rollouts that succeeded."""
        return fmean(float(e.success) for e in self.episodes) if self.episodes else 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """Components that were recorded."""
        return tuple(self.rollouts[0].components)

    @property
    def mean_return(self) -> float:
        """Mean return of the rollouts."""
        return fmean(return_of(r) for r in self.rollouts)

    @property
    def best(self) -> int:
        """Index of the rollout with the highest fitness."""
        return int(np.argmax(self._fitness()))

    @property
    def worst(self) -> int:
        """Index of the rollout with the lowest fitness."""
        return int(np.argmin(self._fitness()))

    def values(self, component: str) -> np.ndarray:
        """Unweighted values of a component over all steps of all rollouts."""
        return np.concatenate([r.components[component] for r in self.rollouts])

    def paid(self, component: str) -> float:
        """Weighted sum of a component over all rollouts."""
        return float(self.weights.get(component, 0.0) * self.values(component).sum())

    def reference_return(self, name: str) -> float | None:
        """Return of a reference rollout; None when there is none."""
        rollout = self.references.get(name)
        return None if rollout is None or rollout.rewards is None else return_of(rollout)

    def share_of(self, name: str) -> float | None:
        """A reference's return over the policy's mean; None where the latter is not positive."""
        value = self.reference_return(name)
        mean = self.mean_return
        return value / mean if value is not None and mean > 1e-9 else None

    def _fitness(self) -> list[float]:
        known = [e.fitness for e in self.episodes[: len(self.rollouts)]]
        return known or [return_of(r) for r in self.rollouts]


def is_measure(spec: FieldSpec) -> bool:
    """Whether a field is one number that can be more or less."""
    return not spec.shape and spec.kind == "float" and spec.constant is None


def waymark(episode: Trajectory, fitness: float, state: StateSpec) -> Waymark:
    """What is kept of an episode on the way; the start, which nobody chose, does not count."""
    means = {
        spec.name: float(episode.fields[spec.name][1:].astype(float).mean())
        for spec in state.fields
        if is_measure(spec)
    }
    return Waymark(means=means, fitness=fitness)


def return_of(rollout: Trajectory) -> float:
    """Sum of a scored rollout's rewards."""
    return float(rollout.rewards.sum()) if rollout.rewards is not None else 0.0
