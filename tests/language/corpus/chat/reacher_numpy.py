# state: reacher
# original: numpy step
import numpy as np


def reward(state, action, previous):
    """Dense reaching reward with a progress term."""
    diff = np.array([state.fingertip[0] - state.target[0], state.fingertip[1] - state.target[1]])
    dist = np.sqrt(np.sum(diff ** 2))
    prev_dist = np.sqrt(np.sum((previous.fingertip - previous.target) ** 2))
    progress = prev_dist - dist

    if dist < 0.01:
        bonus = 5.0
    elif dist < 0.05:
        bonus = 1.0
    elif dist < 0.1:
        bonus = 0.25
    else:
        bonus = 0.0

    log_dist = -np.log(dist + 1e-3)
    smooth = -0.1 * np.linalg.norm(action, 2)
    unused = dist * 2

    total = progress + bonus + log_dist + smooth
    return total, {"progress": progress, "bonus": bonus, "log_dist": log_dist, "smooth": smooth}
