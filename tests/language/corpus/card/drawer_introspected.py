# state: drawer
# original: numpy step
import numpy as np


def reward(state, action, previous, initial):
    # Changed: the distance term was constant near the handle, so use a bounded, steeper one
    d_now = np.linalg.norm(state.hand - state.handle)
    d_before = np.linalg.norm(previous.hand - previous.handle)
    approach = np.tanh(20.0 * (d_before - d_now))

    # Changed: pay only for new opening, so that holding it open is not farmed
    opened = np.maximum(state.opening - previous.opening, 0.0)
    closed = np.maximum(previous.opening - state.opening, 0.0)
    pull = 20.0 * opened - 30.0 * closed

    # Added: keep the gripper where the handle is
    if d_now <= 0.05:
        alignment = np.exp(-10.0 * abs(state.hand[2] - state.handle[2]))
    else:
        alignment = 0

    reward_info = dict(approach=approach, pull=pull, alignment=alignment)
    reward = approach + pull + alignment
    return reward, reward_info
