"""State fields of Gymnasium's Box2D environments that their observations hide.

Their bodies do not exist before the first reset, so a card's `attr:` source finds nothing to bind;
these functions look when they are called.
"""

from typing import Any

import numpy as np

Observation = np.ndarray[Any, Any]


def hull_contact(env: Any, observation: Observation, info: dict[str, Any]) -> bool:
    """Whether the lander's or walker's hull has touched the ground in this episode."""
    return bool(env.game_over)


def hull_position(env: Any, observation: Observation, info: dict[str, Any]) -> float:
    """Position of the walker's hull along its track, in metres from the track's left end."""
    return float(env.hull.position.x)
