# state: quadruped
# original: none
import numpy as np


def reward(state, action):
    components = {}
    for i in range(4):
        speed = np.linalg.norm(state.feet_velocity[i])
        components[f"slip_{i}"] = -speed if state.foot_contacts[i] else 0.0
    components["forward"] = state.linear_velocity[0]
    components["alive"] = 1.0
    return components
