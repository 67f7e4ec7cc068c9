"""Straight to the goal: the package's own inverse kinematics does the rest."""

import numpy as np


def act(fields):
    """An action for one timestep's fields."""
    way = 10.0 * (fields["goal"] - fields["gripper"])
    return np.append(np.clip(way, -1.0, 1.0), 0.0)
