# state: drawer
# original: numpy step
import numpy as np


def reward(state, action, initial):
    obj, tcp = state.handle, state.hand
    floor = 0.05 if np.linalg.norm(obj[:2] - tcp[:2]) > 0.04 else 0.0
    # below the floor: the hand must come back up before it moves sideways
    above_floor = 1.0 if tcp[2] >= floor else sigmoid(tcp[2] - floor, 40.0)
    target_to_obj = np.linalg.norm(obj - state.goal, ord=2)
    ratio = target_to_obj / np.linalg.norm(initial.handle - state.goal)
    in_place = np.exp(-ratio)
    return {"above_floor": above_floor, "in_place": in_place, "both": hamacher(above_floor, in_place)}


def sigmoid(x, k):
    return 2.0 / (1.0 + np.exp(-k * x))


def hamacher(a, b):
    return a * b / np.maximum(a + b - a * b, 1e-8)
