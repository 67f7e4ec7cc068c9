"""Walk forward: speed up to a limit, upright, without falling; little effort."""

CONTRACT = 1
PARAMS = {"enough": 1.5}
WEIGHTS = {
    "forward": 1.25,
    "alive": 2.0,
    "fall": 20.0,
    "upright": 1.0,
    "straight": 0.2,
    "effort": 0.1,
}


def reward(state, action, xp, *, terminated, params):
    return {
        "forward": xp.minimum(state.velocity[0], params.enough),
        "alive": xp.where(terminated, 0.0, 1.0),
        "fall": xp.where(terminated, -1.0, 0.0),
        "upright": state.upright,
        "straight": -xp.abs(state.velocity[1]),
        "effort": -xp.sum(action**2),
    }
