"""Walk at a given speed: near it in every step, straight ahead, on its feet; little effort."""

CONTRACT = 1
PARAMS = {"speed": 1.0}
WEIGHTS = {"on_speed": 1.0, "straight": 0.3, "upright": 0.3, "fall": 20.0, "effort": 0.05}


def reward(state, action, xp, *, terminated, params):
    off = xp.abs(state.velocity[0] - params.speed)
    return {
        "on_speed": 1.0 - xp.minimum(off, 2.0),
        "straight": -xp.abs(state.velocity[1]),
        "upright": state.upright,
        "fall": xp.where(terminated, -1.0, 0.0),
        "effort": -xp.sum(action**2),
    }
