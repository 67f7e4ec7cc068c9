"""Swim forward: speed along the track, less effort."""

CONTRACT = 1
WEIGHTS = {"forward": 1.0, "effort": 0.0001}


def reward(state, action, xp):
    return {
        "forward": state.forward_velocity,
        "effort": -xp.sum(action**2),
    }
