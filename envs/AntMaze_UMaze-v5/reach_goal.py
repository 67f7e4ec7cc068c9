"""Reach the goal: walk along the corridor towards it, stay upright."""

CONTRACT = 1
PARAMS = {"near": 1.0}
WEIGHTS = {"way": 10.0, "near": 1.0, "upright": 0.5, "effort": 0.05}


def reward(state, action, xp, *, previous, params):
    distance = xp.norm(state.position - state.goal)
    left = xp.maximum(distance, xp.abs(state.along - state.goal_along))
    before = xp.norm(previous.position - state.goal)
    earlier = xp.maximum(before, xp.abs(previous.along - state.goal_along))
    return {
        "way": earlier - left,
        "near": xp.gaussian(distance, params.near),
        "upright": xp.where(state.upright > 0.3, 0.0, -1.0),
        "effort": -xp.sum(action**2),
    }
