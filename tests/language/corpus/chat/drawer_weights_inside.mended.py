# state: drawer
# original: numpy step
import numpy as np

CONTRACT = 1
PARAMS = {"alpha": 6.0}
WEIGHTS = {"reach": 1.0, "open": 3.0, "action": 0.01}


def reward(state, action, xp, *, params):
    reach = np.exp(-params.alpha * np.linalg.norm(state.hand - state.handle))
    opened = np.clip(state.opening / state.max_opening, 0.0, 1.0)
    action_cost = -np.sum(action ** 2)
    components = {"reach": reach, "open": opened, "action": action_cost}
    return components
