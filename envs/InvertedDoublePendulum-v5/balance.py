"""Balance: every step with the tip high, poles and cart slow, near the centre."""

CONTRACT = 1
WEIGHTS = {"alive": 1.0, "high": 2.0, "central": 0.2, "speed": 0.01, "fall": 10.0}


def reward(state, action, xp, *, terminated):
    return {
        "alive": 1.0,
        "high": state.tip_height - 1.2,
        "central": -(state.cart_position**2),
        "speed": -(state.lower_velocity**2) - state.joint_velocity**2,
        "fall": xp.where(terminated, -1.0, 0.0),
    }
