# state: pendulum
# original: numpy step
import numpy as np

PARAMS = {"calm": 0.3, "band": 0.2}


def reward(state, action, previous_action, params):
    wrapped = np.arctan2(np.sin(state.angle), np.cos(state.angle))
    balanced = np.abs(wrapped) < params["band"]
    calm = np.exp(-params["calm"] * np.abs(state.angular_velocity))
    chatter = np.abs(action[0] - previous_action[0])
    return {
        "balance": np.where(balanced, 1.0, -np.abs(wrapped) / np.pi),
        "calm": np.where(balanced, calm, 0.0),
        "chatter": -0.1 * chatter,
    }
