# state: quadruped
# original: numpy step
import numpy as np


def reward(state, action):
    distances = np.linalg.norm(state.feet[:, :2] - state.position[:2], axis=1)
    closest = np.min(distances)
    centre_penalty = -np.sum(np.where(distances == closest, state.foot_forces, 0.0)) * 0.01
    return {"forward": state.linear_velocity[0], "load": centre_penalty,
            "spread": np.max(distances) - np.min(distances)}
