"""Reach the goal: shorten the way along the corridor, then stay near it."""

CONTRACT = 1
PARAMS = {"near": 0.4}
WEIGHTS = {"progress": 10.0, "near": 1.0, "way": 0.1}


def reward(state, action, xp, *, previous, params):
    distance = xp.norm(state.position - state.goal)
    left = xp.maximum(distance, xp.abs(state.along - state.goal_along))
    before = xp.norm(previous.position - state.goal)
    earlier = xp.maximum(before, xp.abs(previous.along - state.goal_along))
    return {
        "progress": earlier - left,
        "near": xp.gaussian(distance, params.near),
        "way": -left,
    }
