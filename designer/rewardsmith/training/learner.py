"""What a trainer is to whoever drives it, and the sums that every rollout keeps for the curves."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

Array = np.ndarray[Any, Any]


class RolloutStats(NamedTuple):
    """What one rollout showed, for the curves."""

    episode_returns: list[float]
    """Undiscounted sums of unscaled rewards, of the episodes that ended in it."""
    episode_lengths: list[int]
    reward_mean: float
    components: dict[str, float]
    """Mean of each unweighted component over the rollout's timesteps."""


class Learner(Protocol):
    """An algorithm on a rewarded environment, one rollout and one update at a time.

    A rollout takes the preset's `rollout_size` timesteps. Between two of them a learner is nothing
    but its tensors: one that loads them goes on as the one that dumped them would, from freshly
    reset environments.
    """

    def rollout(self) -> RolloutStats:
        """Act for one rollout and keep what an update needs of it."""

    def update(self) -> None:
        """Learn from what was collected."""

    def training_metrics(self) -> dict[str, float]:
        """SB3's `train/...` values of the last update; empty before the first."""

    def tensors(self) -> dict[str, Array]:
        """The checkpoint."""

    def experience(self) -> dict[str, Array]:
        """What a next segment needs beside the checkpoint; empty where that is nothing."""

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Continue from a checkpoint and the experience beside it."""


class RewardSums:
    """Means of what one rollout paid."""

    def __init__(self) -> None:
        self._rewards: list[float] = []
        self._components: dict[str, list[float]] = {}

    def add(self, rewards: Array, components: Mapping[str, Array]) -> None:
        """Count one step of all environments."""
        self._rewards.append(float(rewards.mean()))
        for name, values in components.items():
            self._components.setdefault(name, []).append(float(values.mean()))

    @property
    def reward_mean(self) -> float:
        """Mean reward of a timestep, unscaled."""
        return float(np.mean(self._rewards))

    @property
    def component_means(self) -> dict[str, float]:
        """Mean of each unweighted component."""
        return {name: float(np.mean(values)) for name, values in self._components.items()}


class EpisodeSums:
    """Returns and lengths of running episodes, across rollouts."""

    def __init__(self, n_envs: int) -> None:
        self._returns = np.zeros(n_envs)
        self._lengths = np.zeros(n_envs, dtype=int)
        self._ended: list[tuple[float, int]] = []

    def add(self, rewards: Array, done: Array) -> None:
        """Count one step of all environments; rows that are `done` end with it."""
        self._returns += rewards
        self._lengths += 1
        for row in np.flatnonzero(done):
            self._ended.append((float(self._returns[row]), int(self._lengths[row])))
        self._returns[done] = 0.0
        self._lengths[done] = 0

    def take(self) -> tuple[list[float], list[int]]:
        """Returns and lengths of the episodes that ended since the last call."""
        ended, self._ended = self._ended, []
        return [r for r, _ in ended], [n for _, n in ended]
