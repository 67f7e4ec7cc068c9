"""Overtake: be fast, keep a gap that can still be braked in, and never crash."""

CONTRACT = 1
PARAMS = {"seconds": 1.5, "reach": 60.0}
WEIGHTS = {"speed": 1.0, "gap": 0.5, "room": 0.3, "crash": 5.0}


def reward(state, action, xp, *, params):
    safe = xp.maximum(params.seconds * state.speed, 10.0)
    return {
        "speed": (state.velocity[0] - 20.0) / 10.0,
        "gap": -xp.saturate((safe - state.gap_ahead[1]) / safe),
        "room": xp.saturate(state.gap_ahead[1] / params.reach),
        "crash": xp.where(state.crashed, -1.0, 0.0),
    }
