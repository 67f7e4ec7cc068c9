"""Turn over: pitch forward onto the back, nose down first, then lie still without effort."""

CONTRACT = 1
WEIGHTS = {"over": 1.0, "turning": 0.3, "still": 0.5, "effort": 0.1}


def reward(state, action, xp):
    upside_down = -xp.cos(state.torso_pitch)
    is_over = xp.where(upside_down > 0.8, 1.0, 0.0)
    return {
        "over": upside_down,
        "turning": (1.0 - is_over) * xp.tanh(0.3 * state.pitch_velocity),
        "still": is_over * xp.gaussian(state.forward_velocity, 0.2),
        "effort": -is_over * xp.sum(action**2),
    }
