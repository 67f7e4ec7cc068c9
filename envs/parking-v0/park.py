"""Park: come near the spot, then point as it does; time costs little, a crash much."""

CONTRACT = 1
PARAMS = {"near": 10.0}
WEIGHTS = {"approach": 1.0, "turn": 0.3, "crash": 20.0, "time": 0.02}


def reward(state, action, xp, *, previous, params):
    distance = xp.norm(state.to_goal)
    nearness = xp.gaussian(distance, params.near)
    before = xp.gaussian(xp.norm(previous.to_goal), params.near)
    facing = xp.cos(state.turn_to_goal) * nearness - xp.cos(previous.turn_to_goal) * before
    return {
        "approach": xp.norm(previous.to_goal) - distance,
        "turn": facing,
        "crash": xp.where(state.crashed, -1.0, 0.0),
        "time": -1.0,
    }
