"""Over the table to behind the cube, down, and straight on towards the goal."""

import numpy as np

BEHIND = 0.08
"""Metres from the cube's middle to where the gripper comes down."""
HIGH, LOW = 0.5, 0.43


def act(fields):
    """An action for one timestep's fields."""
    gripper, cube = fields["gripper"], fields["object"][:2]
    way = fields["goal"][:2] - cube
    distance = np.linalg.norm(way)
    if distance < 0.015:
        return np.zeros(4)
    along = way / distance
    from_cube = gripper[:2] - cube
    aside = from_cube - along * (from_cube @ along)
    is_behind = from_cube @ along < -0.03 and np.linalg.norm(aside) < 0.02
    if is_behind and gripper[2] < LOW + 0.03:
        reach = min(distance, 0.04)
        target = np.append(gripper[:2] + along * reach - 1.5 * aside, LOW)
    else:
        start = cube - along * BEHIND
        is_above = np.linalg.norm(gripper[:2] - start) < 0.02
        target = np.append(start, LOW if is_above else HIGH)
        if gripper[2] < HIGH - 0.03 and not is_above:  # up first: the cube may be in the way
            target[:2] = gripper[:2]
    return np.append(np.clip(10.0 * (target - gripper), -1.0, 1.0), 0.0)
