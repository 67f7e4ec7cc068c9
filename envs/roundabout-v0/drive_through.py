"""Come up slowly, then drive through: shorten the route, give way to who is near and ahead."""

CONTRACT = 1
PARAMS = {"near": 12.0, "line": 30.0, "slow": 10.0}
WEIGHTS = {"progress": 1.0, "near": 0.3, "slow": 1.0, "crash": 3.0}


def reward(state, action, xp, *, previous, params):
    distance = xp.norm(state.others[0, 0:2])
    is_ahead = state.others[0, 0] > 0.0
    return {
        "progress": (previous.route_left - state.route_left) / 16.0,
        "near": xp.where(is_ahead, -xp.saturate(1.0 - distance / params.near), 0.0),
        "slow": -xp.number((state.position[1] > params.line) and (state.speed > params.slow)),
        "crash": xp.where(state.crashed, -1.0, 0.0),
    }
