# state: drone
# original: numpy step
import numpy as np

W_DIST = 1.0
W_TILT = 0.2


def reward(state, action, initial):
    start = np.linalg.norm(initial.position - initial.target)
    dist = np.linalg.norm(state.position - state.target)
    ratio = dist / (start + 1e-8)
    progress = W_DIST * (1.0 - np.minimum(ratio, 2.0))
    tilt = np.arccos(np.clip(state.rotation[2, 2], -1.0, 1.0))
    tilt_penalty = -W_TILT * tilt
    if state.crashed or state.position[2] < 0.0:
        crash = -10.0
    else:
        crash = 0.0
    hovering = dist < 0.1 and np.linalg.norm(state.velocity) < 0.2
    bonus = 2.0 if hovering else 0.0
    return progress + tilt_penalty + crash + bonus, {
        "progress": progress, "tilt": tilt_penalty, "crash": crash, "bonus": bonus,
    }
