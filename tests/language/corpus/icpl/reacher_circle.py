# state: reacher
# original: numpy step
import numpy as np


def reward(state, action):
    # preferred videos: the arm draws circles around the target at 5 cm
    radius = 0.05
    rel = state.fingertip - state.target
    dist = np.hypot(rel[0], rel[1])
    on_circle = np.exp(-((dist - radius) / 0.02) ** 2)
    # angular speed about the target from the 2D cross product
    cross = rel[0] * state.fingertip_velocity[1] - rel[1] * state.fingertip_velocity[0]
    omega = cross / (dist ** 2 + 1e-4)
    turning = np.tanh(omega / 3.0)
    return {"circle": on_circle, "turning": on_circle * turning, "effort": -0.02 * np.dot(action, action)}
