# state: drawer
# original: none
import numpy as np


def reward(state, action):
    reward = 0.0
    distance = np.linalg.norm(state.hand - state.handle)
    reward += 1 - np.tanh(5.0 * distance)
    if state.is_grasped:
        reward += 1.0
        reward += state.opening / state.max_opening
    reward -= 0.01 * np.square(action).sum()
    return reward
