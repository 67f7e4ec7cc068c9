"""A drone that tells what it thinks of itself, under names that say so and under others."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Drone(gymnasium.Env[Any, Any]):
    """A drone on a line."""

    observation_space = spaces.Dict(
        {
            "place": spaces.Box(-9.0, 9.0, (1,), np.float64),
            "task_done": spaces.Discrete(2),
            "at_target": spaces.Discrete(2),
            "lamp": spaces.MultiBinary(1),
        }
    )
    action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.x, self.count, self.best = float(self.np_random.uniform(-1, 1)), 0, 0.0
        return self.observe(), self.tell()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.x += 0.2 * float(action[0])
        self.count += 1
        paid = 1.0 - self.x**2
        self.best = max(self.best, paid)
        return self.observe(), paid, False, self.count >= 40, self.tell()

    def is_near(self) -> bool:
        return abs(self.x) < 0.3

    def observe(self) -> Any:
        near = int(self.is_near())
        lamp = np.array([near], np.int8)
        return {"place": np.array([self.x]), "task_done": near, "at_target": near, "lamp": lamp}

    def tell(self) -> dict[str, Any]:
        return {
            "ok": self.is_near(),
            "reached": float(self.is_near()),
            "cost": 2.0 * self.x**2,
            "drag": 2.0 * self.x**2,
            "grasped": self.x > 1e6,
            "passed": self.x > 0.1,
            "lit": self.x > 0.1,
            "best_so_far": self.best,
            "crashed": self.x < 0,
        }
