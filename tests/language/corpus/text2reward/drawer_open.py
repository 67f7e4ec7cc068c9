# state: drawer
# original: numpy step
import numpy as np


def reward(state, action, initial):
    # Stage 1: reach the handle
    distance = np.linalg.norm(state.hand - state.handle)
    # Stage 2: pull the handle towards the goal
    remaining = np.linalg.norm(state.handle - state.goal)
    total = np.linalg.norm(initial.handle - state.goal)

    reach = -distance
    pull = 0.0
    grip = 0.0
    if distance < 0.05:
        reach = 0.0
        grip = 1.0 - state.gripper_opening
        if total > 1e-3:
            pull = 1.0 - remaining / total
    effort = -0.01 * np.linalg.norm(action)
    return {"reach": reach, "pull": pull, "grip": grip, "effort": effort}
