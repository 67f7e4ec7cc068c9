"""Hop on the spot: be in the air near the start, do not wander, stay upright, do not fall."""

CONTRACT = 1
WEIGHTS = {"air": 3.0, "wander": 1.5, "away": 1.0, "alive": 1.0, "fall": 20.0, "upright": 2.0}


def reward(state, action, xp, *, initial, terminated):
    drift = xp.abs(state.x_position - initial.x_position)
    is_near = xp.where(drift < 1.0, 1.0, 0.0)
    return {
        "air": is_near * xp.where(state.on_ground, 0.0, 1.0),
        "wander": -xp.abs(state.forward_velocity),
        "away": -xp.minimum(drift, 2.0),
        "alive": 1.0,
        "fall": xp.where(terminated, -1.0, 0.0),
        "upright": -xp.abs(state.torso_pitch),
    }
