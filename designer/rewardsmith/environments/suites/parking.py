"""highway-env's car park: its fields as EnvPool shows them, and a driver who mostly parks.

EnvPool has the package's observation, in parts. Here they are put back into the card's order, and
what the package keeps inside is computed from them, in metres and radians.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rewardsmith.environments.suites.highway import FAR, N_OTHERS

Array = np.ndarray[Any, Any]

PLACE_SCALE = 100.0
"""Metres of an observed place of 1."""
VELOCITY_SCALE = 5.0
"""Metres per second of an observed velocity of 1."""
PARTS = ("achieved_goal", "desired_goal", "observation")
"""Of an observation, in the order of Gymnasium's `FlattenObservation`."""

_WIDTH = 8.0
"""Metres beside the line into the spot beyond which the driver goes straight towards it."""
_RUN_UP = 12.0
"""Metres before the spot in which the driver has to get onto the line."""
_CRUISE = 4.0
"""Metres per second."""


def heading(raw: Any, obs: Array, info: Mapping[str, Any]) -> float:
    """Direction of the vehicle from -pi to pi; the package's own counts full turns."""
    return _wrapped(raw.vehicle.heading)


def pooled(obs: Mapping[str, Array], info: Mapping[str, Any]) -> tuple[Array, dict[str, Array]]:
    """EnvPool's observations as the card's, and what the card's fields are read from.

    Args:
        obs: Its parts, each (n, 6): place, velocity, cosine and sine of the direction.
        info: Not needed.

    Returns:
        Vectors (n, 18), and entries with one row per environment.
    """
    here, wanted = obs["achieved_goal"], obs["desired_goal"]
    entries = {
        "position": PLACE_SCALE * here[:, 0:2],
        "velocity": VELOCITY_SCALE * here[:, 2:4],
        "heading": np.arctan2(here[:, 5], here[:, 4]),
        "goal": PLACE_SCALE * wanted[:, 0:2],
        "goal_heading": np.arctan2(wanted[:, 5], wanted[:, 4]),
        "others": np.tile([FAR, 0.0, 0.0, 0.0], (len(here), N_OTHERS, 1)),  # it has no others
    }
    return np.concatenate([obs[part] for part in PARTS], axis=1), entries


def driver(task: str | None = None) -> Callable[[Array], Array]:
    """A driver who gets onto the line into the spot and follows it; parks four times in five.

    Args:
        task: There is only one.

    Returns:
        Observation (18,) to action.
    """

    def act(obs: Array) -> Array:
        here, wanted = obs[0:6], obs[6:12]
        into = wanted[4:6]
        away = PLACE_SCALE * (here[0:2] - wanted[0:2])
        along, aside = away @ into, away @ np.array([-into[1], into[0]])
        wished = -float(np.clip(aside / _WIDTH, -1.0, 1.0)) * np.pi / 2.0
        if along > -_RUN_UP and abs(aside) > -along * _WIDTH / _RUN_UP:
            wished *= 1.5  # missed: turn away from the spot, and come again
        direction = np.arctan2(into[1], into[0]) + wished
        turn = _wrapped(direction - np.arctan2(here[5], here[4]))
        speed = VELOCITY_SCALE * (here[2:4] @ here[4:6])
        return np.clip([_CRUISE - speed, 2.0 * turn], -1.0, 1.0).astype(np.float32)

    return act


def _wrapped(angle: float) -> float:
    return float((angle + np.pi) % (2.0 * np.pi) - np.pi)
