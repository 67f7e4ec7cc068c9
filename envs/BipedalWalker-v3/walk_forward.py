"""Walk forward: speed up to a limit, hull level, no fall; little effort."""

CONTRACT = 1
PARAMS = {"enough": 0.5}
WEIGHTS = {"forward": 2.0, "level": 0.2, "fall": 20.0, "effort": 0.01}


def reward(state, action, xp, *, terminated, params):
    is_short = state.x_position < 88.0
    return {
        "forward": xp.minimum(state.forward_velocity, params.enough),
        "level": -xp.abs(state.hull_angle),
        "fall": xp.where(terminated and is_short, -1.0, 0.0),
        "effort": -xp.sum(xp.abs(action)),
    }
