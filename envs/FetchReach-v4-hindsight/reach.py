"""Reach the goal: come near, then be exact; nothing but the two goals is read."""

CONTRACT = 1
PARAMS = {"near": 0.05}
WEIGHTS = {"distance": 5.0, "near": 1.0}


def reward(state, action, xp, *, params):
    distance = xp.norm(state.gripper - state.goal)
    return {"distance": -distance, "near": xp.gaussian(distance, params.near)}
