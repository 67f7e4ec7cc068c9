# state: cheetah
# original: numpy step
import numpy as np


def reward(state, action, previous):
    velocity = (state.x - previous.x) / state.dt
    # Encourage running backward up to 5 m/s
    if velocity < 0:
        speed_reward = min(-velocity, 5.0)
    else:
        speed_reward = -velocity
    # Avoid lying on the back
    angle = (state.pitch + np.pi) % (2 * np.pi) - np.pi
    flipped = np.abs(angle) > np.pi / 2
    posture = -1.0 if flipped else np.cos(angle)
    control = -0.1 * np.square(action).sum()
    return {"speed": speed_reward, "posture": posture, "control": control}
