"""Hindsight experience replay: transitions learnt from as if another goal had been asked.

Where a drawn transition is relabelled, its desired goal gives way to one that its own episode
achieved afterwards (Andrychowicz et al., 2017, "future"), and its reward is paid again by the same
reward. Everything else stays as it was stored, also whether the environment terminated there: an
environment that ends an episode at its goal would not have ended it at another.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.fields import BatchReader
from rewardsmith.training.replay import PREFIX, Replay
from rewardsmith.training.rewarded import PaidStep

Array = np.ndarray[Any, Any]


class Repayable(Protocol):
    """A reward of single states, whatever came before them."""

    fields: tuple[str, ...]
    """State fields that it reads; they follow from the goals alone."""

    def repay(self, fields: Mapping[str, Array], n: int) -> Array:
        """Rewards (n,) of n states, of which each field has a leading axis."""


class Hindsight:
    """Swaps desired goals, and pays for the new ones.

    Args:
        card: Says how fields are read from an observation, and how long a goal is.
        reward: Pays.
    """

    def __init__(self, card: EnvCard, reward: Repayable) -> None:
        self._goal_dim = card.goal_dim
        self._reward = reward
        self._reader = BatchReader(card, None, names=reward.fields)

    def achieved(self, obs: Array) -> Array:
        """Goals (B, goal_dim) that observations (B, obs_dim) have achieved."""
        return obs[:, : self._goal_dim]

    def relabelled(self, obs: Array, goals: Array) -> Array:
        """Copies of observations (B, obs_dim) that ask for other goals, (B, goal_dim)."""
        swapped = obs.copy()
        swapped[:, self._goal_dim : 2 * self._goal_dim] = goals
        return swapped

    def fulfilled(self, obs: Array) -> Array:
        """Copies of observations that ask for what they have achieved."""
        return self.relabelled(obs, self.achieved(obs))

    def rewards(self, next_obs: Array) -> Array:
        """What steps that led to `next_obs` (B, obs_dim) pay, (B,), for the goals in there.

        Raises:
            FloatingPointError: A reward is not finite.
        """
        fields = self._reader.read(next_obs, ())
        rewards = self._reward.repay(fields, len(next_obs))
        if not np.isfinite(rewards).all():
            raise FloatingPointError("the reward is not finite for a goal that was achieved")
        return rewards


class HindsightReplay(Replay):
    """A replay that knows which transitions belong to one episode, and draws goals from there.

    Args:
        args: As of `Replay`.
        hindsight: Pays again; None for a reward that cannot: then nothing is relabelled.
        n_sampled_goal: Relabelled transitions for every one that is drawn as it was, on average.
        kwargs: As of `Replay`.
    """

    def __init__(
        self, *args: Any, hindsight: Hindsight | None, n_sampled_goal: int, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._hindsight = hindsight
        self._share = n_sampled_goal / (n_sampled_goal + 1)
        self._arrays["ended"] = np.zeros(self.buffer_size, bool)
        self._last: Array | None = None

    def take(self, obs: Array, actions: Array, step: PaidStep) -> None:
        """Keep one step of all environments, and whether an episode ended with it."""
        rows = slice(self.pos, self.pos + self.n_envs)
        self._arrays["ended"][rows] = step.terminated | step.truncated
        self._last = None
        super().take(obs, actions, step)

    def tensors(self) -> dict[str, Array]:
        """All transitions, the oldest first; whoever goes on from them begins new episodes."""
        kept = super().tensors()
        kept[f"{PREFIX}ended"][-self.n_envs :] = True
        return kept

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Hold the transitions that another buffer of the same size dumped, and no others."""
        super().load(tensors)
        self._last = None

    def _drawn(self, rows: Array) -> dict[str, Array]:
        drawn = super()._drawn(rows)
        hindsight, swapped = self._hindsight, self._rng.random(len(rows)) < self._share
        if hindsight is None or not swapped.any():
            return drawn
        goals = hindsight.achieved(self._arrays["next_obs"][self._later(rows[swapped])])
        for name in ("obs", "next_obs"):
            drawn[name][swapped] = hindsight.relabelled(drawn[name][swapped], goals)
        drawn["rewards"][swapped] = hindsight.rewards(drawn["next_obs"][swapped])
        return drawn

    def _later(self, rows: Array) -> Array:
        """For each of `rows`, that one or a later one of the same episode."""
        n, oldest = self.n_envs, self.pos if self.full else 0
        step, env = divmod((rows - oldest) % self.buffer_size, n)
        chosen = self._rng.integers(step, self._last_steps()[step, env] + 1)
        return np.asarray((oldest + chosen * n + env) % self.buffer_size)

    def _last_steps(self) -> Array:
        """Of every kept step, counted from the oldest, the last kept one of its episode."""
        if self._last is None:
            ended = self._arrays["ended"][self._oldest_first()].reshape(-1, self.n_envs)
            ended[-1] = True  # what runs still: nothing later is kept
            steps = np.where(ended, np.arange(len(ended))[:, None], len(ended))
            self._last = np.minimum.accumulate(steps[::-1])[::-1]
        return self._last
