# state: quadruped
# original: numpy step
import numpy as np


def reward(state, action):
    # joints per leg: hip, thigh, calf
    q = state.joint_angles.reshape(4, 3)
    q0 = np.array(state.default_angles).reshape((4, 3))
    hip_dev = np.mean(np.abs(q[:, 0] - q0[:, 0]))
    left = np.concatenate([q[0], q[2]])
    right = np.concatenate([q[1], q[3]])
    asymmetry = np.mean((left - right) ** 2)
    com_vel = state.linear_velocity
    lateral = com_vel[1] ** 2
    return {"hip": -hip_dev, "symmetry": -asymmetry, "lateral": -lateral,
            "forward": com_vel[0] if com_vel[0] < 1.0 else 1.0}
