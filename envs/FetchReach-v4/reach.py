"""Reach the goal: come near, then be exact; no needless movement."""

CONTRACT = 1
PARAMS = {"near": 0.05}
WEIGHTS = {"distance": 5.0, "near": 1.0, "effort": 0.02}


def reward(state, action, xp, *, params):
    distance = xp.norm(state.gripper - state.goal)
    return {
        "distance": -distance,
        "near": xp.gaussian(distance, params.near),
        "effort": -xp.sum(action**2),
    }
