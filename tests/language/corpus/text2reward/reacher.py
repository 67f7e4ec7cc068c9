# state: reacher
# original: numpy step
import numpy as np, math
from numpy.linalg import norm


def reward(state, action):
    dist = norm(state.fingertip - state.target)
    thresholds = [0.2, 0.1, 0.05, 0.02]
    stage = 0
    for t in thresholds:
        if dist < t:
            stage += 1
    reward_dist = -dist
    reward_ctrl = -(action ** 2).sum()
    vel = norm(state.fingertip_velocity)
    brake = 0.0
    if stage >= 3:
        brake = -vel
    return {"dist": reward_dist, "ctrl": reward_ctrl, "stage": stage, "brake": brake}
