# state: reacher
# original: numpy step
import numpy as np


def reward(state, action, previous):
    distance = float(np.linalg.norm(state.fingertip - state.target))
    last_distance = float(np.linalg.norm(previous.fingertip - previous.target))
    improvement = last_distance - distance
    near = distance < 0.05
    very_near = distance < 0.01
    r_improve = 50.0 * improvement
    r_near = 1.0 * near + 2.0 * very_near
    r_energy = -0.1 * float(np.square(action).sum())
    r_speed = -0.1 * float(np.abs(state.joint_velocities).mean()) * int(near)
    reward = r_improve + r_near + r_energy + r_speed
    return float(reward), {'improve': r_improve, 'near': r_near, 'energy': r_energy, 'speed': r_speed}
