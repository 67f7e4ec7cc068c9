# state: drawer
# original: numpy step
import numpy as np


def reward(state, action, initial):
    # 1. Distance between the hand and the handle
    hand_handle_dist = np.linalg.norm(state.hand - state.handle)
    # 2. Fraction of the drawer that is open
    open_fraction = (state.opening - initial.opening) / max(state.max_opening - initial.opening, 1e-6)

    # Tolerances
    reach_threshold = 0.04
    success_threshold = 0.9

    components = {}
    components["distance_reward"] = -hand_handle_dist
    components["grasp_reward"] = 1.0 if state.is_grasped and hand_handle_dist < reach_threshold else 0.0
    components["open_reward"] = 5.0 * np.clip(open_fraction, 0.0, 1.0)
    components["success_reward"] = 10.0 if open_fraction >= success_threshold else 0.0
    components["action_penalty"] = -0.01 * np.sum(np.abs(action))

    total_reward = sum(components.values())
    return total_reward, components
