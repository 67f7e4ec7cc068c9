"""Turn over: pitch forward onto the back, nose down first, then lie still."""

CONTRACT = 1
WEIGHTS = {"tilt": 1.0, "over": 1.0, "turning": 0.2, "still": 0.3, "effort": 0.01}


def reward(state, action, xp):
    missing = xp.abs(state.torso_pitch - xp.pi)
    is_over = xp.where(missing < 0.7, 1.0, 0.0)
    return {
        "tilt": -missing,
        "over": is_over,
        "turning": xp.where(missing < 0.7, 0.0, xp.tanh(state.pitch_velocity)),
        "still": -is_over * xp.abs(state.forward_velocity),
        "effort": -xp.sum(action**2),
    }
