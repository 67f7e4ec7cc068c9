"""Running statistics of observations and returns, as SB3's `VecNormalize` keeps them."""

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


class RewardScale:
    """Divides rewards by the running standard deviation of discounted returns."""

    def __init__(self, n_envs: int, gamma: float) -> None:
        self.moments = RunningMeanStd(shape=())
        self._gamma = gamma
        self._returns = np.zeros(n_envs)

    def __call__(self, rewards: Array, done: Array) -> Array:
        """Scaled rewards (B,), clipped to +-10."""
        self._returns = self._returns * self._gamma + rewards
        self.moments.update(self._returns)
        self._returns[done] = 0.0
        std = np.sqrt(self.moments.var + VARIANCE_FLOOR)
        return np.clip(rewards / std, -REWARD_CLIP, REWARD_CLIP)
