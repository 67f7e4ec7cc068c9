"""Environments that measure in units of their own, and go as far as they like."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Point(gymnasium.Env[Any, Any]):
    """A point on a line."""

    observation_space: spaces.Space[Any] = spaces.Box(-5.0, 5.0, (2,), np.float64)
    action_space: spaces.Space[Any] = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.count, self.x = 0, float(self.np_random.uniform(-1, 1))
        return self.observe(), self.tell()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.count += 1
        self.x += 0.1 * float(np.sum(action))
        return self.observe(), 0.5, abs(self.x) > 4, self.count >= 30, self.tell()

    def observe(self) -> Any:
        return np.array([self.x, self.count / 300])

    def tell(self) -> dict[str, Any]:
        return {}


class Centimetres(Point):
    """A point that counts in degrees and centimetres."""

    def tell(self) -> dict[str, Any]:
        return {"elbow_angle": 57.3 * self.x, "tilt_angle": self.x / 9, "x": 100 * self.x}


class Thruster(Point):
    """A thruster.

    ## Action Space
    | Num | Action         | Min | Max | Unit |
    |-----|----------------|-----|-----|------|
    | 0   | thrust along x | -1  | 1   | N    |
    | 1   | thrust along y | -1  | 1   | N    |
    """

    action_space = spaces.Box(-1.0, 1.0, (2,), np.float64)


class Heater(Point):
    """A heater.

    ## Action Space
    | Num | Action         | Min | Max | Unit |
    |-----|----------------|-----|-----|------|
    | 0   | power          | -1  | 1   | kW   |
    | 1   | valve position | -1  | 1   | -    |
    """

    action_space = spaces.Box(-1.0, 1.0, (2,), np.float64)


class Wanderer(Point):
    """A point of which little is seen: it counts, jumps, goes on, and holds still."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        self.miles = 0.0
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.miles += 0.1
        self.x = float(np.sum(action))
        obs, reward, *_, info = super().step(action)
        return obs, reward, False, False, info

    def tell(self) -> dict[str, Any]:
        found = {"effort": self.x**3, "odometer": self.miles, "ticks": self.count, "touch": 0.0}
        return found | {"x_position": 2 * self.x}


class Hindsight(Point):
    """A point that is asked to be somewhere."""

    observation_space = spaces.Dict(
        {
            "observation": spaces.Box(-9.0, 9.0, (3,), np.float64),
            "achieved_goal": spaces.Box(-9.0, 9.0, (2,), np.float64),
            "desired_goal": spaces.Box(-9.0, 9.0, (2,), np.float64),
        }
    )

    def observe(self) -> Any:
        at = np.full(2, self.x)
        return {"observation": np.zeros(3), "achieved_goal": at, "desired_goal": np.ones(2)}


class Unequal(Hindsight):
    """Its goals differ in length."""

    observation_space = spaces.Dict(
        Hindsight.observation_space.spaces | {"desired_goal": spaces.Box(-9.0, 9.0, (1,))}
    )

    def observe(self) -> Any:
        return super().observe() | {"desired_goal": np.ones(1, np.float32)}
