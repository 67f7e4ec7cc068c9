"""The transitions that an off-policy learner learns from, and keeps between two segments.

They are kept in the environment's and the reward's own units, and scaled by the statistics of the
moment whenever they are drawn. Bounded; the oldest go first.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import BaseBuffer
from stable_baselines3.common.type_aliases import ReplayBufferSamples

from rewardsmith.training.rewarded import PaidStep
from rewardsmith.training.statistics import ObservationScale, RewardScale

Array = np.ndarray[Any, Any]

PREFIX = "replay."


class Replay(BaseBuffer):
    """SB3's replay buffer, but flat, with a generator of its own and a place in a checkpoint.

    SB3's own asks the machine how much memory is free, which a locked worker may not read.
    """

    def __init__(
        self,
        buffer_size: int,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        device: str | torch.device = "cpu",
        n_envs: int = 1,
        *,
        obs_scale: ObservationScale,
        reward_scale: RewardScale,
        rng: np.random.Generator,
        optimize_memory_usage: bool = False,
    ) -> None:
        """As SB3 calls it.

        Args:
            buffer_size: Most transitions of all environments together; cut to whole rows of them.
            observation_space: Flat.
            action_space: In [-1, 1].
            device: Of the drawn batches.
            n_envs: Environments stepped together.
            obs_scale: Normalises drawn observations.
            reward_scale: Scales drawn rewards.
            rng: Draws the batches.
            optimize_memory_usage: SB3's; not supported.
        """
        capacity = buffer_size // n_envs * n_envs
        super().__init__(capacity, observation_space, action_space, device, n_envs)
        self._obs_scale, self._reward_scale, self._rng = obs_scale, reward_scale, rng
        obs_dim = int(np.prod(observation_space.shape or ()))
        self._arrays: dict[str, Array] = {
            "obs": np.zeros((capacity, obs_dim), np.float32),
            "next_obs": np.zeros((capacity, obs_dim), np.float32),
            "actions": np.zeros((capacity, self.action_dim), np.float32),
            "rewards": np.zeros(capacity, np.float32),
            "terminated": np.zeros(capacity, bool),
        }

    def take(self, obs: Array, actions: Array, step: PaidStep) -> None:
        """Keep one step of all environments.

        An episode that was truncated has a future, so only `terminated` is kept.

        Args:
            obs: Before the step, (n_envs, obs_dim), unscaled.
            actions: In [-1, 1], (n_envs, action_dim).
            step: What came of them; `next_obs` is the true successor.
        """
        rows = slice(self.pos, self.pos + self.n_envs)
        self._arrays["obs"][rows] = obs
        self._arrays["next_obs"][rows] = step.next_obs
        self._arrays["actions"][rows] = actions
        self._arrays["rewards"][rows] = step.rewards
        self._arrays["terminated"][rows] = step.terminated
        self.pos += self.n_envs
        if self.pos == self.buffer_size:
            self.full, self.pos = True, 0

    def sample(self, batch_size: int, env: Any = None) -> ReplayBufferSamples:
        """Draw transitions, scaled as of now."""
        return self._get_samples(self._rng.integers(self.size(), size=batch_size), env)

    def tensors(self) -> dict[str, Array]:
        """All transitions, the oldest first."""
        order = self._oldest_first()
        return {f"{PREFIX}{name}": kept[order] for name, kept in self._arrays.items()}

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Hold the transitions that another buffer of the same size dumped, and no others."""
        for name, kept in self._arrays.items():
            found = tensors[f"{PREFIX}{name}"]
            kept[: len(found)] = found
        self.full = len(found) == self.buffer_size
        self.pos = 0 if self.full else len(found)

    def _get_samples(self, batch_inds: Array, env: Any = None) -> ReplayBufferSamples:
        drawn = self._drawn(batch_inds)
        return ReplayBufferSamples(
            observations=self.to_torch(self._obs_scale(drawn["obs"])),
            actions=self.to_torch(drawn["actions"]),
            next_observations=self.to_torch(self._obs_scale(drawn["next_obs"])),
            dones=self._column(drawn["terminated"]),
            rewards=self._column(self._reward_scale.scaled(drawn["rewards"])),
        )

    def _oldest_first(self) -> Array:
        """Every row that holds a transition, in the order in which they came."""
        return np.roll(np.arange(self.size()), -self.pos if self.full else 0)

    def _drawn(self, rows: Array) -> dict[str, Array]:
        """Copies of the transitions in `rows`, unscaled."""
        return {name: kept[rows] for name, kept in self._arrays.items()}

    def _column(self, values: Array) -> torch.Tensor:
        return self.to_torch(values.astype(np.float32)[:, None])
