"""Run forward: speed, less effort and turning over."""

CONTRACT = 1
WEIGHTS = {"forward": 1.0, "level": 0.2, "effort": 0.05}


def reward(state, action, xp):
    return {
        "forward": state.forward_velocity,
        "level": xp.cos(state.torso_pitch),
        "effort": -xp.sum(action**2),
    }
