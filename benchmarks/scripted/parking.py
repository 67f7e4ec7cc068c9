"""Parks: the driver that plays in parking-v0's comparison with EnvPool."""

from typing import Any

import numpy as np

from rewardsmith.environments.suites.parking import PLACE_SCALE, VELOCITY_SCALE, driver

_drive = driver()


def act(fields: dict[str, np.ndarray]) -> Any:
    """Acceleration and steering."""
    place, velocity = fields["position"] / PLACE_SCALE, fields["velocity"] / VELOCITY_SCALE
    here = [*place, *velocity, np.cos(fields["heading"]), np.sin(fields["heading"])]
    facing = fields["goal_heading"]
    wanted = [*(fields["goal"] / PLACE_SCALE), 0.0, 0.0, np.cos(facing), np.sin(facing)]
    return _drive(np.array([*here, *wanted]))
