# state: drawer
# original: numpy step
from __future__ import annotations

import numpy as np

REACH_SCALE = 8.0
OPEN_SCALE = 3.0
GRASP_BONUS = 0.5


def reward(state, action, xp, *, previous, initial, terminated):
    """Open the drawer.

    Components
    ----------
    reach : shaped distance to the handle
    open  : share of the way
    grasp : bonus while grasping
    """
    eps = 1e-8
    hand, handle = state.hand, state.handle
    reach_dist = np.linalg.norm(hand - handle)
    reach = 1.0 / (1.0 + REACH_SCALE * reach_dist ** 2)

    span = state.max_opening - initial.opening
    open_ratio = (state.opening - initial.opening) / (span if abs(span) > eps else eps)
    open_ratio = np.clip(open_ratio, -1.0, 1.0)

    grasp = GRASP_BONUS * float(state.is_grasped and reach_dist < 0.06)

    cos_angle = np.dot(hand - handle, state.goal - handle) / (
        np.linalg.norm(hand - handle) * np.linalg.norm(state.goal - handle) + eps
    )
    behind = 0.0 if cos_angle > 0 else -0.1

    result = {"reach": reach, "open": OPEN_SCALE * open_ratio, "grasp": grasp, "behind": behind}
    result.update({"effort": -0.01 * np.linalg.norm(action) ** 2})
    return result
