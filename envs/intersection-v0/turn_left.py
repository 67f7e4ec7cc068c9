"""Turn left: shorten the way out, give way to who is near, no crash."""

CONTRACT = 1
PARAMS = {"near": 10.0}
WEIGHTS = {"progress": 1.0, "near": 0.3, "crash": 3.0}


def reward(state, action, xp, *, previous, params):
    distance = xp.norm(state.others[0, 0:2])
    return {
        "progress": (previous.to_exit - state.to_exit) / 9.0,
        "near": -xp.saturate(1.0 - distance / params.near),
        "crash": xp.where(state.crashed, -1.0, 0.0),
    }
