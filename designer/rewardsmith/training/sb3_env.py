"""A `RewardedVectorEnv` as Stable-Baselines3 sees one.

Actions are in [-1, 1] here and scaled to the environment's bounds. Observations are raw.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from rewardsmith.evaluation.policy import to_environment
from rewardsmith.messages import ActionSpec
from rewardsmith.training.rewarded import RewardedVectorEnv

Array = np.ndarray[Any, Any]


class RewardedVecEnv(VecEnv):
    """SB3's vector environment over ours; `infos` carry what SB3 needs for truncation."""

    def __init__(self, env: RewardedVectorEnv) -> None:
        self.rewarded = env
        self.action = env.env.spec.action
        self._actions: Array = np.zeros(0)
        super().__init__(
            env.env.n_envs, _observation_space(env.env.obs_dim), _action_space(self.action)
        )

    def reset(self) -> Array:
        """Start fresh episodes, seeded by `seed()` if it was called."""
        seed = self._seeds[0] if self._seeds and self._seeds[0] is not None else 0
        return self.rewarded.reset(seed)

    def step_async(self, actions: Array) -> None:
        """Remember the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[Array, Array, Array, list[dict[str, Any]]]:
        """Step, and hand over the true last observation where an episode ended."""
        step = self.rewarded.step(self.to_environment(self._actions))
        done = step.terminated | step.truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for i in np.flatnonzero(done):
            infos[i]["terminal_observation"] = step.next_obs[i]
            infos[i]["TimeLimit.truncated"] = bool(step.truncated[i] and not step.terminated[i])
        return step.obs, step.rewards.astype(np.float32), done, infos

    def to_environment(self, actions: Array) -> Array:
        """Actions in the environment's own units."""
        if self.action.choices:
            return np.asarray(actions).reshape(self.num_envs, *self.action.shape)
        return to_environment(actions, self.action)

    def close(self) -> None:
        """Close the environments."""
        self.rewarded.env.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """SB3 asks for `render_mode` only."""
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Nothing inside the environments may be changed from outside.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"cannot set {attr_name!r} on rewarded environments")

    def env_method(
        self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any
    ) -> list[Any]:
        """Nothing inside the environments may be called from outside.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"cannot call {method_name!r} on rewarded environments")

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> Sequence[bool]:  # type: ignore[override]
        """There are no wrappers."""
        return [False] * self.num_envs


def _observation_space(obs_dim: int) -> spaces.Box:
    return spaces.Box(-np.inf, np.inf, (obs_dim,), dtype=np.float32)


def _action_space(action: ActionSpec) -> spaces.Space[Any]:
    if action.kind == "discrete":
        return spaces.Discrete(action.n)
    if action.choices:
        return spaces.MultiDiscrete(list(action.choices))
    return spaces.Box(-1.0, 1.0, action.shape or (1,), dtype=np.float32)
