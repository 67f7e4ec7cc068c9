"""Plays an environment at random and keeps what it showed; finds what it does wrong on the way.

An environment has to keep Gymnasium's interface: what `reset` and `step` return, observations that
are in shape and finite, spaces that stay as they are.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np

from rewardsmith.environments.failures import blamed
from rewardsmith.errors import UsageError

Env = gymnasium.Env[Any, Any]
Watched = dict[str, np.ndarray]

EPISODES = (100, 100, 100, 1000)
"""Most timesteps of each episode that is played."""
MAX_SECONDS = 10.0
MIN_STEPS = 20


@dataclass(slots=True, kw_only=True)
class Play:
    """What random actions led to, row by row; a row is a reset or a step."""

    observations: list[np.ndarray] = field(default_factory=list)
    """Flat."""
    watched: list[Watched] = field(default_factory=list)
    """What the simulator held."""
    infos: list[Mapping[str, Any]] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    """NaN for a reset."""
    truncated_after: int | None = None
    """Timesteps after which the environment itself truncated an episode."""
    n_terminated: int = 0

    @property
    def is_start(self) -> np.ndarray:
        """Which rows are resets."""
        return np.isnan(self.rewards)

    @property
    def n_steps(self) -> int:
        """Timesteps that were played."""
        return int((~self.is_start).sum())


def play(
    env: Env,
    ref: str,
    *,
    watch: Callable[[], Watched] = dict,
    seed: int = 0,
    episodes: Sequence[int] = EPISODES,
) -> Play:
    """Play a few episodes.

    Args:
        env: Flat observations, no time limit.
        ref: What messages call it.
        watch: Called after every reset and step; returns fresh arrays.
        seed: Of the environment and of the actions.
        episodes: Timesteps of each, at most.

    Raises:
        UsageError: The environment fails, or does not keep Gymnasium's interface.
    """
    seen = Play()
    spaces_before = (str(env.unwrapped.observation_space), str(env.unwrapped.action_space))
    env.action_space.seed(seed)
    until = time.monotonic() + MAX_SECONDS
    for number, limit in enumerate(episodes):
        with blamed(ref, "reset()"):
            returned: Any = env.reset(seed=seed + number)
        obs, info = _pair(returned, ref)
        _keep(seen, env, ref, obs, info, np.nan, watch())
        _episode(env, ref, seen, limit, until, watch)
        spaces_after = (str(env.unwrapped.observation_space), str(env.unwrapped.action_space))
        if spaces_after != spaces_before:
            raise UsageError(
                f"{ref} changes its spaces while it runs: {spaces_before[0]} became "
                f"{spaces_after[0]}. Set them once, in __init__."
            )
        if time.monotonic() > until:
            break
    return seen


def _episode(
    env: Env, ref: str, seen: Play, limit: int, until: float, watch: Callable[[], Watched]
) -> None:
    for step in range(1, limit + 1):
        action = env.action_space.sample()
        with blamed(ref, "step()"):
            returned: Any = env.step(action)
        obs, reward, terminated, truncated, info = _quintuple(returned, ref)
        _keep(seen, env, ref, obs, info, _number(reward, ref), watch())
        if terminated or truncated:
            seen.n_terminated += bool(terminated)
            if truncated and not terminated:
                seen.truncated_after = step
            return
        if time.monotonic() > until and step >= MIN_STEPS:
            return


def _keep(
    seen: Play, env: Env, ref: str, obs: Any, info: Any, reward: float, watched: Watched
) -> None:
    values = np.asarray(obs)
    when = "reset()" if np.isnan(reward) else "step()"
    if values.shape != env.observation_space.shape:
        raise UsageError(
            f"{ref}: {when} returned an observation of shape {values.shape}, and its space says "
            f"{env.observation_space.shape}. Correct one of them."
        )
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values))[0])
        raise UsageError(
            f"{ref}: {when} returned {values[place]} in element {place} of the observation. Find "
            "where it comes from: a division by 0, a square root, a simulation that blew up."
        )
    if not isinstance(info, Mapping):
        raise UsageError(f"{ref}: {when} returned {type(info).__name__} as info. Return a dict.")
    seen.observations.append(np.array(values))
    seen.infos.append(dict(info))
    seen.rewards.append(reward)
    seen.watched.append(watched)


def _pair(returned: Any, ref: str) -> tuple[Any, Any]:
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise UsageError(
            f"{ref}: reset() has to return (observation, info), as Gymnasium does; in the old gym "
            "package it was the observation alone. Return `observation, {}`."
        )
    return returned[0], returned[1]


def _quintuple(returned: Any, ref: str) -> tuple[Any, Any, Any, Any, Any]:
    if not isinstance(returned, tuple) or len(returned) != 5:
        raise UsageError(
            f"{ref}: step() has to return (observation, reward, terminated, truncated, info), as "
            "Gymnasium does. Split the old `done` into terminated and truncated."
        )
    return returned


def _number(reward: Any, ref: str) -> float:
    try:
        value = float(reward)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{ref}: step() returned {type(reward).__name__} as reward. Return one number."
        ) from error
    if not np.isfinite(value):
        raise UsageError(
            f"{ref}: step() returned a reward of {value}. Find where it comes from: a division by "
            "0, a logarithm, a simulation that blew up."
        )
    return value
