"""Run at a given speed: near it in every step, less effort and turning over."""

CONTRACT = 1
PARAMS = {"speed": 2.0}
WEIGHTS = {"on_speed": 1.0, "exact": 0.5, "level": 0.2, "effort": 0.05}


def reward(state, action, xp, *, params):
    off = xp.abs(state.forward_velocity - params.speed)
    return {
        "on_speed": -xp.minimum(off, 4.0),
        "exact": xp.gaussian(off, 0.5),
        "level": xp.cos(state.torso_pitch),
        "effort": -xp.sum(action**2),
    }
