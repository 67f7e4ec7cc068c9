"""Balance: every step with the pole up, more near the centre and upright."""

CONTRACT = 1
WEIGHTS = {"alive": 1.0, "upright": 1.0, "central": 0.2, "fall": 10.0}


def reward(state, action, xp, *, terminated):
    return {
        "alive": 1.0,
        "upright": -xp.abs(state.pole_angle) / 0.21,
        "central": -(state.cart_position**2),
        "fall": xp.where(terminated, -1.0, 0.0),
    }
