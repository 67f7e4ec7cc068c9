"""Walk forward: speed up to a limit, upright, without falling; little effort."""

CONTRACT = 1
PARAMS = {"enough": 2.0}
WEIGHTS = {"forward": 1.0, "alive": 0.5, "fall": 20.0, "upright": 0.5, "effort": 0.01}


def reward(state, action, xp, *, terminated, params):
    return {
        "forward": xp.minimum(state.forward_velocity, params.enough),
        "alive": xp.where(terminated, 0.0, 1.0),
        "fall": xp.where(terminated, -1.0, 0.0),
        "upright": -xp.abs(state.torso_pitch),
        "effort": -xp.sum(action**2),
    }
