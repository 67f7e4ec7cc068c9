"""Swing up and balance: near upright, slow there, little torque."""

CONTRACT = 1
WEIGHTS = {"upright": 1.0, "speed": 0.1, "effort": 0.001}


def reward(state, action, xp):
    return {
        "upright": -(state.angle**2),
        "speed": -(state.angular_velocity**2),
        "effort": -xp.sum(action**2),
    }
