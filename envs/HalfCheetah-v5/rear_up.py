"""Rear up: nose up and steady, near where it began."""

CONTRACT = 1
PARAMS = {"upright_pitch": -1.5, "pitch_scale": 1.0}
WEIGHTS = {"nose_up": 1.0, "still": 0.02, "stay": 0.1, "effort": 0.02}


def reward(state, action, xp, *, initial, params):
    off_upright = xp.wrap_angle(state.torso_pitch - params.upright_pitch)
    return {
        "nose_up": xp.gaussian(off_upright, params.pitch_scale),
        "still": -xp.abs(state.pitch_velocity),
        "stay": -xp.abs(state.x_position - initial.x_position),
        "effort": -xp.sum(action**2),
    }
