"""Down in front of the drawer, then push it in and stay against it."""

import numpy as np


def act(fields):
    """An action for one timestep's fields."""
    hand, handle = fields["hand"], fields["handle"]
    front = handle - (0.0, 0.1, 0.0)
    is_before = np.abs(hand[0] - handle[0]) < 0.02 and hand[2] - handle[2] < 0.04
    if hand[1] > front[1] and not is_before:
        way = np.array((front[0], front[1], 0.2)) - hand
    else:
        way = (np.add(handle, (0.0, 0.05, 0.0)) if is_before else front) - hand
    return np.append(np.clip(20.0 * way, -1.0, 1.0), 1.0)
