# state: drawer
# original: numpy step
import numpy as np

_EFFORT_RANGE = (0.2, 0.8)


def reward(state, action):
    effort = np.clip(action[3], -1, 1)
    open_, shut = _EFFORT_RANGE
    within = open_ <= effort <= shut
    obj_to_target = state.goal - state.handle
    dist = np.sqrt(obj_to_target.dot(obj_to_target))
    bonus = 10.0 if dist < 0.03 and within else 0.0
    # lifting is capped at the height of the goal
    lift = min(state.handle[2], state.goal[2]) - state.table_height
    return dict(
        distance=-dist,
        lift=max(lift, 0.0),
        bonus=bonus,
        held=bool(state.is_grasped) and within,
    )
