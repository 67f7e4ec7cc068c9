# state: quadruped
# original: numpy step
import numpy as np


def reward(state, action):
    x, y, z, w = state.orientation
    yaw = np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
    target_yaw = np.arctan2(state.command[1], state.command[0])
    error = target_yaw - yaw
    error = np.arctan2(np.sin(error), np.cos(error))

    heading = np.cos(error)
    if np.abs(error) < 0.3:
        speed = np.dot(state.linear_velocity[:2], state.command[:2])
    else:
        speed = 0.0
    spin = state.angular_velocity[2] * np.sign(error)
    stable = 0.0 if -state.projected_gravity[2] < 0.5 else 1.0
    return {"heading": heading, "speed": speed, "spin": 0.1 * spin, "stable": stable}
