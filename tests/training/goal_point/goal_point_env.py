"""A point that is asked to be somewhere else in every episode, as goal environments ask."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict

Array = np.ndarray[Any, Any]


class GoalPoint(gymnasium.Env[dict[str, Array], Array]):
    """Moves by up to 0.25 a step.

    Args:
        ends: Timestep after which an episode terminates; 0 for never.
        reach: How far away goals are.
        marked: Whether an observation ends with a number of its episode.
    """

    def __init__(self, ends: int = 0, reach: float = 2.0, marked: bool = False) -> None:
        parts = {"achieved_goal": 1, "desired_goal": 1, "observation": 3}
        self.observation_space: Any = Dict(
            {name: Box(-np.inf, np.inf, (n,), np.float64) for name, n in parts.items()}
        )
        self.action_space = Box(-1.0, 1.0, (1,), np.float32)
        self._ends, self._reach, self._marked = ends, reach, marked
        self._episode = 0
        self._count = 0
        self._x = self._goal = 0.0
        self._speed = 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Array], dict[str, Any]]:
        super().reset(seed=seed)
        self._episode = self._episode + 1 if seed is None else 100 * (seed % 5000)
        self._count, self._speed = 0, 0.0
        self._x = self.np_random.uniform(-0.01, 0.01)
        self._goal = self.np_random.uniform(-self._reach, self._reach)
        return self._observed(), {}

    def step(self, action: Array) -> tuple[dict[str, Array], float, bool, bool, dict[str, Any]]:
        self._speed = 0.25 * float(action[0])
        self._x += self._speed
        self._count += 1
        terminated = self._count == self._ends
        return self._observed(), -abs(self._x - self._goal), terminated, False, {}

    def _observed(self) -> dict[str, Array]:
        return {
            "achieved_goal": np.array([self._x]),
            "desired_goal": np.array([self._goal]),
            "observation": np.array(
                [self._speed, self._count, self._episode * self._marked], float
            ),
        }
