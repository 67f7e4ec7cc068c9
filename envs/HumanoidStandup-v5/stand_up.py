"""Stand up: the head high, then the torso upright over the feet, slowly; little effort."""

CONTRACT = 1
WEIGHTS = {"high": 2.0, "upright": 0.5, "on_feet": 0.5, "slow": 0.02, "effort": 0.05}


def reward(state, action, xp):
    is_up = xp.ramp(state.head_height, 0.6, 1.3)
    feet = xp.where(state.right_foot_on_ground or state.left_foot_on_ground, 1.0, 0.0)
    return {
        "high": xp.clip(state.head_height, 0.0, 1.35),
        "upright": state.upright,
        "on_feet": is_up * feet,
        "slow": -is_up * xp.sum(state.velocity**2),
        "effort": -xp.sum(action**2),
    }
