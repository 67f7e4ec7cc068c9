"""Pass the ramp: go ahead, keep a gap, no crash."""

CONTRACT = 1
PARAMS = {"seconds": 1.0}
WEIGHTS = {"ahead": 1.0, "gap": 0.5, "crash": 5.0}


def reward(state, action, xp, *, previous, params):
    safe = params.seconds * state.speed
    return {
        "ahead": (state.position[0] - previous.position[0]) / 30.0,
        "gap": -xp.saturate((safe - state.gap_ahead[1]) / safe),
        "crash": xp.where(state.crashed, -1.0, 0.0),
    }
