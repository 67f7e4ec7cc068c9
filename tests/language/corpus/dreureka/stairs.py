# state: quadruped
# original: numpy step
import numpy as np

TOTAL = {"clip": [0.0, None]}
WEIGHTS = {"forward": 2.0, "climb": 4.0, "collision": 0.5, "torque": 1e-4, "dof_pos": 0.1}


def reward(state, action, previous):
    forward = min(state.linear_velocity[0], state.command[0])
    climb = max(state.position[2] - previous.position[2], 0.0) / state.dt
    stumble = any(np.linalg.norm(v[:2]) > 4 * abs(v[2]) for v in state.feet_velocity)
    torque = -np.sum(state.torques ** 2)
    dof_pos = -np.linalg.norm(state.joint_angles - state.default_angles, ord=1)
    return {
        "forward": forward,
        "climb": climb,
        "collision": -1.0 if stumble else 0.0,
        "torque": torque,
        "dof_pos": dof_pos,
    }
