# state: drawer
# original: numpy step
import numpy as np


def compute_dense_reward(self, state, action):
    weights = [0.2, 0.5, 0.2, 0.1]

    # reaching reward
    ee_pos = state.hand
    handle_pos = state.handle
    dist = np.linalg.norm(ee_pos - handle_pos)
    reaching_reward = 1.0 - np.tanh(10.0 * dist)

    # opening reward, relative to the fully open position
    opening_reward = np.clip(state.opening / state.max_opening, 0, 1)

    # keep the drawer still once it is open
    is_open = state.opening > 0.9 * state.max_opening
    static_reward = np.exp(-np.sum(np.square(state.hand_velocity))) if is_open else 0.0

    # regularise
    reg = -np.square(action).sum()

    return {
        "reaching": weights[0] * reaching_reward,
        "opening": weights[1] * opening_reward,
        "static": weights[2] * static_reward,
        "reg": weights[3] * reg,
    }
