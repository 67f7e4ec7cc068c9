# state: hopper
# original: numpy step
import numpy as np


def reward(state, action, terminated):
    # Define the weights of the parts
    w_height, w_upright, w_speed, w_action = 0.5, 0.5, 1.0, 1e-3

    # The hopper is healthy when its torso is high and upright
    healthy = state.z > 0.7 and abs(state.pitch) < 0.2 and not terminated
    if not healthy:
        return {"healthy": 0.0, "height": 0.0, "upright": 0.0, "speed": 0.0, "action": 0.0}

    height = w_height * np.clip(state.z, 0.7, 1.5)
    upright = w_upright * np.cos(state.pitch)
    speed = w_speed * max(0, min(state.x_velocity, 3.0))
    action_cost = w_action * np.sum(action * action)
    return {"healthy": 1.0, "height": height, "upright": upright, "speed": speed, "action": -action_cost}
