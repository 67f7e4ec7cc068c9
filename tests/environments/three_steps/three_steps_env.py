"""A point on a line whose states can be written down by hand."""

from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np


class ThreeSteps(gymnasium.Env[np.ndarray, np.ndarray]):
    """Episode k (from 1) starts at x = 10 k, each action moves x, and step 3 ends it."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float64)
    action_space = gymnasium.spaces.Box(-5.0, 5.0, (1,), np.float32)

    def __init__(self, end: str = "terminate", render_mode: str | None = None) -> None:
        self.end = end
        self.render_mode = render_mode
        self.episode = 0
        self.count = 0
        self.inner = SimpleNamespace(double=np.zeros(()))
        self._x = 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self.episode += 1
        self.count = 0
        self._move(10.0 * self.episode)
        return self._obs(), {"count": 0}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        assert self.count < 3, "stepped past the end of the episode"
        self.count += 1
        self._move(self._x + float(action[0]))
        is_last = self.count == 3
        info = {"count": self.count, "motion": {"speed": float(action[0])}}
        terminated = is_last and self.end in ("terminate", "both")
        truncated = is_last and self.end in ("truncate", "both")
        return self._obs(), -self._x, terminated, truncated, info

    def _move(self, x: float) -> None:
        self._x = x
        self.inner.double[...] = 2 * x  # the same array for ever: a live view

    def _obs(self) -> np.ndarray:
        return np.array([self._x, self.count], dtype=np.float64)
