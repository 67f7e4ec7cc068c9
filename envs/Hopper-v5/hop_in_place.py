"""Hop on the spot: be in the air, stay near the start, do not fall."""

CONTRACT = 1
WEIGHTS = {"air": 2.0, "rise": 0.5, "stay": 1.0, "alive": 0.5, "effort": 0.001}


def reward(state, action, xp, *, initial, terminated):
    drift = xp.abs(state.x_position - initial.x_position)
    return {
        "air": xp.where(state.on_ground, 0.0, 1.0),
        "rise": xp.abs(state.vertical_velocity),
        "stay": -xp.saturate(drift),
        "alive": xp.where(terminated, 0.0, 1.0),
        "effort": -xp.sum(action**2),
    }
