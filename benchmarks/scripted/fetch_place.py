"""Open above the cube, down around it, close, and off to the goal."""

import numpy as np


def act(fields):
    """An action for one timestep's fields."""
    gripper, cube = fields["gripper"], fields["object"]
    away = np.linalg.norm(gripper[:2] - cube[:2])
    if fields["right_touches"] and fields["left_touches"]:
        target, fingers = gripper + fields["goal"] - cube, -1.0
    elif np.linalg.norm(gripper - cube) < 0.015:
        target, fingers = cube, -1.0
    else:
        target, fingers = cube + np.array([0.0, 0.0, 0.08 if away > 0.01 else 0.0]), 1.0
    return np.append(np.clip(12.0 * (target - gripper), -1.0, 1.0), fingers)
