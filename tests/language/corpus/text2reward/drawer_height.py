# state: drawer
# original: numpy step
import numpy as np


def reward(state, action, previous):
    """Reach above the handle first, then go down, then pull."""
    offset = state.handle - state.hand
    horizontal = np.linalg.norm(offset[:2])
    vertical = abs(offset[2])
    above = (state.hand[2] > state.handle[2] + 0.02) and (state.hand[2] - state.table_height > 0.05)

    approach, descend, pull = 0.0, 0.0, 0.0
    if horizontal > 0.03:
        approach = -horizontal
        if not above:
            approach -= 0.1
    elif vertical > 0.02:
        descend = -vertical
    else:
        delta = state.opening - previous.opening
        pull = 10.0 * delta if delta > 0 else 2.0 * delta
    return {"approach": approach, "descend": descend, "pull": pull}
