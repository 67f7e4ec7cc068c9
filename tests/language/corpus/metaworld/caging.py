# state: drawer
# original: numpy step
import numpy as np


def reward(state, action, initial):
    obj = state.handle
    tcp = state.hand
    left_pad = tcp + np.array([0.0, 0.5, 0.0]) * state.gripper_opening
    right_pad = tcp - np.array([0.0, 0.5, 0.0]) * state.gripper_opening

    # caging: both pads enclose the object along y
    pad_y = np.hstack((left_pad[1], right_pad[1]))
    pad_to_obj = np.abs(pad_y - obj[1])
    pad_to_obj_init = np.abs(pad_y - initial.handle[1])
    margins = np.abs(pad_to_obj_init - 0.05)
    caging_lr = [tol(pad_to_obj[i], 0.015, 0.05, margins[i] + 1e-6) for i in range(2)]
    caging_y = ham(*caging_lr)

    # along x and z
    xz = [0, 2]
    d_xz = np.sqrt((tcp[0] - obj[0]) ** 2 + (tcp[2] - obj[2]) ** 2)
    init_xz = np.sqrt((initial.handle[0] - initial.hand[0]) ** 2 + (initial.handle[2] - initial.hand[2]) ** 2)
    caging_xz = tol(d_xz, 0, 0.005, init_xz + 0.005)

    caging = ham(caging_y, caging_xz)
    gripping = state.gripper_opening if caging > 0.97 else 0.0
    cage_and_grip = (ham(caging, gripping) + caging) / 2
    return {"caging_y": caging_y, "caging_xz": caging_xz, "caging_and_gripping": cage_and_grip}


def tol(x, lo, hi, margin):
    if lo <= x <= hi:
        return 1.0
    d = (lo - x) / margin if x < lo else (x - hi) / margin
    return 1.0 / ((d * 3.0) ** 2 + 1.0)


def ham(a, b):
    if a + b - a * b <= 0:
        return 0.0
    return a * b / (a + b - a * b)
