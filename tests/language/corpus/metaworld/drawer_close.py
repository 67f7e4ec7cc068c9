# state: drawer
# original: numpy step
import numpy as np


def _gaussian(d, value_at_1=0.1):
    scale = np.sqrt(-2 * np.log(value_at_1))
    return np.exp(-0.5 * (d * scale) ** 2)


def _tolerance(x, lower, upper, margin):
    if lower <= x <= upper:
        return 1.0
    distance = lower - x if x < lower else x - upper
    return _gaussian(distance / margin)


def _hamacher_product(a, b):
    denominator = a + b - (a * b)
    return ((a * b) / denominator) if denominator > 0 else 0


def reward(state, action, initial):
    target_to_obj = np.linalg.norm(state.handle - state.goal)
    target_to_obj_init = np.linalg.norm(initial.handle - state.goal) + 0.01
    in_place = _tolerance(target_to_obj, 0, 0.05, abs(target_to_obj_init - 0.02) + 1e-3)

    tcp_to_obj = np.linalg.norm(state.handle - state.hand)
    tcp_to_obj_init = np.linalg.norm(initial.handle - initial.hand)
    reach = _tolerance(tcp_to_obj, 0, 0.005, abs(tcp_to_obj_init - 0.005) + 1e-3)
    gripper_closed = min(max(0, action[-1]), 1)
    reach = _hamacher_product(reach, gripper_closed)

    reward = _hamacher_product(reach, in_place)
    if target_to_obj <= 0.055:
        reward = 1.0
    return {"total": reward * 10}
