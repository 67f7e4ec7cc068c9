# state: reacher
# original: numpy step
import numpy as np

_TARGET_RADIUS = 0.05


def reward(state, action, initial):
    tcp = state.fingertip
    target = state.target
    tcp_to_target = np.linalg.norm(tcp - target)
    in_place_margin = np.linalg.norm(initial.fingertip - target)
    in_place = long_tail(tcp_to_target, bounds=(0, _TARGET_RADIUS), margin=in_place_margin)
    return {"in_place": 10 * in_place}


def long_tail(x, bounds, margin):
    if x <= bounds[1]:
        return 1.0
    return 1 / (((x - bounds[1]) / (margin + 1e-6) * 3) ** 2 + 1)
