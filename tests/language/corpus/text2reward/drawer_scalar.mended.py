# state: drawer
# original: numpy step
import numpy as np


def reward(state, action):
    distance = np.linalg.norm(state.hand - state.handle)
    reach = 1 - np.tanh(5.0 * distance)
    grasp = 0.0
    opened = 0.0
    if state.is_grasped:
        grasp = 1.0
        opened = state.opening / state.max_opening
    effort = -0.01 * np.square(action).sum()
    return {"reach": reach, "grasp": grasp, "opened": opened, "effort": effort}
