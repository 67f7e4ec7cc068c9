"""Environments as people write them, and as they get them wrong."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

Array = np.ndarray[Any, Any]
NOTHING: Any = None


class Point(gymnasium.Env[Any, Any]):
    """A point on a line. It is pushed left and right.

    Rewards:
        One for every metre. Twice as much at the goal.

    Episode end:
        The point leaves the line.
    """

    observation_space: spaces.Space[Any] = spaces.Box(-5.0, 5.0, (2,), np.float64)
    action_space: spaces.Space[Any] = spaces.Box(-1.0, 1.0, (1,), np.float32)
    metadata = {"render_modes": []}  # noqa: RUF012 - as Gymnasium has it

    def __init__(self) -> None:
        self.count = 0
        self.x = 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.count, self.x = 0, float(self.np_random.uniform(-1, 1))
        return self.observe(), {}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self.count += 1
        self.x += 0.1 * float(np.sum(action))
        return self.observe(), -abs(self.x), abs(self.x) > 4, self.count >= 30, self.tell()

    def observe(self) -> Any:
        return np.array([self.x, self.count / 30])

    def tell(self) -> dict[str, Any]:
        return {}


class Goal(Point):
    """A point with a goal, as goal environments show it."""

    observation_space = spaces.Dict(
        {
            "observation": spaces.Box(-5.0, 5.0, (2,), np.float64),
            "desired_goal": spaces.Box(-5.0, 5.0, (1,), np.float64),
            "gear": spaces.Discrete(3, start=1),
        }
    )

    def observe(self) -> Any:
        goal, gear = np.array([2.0]), np.int64(1 + self.count % 3)
        return {
            "observation": np.array([self.x, self.count / 30]),
            "desired_goal": goal,
            "gear": gear,
        }


class Pair(Point):
    """A tuple of things."""

    observation_space = spaces.Tuple(
        (
            spaces.Box(-5.0, 5.0, (2, 2), np.float64),
            spaces.MultiBinary(3),
            spaces.MultiDiscrete([2, 3]),
        )
    )

    def observe(self) -> Any:
        flags = np.array([0, 1, self.count % 2], np.int8)
        return np.full((2, 2), self.x), flags, np.array([self.count % 2, self.count % 3])


class Wordy(Point):
    """An observation that holds words."""

    observation_space = spaces.Dict(
        {"x": Point.observation_space, "plan": spaces.Sequence(spaces.Discrete(3))}
    )


class Pixels(Point):
    """A camera."""

    observation_space = spaces.Box(0, 255, (32, 32, 3), np.uint8)

    def observe(self) -> Any:
        return np.full((32, 32, 3), self.count, np.uint8)


class Told(Pixels):
    """A camera, and a position in info."""

    def tell(self) -> dict[str, Any]:
        return {"position": self.x}


class Counted(Point):
    """Actions that count from one."""

    action_space = spaces.Discrete(3, start=1)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        assert 1 <= int(action) <= 3
        return super().step(int(action) - 2)


class Named(Point):
    """Actions by name."""

    action_space = spaces.Dict({"push": Point.action_space})


class Endless(Point):
    """Actions without bounds."""

    action_space = spaces.Box(-np.inf, np.inf, (2,), np.float32)


class Whole(Point):
    """Actions that are whole numbers."""

    action_space = spaces.Box(0, 5, (2,), np.int64)


class Leaky(Point):
    """Tells its reward under many names."""

    def tell(self) -> dict[str, Any]:
        pay = -abs(self.x)
        return {
            "reward_total": pay,
            "is_success": self.x > 1,
            "episode": {"r": pay},
            "rewards": {"near": pay},
            "score": pay,
            "ctrl_cost": 0.1,
            "goodness": pay,
            "battery": 0.9,
            "robot": {"tilt": 0.2 * self.x},
            "phase": np.array([0.1, self.x]),
            "name": "point",
            "seldom": np.nan if self.count > 5 else 1.0,
        } | ({"late": 1.0} if self.count > 3 else {})


class Remembering(Point):
    """Observes what it was paid, as in meta-learning."""

    observation_space = spaces.Dict(
        {
            "last_reward": spaces.Box(-5.0, 5.0, (1,), np.float64),
            "nearness": spaces.Box(-5.0, 5.0, (1,), np.float64),
            "success": spaces.Discrete(2),
            "x": spaces.Box(-5.0, 5.0, (1,), np.float64),
        }
    )

    def observe(self) -> Any:
        pay, x = np.array([-abs(self.x)]), np.array([self.x])
        return {"last_reward": pay, "nearness": pay, "success": int(self.x > 0), "x": x}


class RaisesInInit(Point):
    """Cannot be made."""

    def __init__(self) -> None:
        raise ValueError("the config file is missing")


class Lacking(Point):
    """Imports what it needs when it is made, as large packages do."""

    def __init__(self) -> None:
        import nowhere_to_be_found  # type: ignore[import-not-found]  # noqa: F401


class Old(Point):
    """Of the time before Gymnasium."""

    def reset(self) -> Any:  # type: ignore[override]
        return self.observe()


class Older(Point):
    """As `Old`, but takes whatever it is called with."""

    def reset(self, **words: Any) -> Any:
        return self.observe()


class Drawn(Point):
    """Insists on being told how it is drawn."""

    def __init__(self, render_mode: str | None) -> None:
        super().__init__()
        self.render_mode = render_mode


class Growing(Point):
    """Observes one thing more after a while."""

    n_steps = 0

    def __init__(self, most: int = 5) -> None:
        super().__init__()
        self.most = most

    def observe(self) -> Any:
        Growing.n_steps += 1
        return np.zeros(2 if Growing.n_steps < self.most else 3)


class Tiring(Point):
    """Works for longer than a draft looks."""

    n_steps = 0

    def __init__(self, most: int = 4000) -> None:
        super().__init__()
        self.most = most

    def step(self, action: Any) -> Any:
        Tiring.n_steps += 1
        if Tiring.n_steps > self.most:
            raise RuntimeError("the motor is hot")
        return super().step(action)


class RaisesInReset(Point):
    """Cannot be reset."""

    def reset(self, **words: Any) -> Any:
        raise KeyError("start")


class RaisesInStep(Point):
    """Cannot be stepped."""

    def step(self, action: Any) -> Any:
        raise ZeroDivisionError("division by zero")


class NotFinite(Point):
    """Divides by zero at times."""

    def observe(self) -> Any:
        return np.array([self.x, np.nan if self.count == 7 else 0.0])


class NoReward(Point):
    """Pays nothing at all."""

    def step(self, action: Any) -> Any:
        return self.observe(), NOTHING, False, False, {}


class InfiniteReward(Point):
    """Pays infinitely much."""

    def step(self, action: Any) -> Any:
        return self.observe(), float("inf"), False, False, {}


class OldGym(Point):
    """Returns what gym returned."""

    def reset(self, **words: Any) -> Any:
        return self.observe()


class OldStep(Point):
    """Returns what gym's step returned."""

    def step(self, action: Any) -> Any:
        return self.observe(), 0.0, False, {}


class OtherShape(Point):
    """Observes more than it says."""

    def observe(self) -> Any:
        return np.zeros(3)


class Changing(Point):
    """Finds out late what it observes."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        self.observation_space = spaces.Box(-9.0, 9.0, (2,), np.float64)
        return super().reset(seed=seed, options=options)


class NoEnvironment:
    """A class of something else."""


def wrapped() -> gymnasium.Env[Any, Any]:
    """A function that makes an environment."""
    return gymnasium.wrappers.RescaleAction(Point(), np.float32(-2.0), np.float32(2.0))


def limited() -> gymnasium.Env[Any, Any]:
    """A function that limits episodes."""
    return gymnasium.wrappers.TimeLimit(Point(), 12)


def limited_inside() -> gymnasium.Env[Any, Any]:
    """A function that limits episodes below another wrapper."""
    return gymnasium.wrappers.RescaleAction(limited(), np.float32(-2.0), np.float32(2.0))


def nudge(env: Any, observation: Any, info: Any) -> float:
    """Moves what it should read."""
    env.x += 0.01
    return float(env.x)


def look(env: Any, observation: Any, info: Any) -> float:
    """Reads only."""
    return float(env.x)


def closeness(env: Any, observation: Any, info: Any) -> float:
    """What the point pays, by another name."""
    return float(-abs(env.x))


class Boastful(Point):
    """A point whose space says that it does not count."""

    observation_space = spaces.Box(np.array([-5.0, 0.0]), np.array([5.0, 0.0]), dtype=np.float64)


class Unseeded(Point):
    """A point that starts where it likes."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        return super().reset(seed=None, options=options)


class Shaken(Point):
    """A point that is shaken by what no seed rules."""

    shaking = np.random.default_rng(0)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self.x += float(self.shaking.normal()) * 1e-3
        return super().step(action)
