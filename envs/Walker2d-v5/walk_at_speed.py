"""Walk at a given speed: near it in every step, upright, without falling; little effort."""

CONTRACT = 1
PARAMS = {"speed": 1.0}
WEIGHTS = {"on_speed": 2.0, "alive": 0.5, "fall": 20.0, "upright": 0.5, "effort": 0.01}


def reward(state, action, xp, *, terminated, params):
    off = state.forward_velocity - params.speed
    return {
        "on_speed": 1.0 - xp.minimum(xp.abs(off), 2.0),
        "alive": xp.where(terminated, 0.0, 1.0),
        "fall": xp.where(terminated, -1.0, 0.0),
        "upright": -xp.abs(state.torso_pitch),
        "effort": -xp.sum(action**2),
    }
