# state: quadruped
# original: numpy step
import numpy as np


def reward(state, action):
    components = {}
    for i, name in enumerate(("slip_0", "slip_1", "slip_2", "slip_3")):
        speed = np.linalg.norm(state.feet_velocity[i])
        components[name] = -speed if state.foot_contacts[i] else 0.0
    components["forward"] = state.linear_velocity[0]
    components["alive"] = 1.0
    return components
