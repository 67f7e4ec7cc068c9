# state: quadruped
# original: numpy step
import numpy as np


def reward(state, action, previous_action, terminated):
    reward_info = {}
    v_cmd = state.command[0:2]
    v = state.linear_velocity[0:2]
    err = np.linalg.norm(v_cmd - v)
    reward_info["tracking"] = np.exp(-4.0 * err ** 2)
    reward_info["vertical"] = -2.0 * state.linear_velocity[2] ** 2
    reward_info["roll_pitch"] = -0.05 * np.sum(np.power(state.angular_velocity[:2], 2))
    reward_info["power"] = -1e-3 * np.sum(np.maximum(state.torques * state.joint_velocities, 0))
    reward_info["jerk"] = -0.01 * np.sum((action - previous_action) ** 2)
    n_contacts = np.count_nonzero(state.foot_contacts)
    reward_info["contacts"] = 0.1 if n_contacts == 2 else 0.0
    reward_info["fall"] = -5.0 if terminated else 0.0
    return sum(reward_info.values()), reward_info
