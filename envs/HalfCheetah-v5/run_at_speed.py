"""Run at a given speed: pay speed up to it, charge what is beyond, less effort and turning over."""

CONTRACT = 1
PARAMS = {"speed": 2.0}
WEIGHTS = {"up_to_speed": 1.0, "beyond": 2.0, "level": 0.2, "effort": 0.05}


def reward(state, action, xp, *, params):
    speed = state.forward_velocity
    return {
        "up_to_speed": xp.minimum(speed, params.speed),
        "beyond": -xp.maximum(speed - params.speed, 0.0),
        "level": xp.cos(state.torso_pitch),
        "effort": -xp.sum(action**2),
    }
