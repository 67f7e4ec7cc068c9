"""The smallest environment with discrete actions that has something to learn."""

from typing import Any

import gymnasium
import numpy as np


class TwoDoors(gymnasium.Env[np.ndarray, np.int64]):
    """Choice 0 is right where the light shows -1, choice 1 where it shows 1."""

    observation_space = gymnasium.spaces.Box(-10.0, 10.0, (2,), dtype=np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self._opened = 0.0
        self._light = float(self.np_random.choice([-1.0, 1.0]))
        return self._obs(), {"opened": 0.0}

    def step(self, action: np.int64) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        is_right = (action == 1) == (self._light > 0)
        self._opened += float(is_right)
        self._light = float(self.np_random.choice([-1.0, 1.0]))
        return self._obs(), float(is_right), False, False, {"opened": self._opened}

    def _obs(self) -> np.ndarray:
        return np.array([self._light, 1.0], dtype=np.float32)
