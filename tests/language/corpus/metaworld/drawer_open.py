# state: drawer
# original: numpy step
import numpy as np


def tolerance(x, bounds=(0.0, 0.0), margin=0.0, value_at_margin=0.1):
    lower, upper = bounds
    in_bounds = np.logical_and(lower <= x, x <= upper)
    d = np.where(x < lower, lower - x, x - upper) / margin
    scale = np.sqrt(1.0 / value_at_margin - 1.0)
    return np.where(in_bounds, 1.0, 1.0 / ((d * scale) ** 2 + 1.0))


def reward(state, action, initial):
    handle_error = np.linalg.norm(state.handle - state.goal)
    max_dist = np.linalg.norm(initial.handle - state.goal) + 1e-3
    reward_for_opening = tolerance(handle_error, bounds=(0, 0.02), margin=max_dist)

    # the gripper may be closer from the side than from above
    scale = np.array([3.0, 3.0, 1.0])
    gripper_error = (state.handle - state.hand) * scale
    gripper_error_init = (initial.handle - initial.hand) * scale
    reward_for_caging = tolerance(
        np.linalg.norm(gripper_error),
        bounds=(0, 0.01),
        margin=np.linalg.norm(gripper_error_init) + 1e-3,
    )
    return {"caging": 5.0 * reward_for_caging, "opening": 5.0 * reward_for_opening}
