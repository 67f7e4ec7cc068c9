# state: quadruped
# original: none
import numpy as np


def reward(state, action):
    distances = np.linalg.norm(state.feet[:, :2] - state.position[:2], axis=1)
    closest = np.argmin(distances)
    centre_penalty = -state.foot_forces[closest] * 0.01
    spread = np.sort(distances)
    return {"forward": state.linear_velocity[0], "load": centre_penalty, "spread": spread[-1] - spread[0]}
