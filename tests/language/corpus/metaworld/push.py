# state: drawer
# original: numpy step
import numpy as np


def reward(state, action, initial, previous):
    r = {}
    r["in_place"] = hyper(np.linalg.norm(state.handle - state.goal), 0.02, np.linalg.norm(initial.handle - state.goal))
    moved = np.linalg.norm(state.handle - initial.handle) > 0.02
    touched = np.linalg.norm(state.hand - state.handle) < 0.04
    r["grasp"] = 1.0 if touched else hyper(np.linalg.norm(state.hand - state.handle), 0.02, 0.3)
    if touched and moved:
        r["pushed"] = 1.0 + 5.0 * r["in_place"]
    else:
        r["pushed"] = 0.0
    if np.linalg.norm(state.handle - state.goal) < 0.05:
        r["success"] = 10.0
    return r


def hyper(x, upper, margin):
    x = max(x - upper, 0)
    if margin == 0:
        return 0.0 if x > 0 else 1.0
    return 1 / np.cosh(np.arccosh(10.0) * x / margin)
