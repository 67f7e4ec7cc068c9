# state: drawer
# original: numpy step
import numpy as np


def reward(state, action):
    reward = 0.0
    to_handle = np.linalg.norm(state.hand - state.handle)
    opened = state.opening / state.max_opening

    # success
    if opened > 0.95:
        return {"stage": 5.0, "dense": 0.0}

    # not there yet
    if to_handle > 0.1:
        return {"stage": 0.0, "dense": 1 - np.tanh(5 * to_handle)}

    # there, but not holding it
    if not state.is_grasped:
        closing = 1.0 - min(state.gripper_opening, 1.0)
        return {"stage": 1.0, "dense": closing}

    # holding it: open
    speed = np.linalg.norm(state.hand_velocity)
    slow = 1 if speed < 0.5 else 0
    return {"stage": 2.0, "dense": 2.0 * opened + 0.1 * slow}
