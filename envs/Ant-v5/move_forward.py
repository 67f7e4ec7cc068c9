"""Walk forward: speed up to a limit, straight ahead, on its feet; little effort."""

CONTRACT = 1
PARAMS = {"enough": 2.0}
WEIGHTS = {"forward": 1.0, "straight": 0.2, "upright": 0.3, "fall": 20.0, "effort": 0.05}


def reward(state, action, xp, *, terminated, params):
    return {
        "forward": xp.minimum(state.velocity[0], params.enough),
        "straight": -xp.abs(state.velocity[1]),
        "upright": state.upright,
        "fall": xp.where(terminated, -1.0, 0.0),
        "effort": -xp.sum(action**2),
    }
