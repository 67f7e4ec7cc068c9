"""Hop forward: speed, and staying alive; little effort."""

CONTRACT = 1
WEIGHTS = {"forward": 1.0, "alive": 1.0, "effort": 0.001}


def reward(state, action, xp, *, terminated):
    return {
        "forward": state.forward_velocity,
        "alive": xp.where(terminated, 0.0, 1.0),
        "effort": -xp.sum(action**2),
    }
