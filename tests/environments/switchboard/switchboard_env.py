"""Environments of several choices, with constructor arguments and verdicts in `info`."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Switchboard(gymnasium.Env[Any, Any]):
    """Lamps that shall show a pattern."""

    def __init__(self, n_lamps: int, wiring: dict[str, Any] | None = None) -> None:
        self.n_lamps = n_lamps
        self.flipped = bool((wiring or {}).get("flipped", False))
        self.observation_space = spaces.Box(0, 1, (2 * n_lamps,), np.float32)
        self.action_space = spaces.MultiBinary(n_lamps)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.lamps = np.zeros(self.n_lamps)
        self.pattern = self.np_random.integers(0, 2, self.n_lamps)
        self.n_steps = 0
        return self._observed(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if not self.action_space.contains(action):
            raise ValueError(f"{action!r} is no action")
        self.lamps = 1 - action if self.flipped else np.array(action)
        self.n_steps += 1
        is_right = bool((self.lamps == self.pattern).all())
        info = {"is_success": is_right, "matching": (self.lamps == self.pattern).astype(float)}
        info |= {"ending": 1.0} if self.n_steps == 10 else {}
        return self._observed(), float(is_right), False, self.n_steps >= 10, info

    def _observed(self) -> Any:
        return np.concatenate([self.lamps, self.pattern]).astype(np.float32)


class Dials(gymnasium.Env[Any, Any]):
    """Two dials, of four numbers from 1 and of three from 0, that shall show a goal."""

    observation_space = spaces.Box(0, 4, (2,), np.float32)
    action_space = spaces.MultiDiscrete([4, 3], start=[1, 0])

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.goal = np.array([self.np_random.integers(1, 5), self.np_random.integers(0, 3)])
        self.n_steps = 0
        return self.goal.astype(np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if not self.action_space.contains(action):
            raise ValueError(f"{action!r} is no action")
        self.n_steps += 1
        missed = float(np.abs(action - self.goal).sum())
        return self.goal.astype(np.float32), -missed, False, self.n_steps >= 10, {"missed": missed}
