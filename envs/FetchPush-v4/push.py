"""Push: get behind the cube as seen from its goal, then bring the cube to the goal."""

CONTRACT = 1
PARAMS = {"behind": 0.06, "near": 0.05}
WEIGHTS = {"behind": 0.5, "distance": 5.0, "near": 2.0}


def reward(state, action, xp, *, params):
    way = state.goal - state.object
    distance = xp.norm(way)
    spot = state.object - params.behind * xp.safe_divide(way, distance)
    is_there = distance < params.near
    return {
        "behind": xp.where(is_there, 0.0, -xp.norm(state.gripper - spot)),
        "distance": -distance,
        "near": xp.gaussian(distance, params.near),
    }
