"""Balance: every step with the pole up, more near the centre and upright; little force."""

CONTRACT = 1
WEIGHTS = {"alive": 1.0, "tilt": 5.0, "central": 0.3, "effort": 0.01, "fall": 10.0}


def reward(state, action, xp, *, terminated):
    return {
        "alive": 1.0,
        "tilt": -xp.abs(state.pole_angle),
        "central": -(state.cart_position**2),
        "effort": -xp.sum(action**2),
        "fall": xp.where(terminated, -1.0, 0.0),
    }
