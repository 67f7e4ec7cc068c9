# state: reacher
# original: numpy step
import numpy as np


def reward(state, action):
    def gauss(x, s):
        return np.exp(-(x / s) ** 2)

    d = np.linalg.norm(state.fingertip - state.target)
    return {"coarse": gauss(d, 0.2), "fine": gauss(d, 0.02), "effort": -np.mean(action ** 2)}
