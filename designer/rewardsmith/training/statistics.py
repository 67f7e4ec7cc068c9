"""Running statistics of observations and returns, as SB3's `VecNormalize` keeps them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from stable_baselines3.common.running_mean_std import RunningMeanStd

from rewardsmith.evaluation.policy import OBS_CLIP, VARIANCE_FLOOR

Array = np.ndarray[Any, Any]

REWARD_CLIP = 10.0


class ObservationScale:
    """Normalises observations to zero mean and unit variance."""

    def __init__(self, obs_dim: int) -> None:
        self.moments = RunningMeanStd(shape=(obs_dim,))

    def update(self, obs: Array) -> None:
        """Take observations (B, obs_dim) into the statistics."""
        self.moments.update(obs)

    def __call__(self, obs: Array) -> Array:
        """Normalised observations, float32, clipped to +-10."""
        std = np.sqrt(self.moments.var + VARIANCE_FLOOR)
        scaled = np.clip((obs - self.moments.mean) / std, -OBS_CLIP, OBS_CLIP)
        return scaled.astype(np.float32)

    def tensors(self) -> dict[str, Array]:
        """The statistics, for a checkpoint."""
        return {
            "obs.mean": self.moments.mean.copy(),
            "obs.var": self.moments.var.copy(),
            "obs.count": np.asarray(float(self.moments.count)),
        }

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Continue with the statistics of a checkpoint."""
        self.moments.mean = tensors["obs.mean"].copy()
        self.moments.var = tensors["obs.var"].copy()
        self.moments.count = float(tensors["obs.count"])


class RewardScale:
    """Divides rewards by the running standard deviation of discounted returns."""

    def __init__(self, n_envs: int, gamma: float) -> None:
        self.moments = RunningMeanStd(shape=())
        self._gamma = gamma
        self._returns = np.zeros(n_envs)

    def __call__(self, rewards: Array, done: Array) -> Array:
        """Take rewards (B,) into the statistics; returns them scaled."""
        self.update(rewards, done)
        return self.scaled(rewards)

    def update(self, rewards: Array, done: Array) -> None:
        """Take rewards (B,) into the statistics; rows that are `done` end an episode."""
        self._returns = self._returns * self._gamma + rewards
        self.moments.update(self._returns)
        self._returns[done] = 0.0

    def scaled(self, rewards: Array) -> Array:
        """Scaled rewards, clipped to +-10."""
        std = np.sqrt(self.moments.var + VARIANCE_FLOOR)
        return np.clip(rewards / std, -REWARD_CLIP, REWARD_CLIP)

    def tensors(self) -> dict[str, Array]:
        """The statistics, for a checkpoint."""
        return {
            "return.mean": np.asarray(self.moments.mean, dtype=np.float64),
            "return.var": np.asarray(self.moments.var, dtype=np.float64),
            "return.count": np.asarray(float(self.moments.count)),
        }

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Continue with the statistics of a checkpoint."""
        self.moments.mean = np.asarray(tensors["return.mean"]).copy()
        self.moments.var = np.asarray(tensors["return.var"]).copy()
        self.moments.count = float(tensors["return.count"])
