"""A vector of environments that pays a reward: a program's, the native or the sparse one.

The reward is computed once per step for all environments, from fields read after the step and
before any reset.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np

from rewardsmith.environments.vector import Start, VectorEnv, VectorStep

Array = np.ndarray[Any, Any]


class PaidStep(NamedTuple):
    """One step of all environments, rewards included."""

    obs: Array
    """(B, obs_dim), to act on next: after a reset where an episode ended."""
    next_obs: Array
    """(B, obs_dim), the true successor, before any reset."""
    rewards: Array
    """(B,), unscaled."""
    components: Mapping[str, Array]
    """Unweighted components, each (B,)."""
    terminated: Array
    truncated: Array


class RewardSource(Protocol):
    """Pays every step of a vector of environments.

    `begin` is called once after a reset of all environments; `pay` after every step, with fields
    read before any reset, and itself starts the episodes of rows that ended.
    """

    fields: tuple[str, ...]
    """State fields that have to be read for it."""

    def begin(self, start: Start) -> None:
        """Episodes of all rows start."""

    def pay(self, actions: Array, step: VectorStep) -> tuple[Array, Mapping[str, Array]]:
        """Rewards (B,) and unweighted components of one step."""


class NativeReward:
    """The environment's own reward."""

    fields: tuple[str, ...] = ()

    def begin(self, start: Start) -> None:
        """Nothing to keep."""

    def pay(self, actions: Array, step: VectorStep) -> tuple[Array, Mapping[str, Array]]:
        """The rewards that the environments returned."""
        return step.native_reward, {}


class NoReward(NativeReward):
    """Pays nothing: for a warm-up, whatever the environment's own reward is."""

    def pay(self, actions: Array, step: VectorStep) -> tuple[Array, Mapping[str, Array]]:
        """Zeros."""
        return np.zeros(len(step.obs)), {}


class RewardedVectorEnv:
    """Steps a `VectorEnv` and asks a `RewardSource` what each step pays.

    What goes wrong says whose fault it is: the environment's or the reward's.
    """

    def __init__(self, env: VectorEnv, source: RewardSource) -> None:
        self.env = env
        self._source = source

    def reset(self, seed: int) -> Array:
        """Start fresh episodes everywhere; returns observations (B, obs_dim)."""
        with _naming_the_environment():
            start = self.env.reset(seed)
        _require_finite(start.obs)
        self._source.begin(start)
        return start.obs

    def step(self, actions: Array) -> PaidStep:
        """Step every environment with `actions`, in the environment's own units.

        Raises:
            FloatingPointError: An observation or a reward is not finite.
        """
        with _naming_the_environment():
            step = self.env.step(actions)
        _require_finite(step.next_obs)
        if step.obs is not step.next_obs:
            _require_finite(step.obs)
        rewards, components = self._source.pay(actions, step)
        if not np.isfinite(rewards).all():
            raise FloatingPointError(_not_finite(components, step.fields))
        return PaidStep(
            obs=step.obs,
            next_obs=step.next_obs,
            rewards=rewards,
            components=components,
            terminated=step.terminated,
            truncated=step.truncated,
        )


@contextmanager
def _naming_the_environment() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note("The environment raised this, not the reward.")
        raise


def _require_finite(obs: Array) -> None:
    if not np.isfinite(obs).all():
        rows = np.flatnonzero(~np.isfinite(obs).all(axis=0)).tolist()
        raise FloatingPointError(f"the environment's observation is not finite (at {rows[:8]})")


def _not_finite(components: Mapping[str, Array], fields: Mapping[str, Array]) -> str:
    """What is to blame: a field of the environment that is only passed on, or the reward."""
    broken = [name for name, values in fields.items() if not np.isfinite(values).all()]
    if broken:
        return f"the environment's state field {broken[0]!r} is not finite"
    wrong = [name for name, values in components.items() if not np.isfinite(values).all()]
    return f"the reward is not finite ({', '.join(wrong) or 'its total'})"
