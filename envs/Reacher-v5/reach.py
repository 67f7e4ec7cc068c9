"""Reach the target: come near, then be exact and still."""

CONTRACT = 1
PARAMS = {"near_scale": 0.05}
WEIGHTS = {"distance": 2.0, "near": 1.0, "effort": 0.05}


def reward(state, action, xp, *, params):
    distance = xp.norm(state.fingertip - state.target)
    return {
        "distance": -distance,
        "near": xp.gaussian(distance, params.near_scale),
        "effort": -xp.sum(action**2),
    }
