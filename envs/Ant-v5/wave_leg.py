"""Wave a leg: front left foot up and its hip swinging; the others standing, on the spot."""

CONTRACT = 1
PARAMS = {"enough": 2.0}
WEIGHTS = {"wave": 1.0, "up": 1.0, "stand": 1.0, "upright": 1.0, "away": 0.5, "fall": 20.0}


def reward(state, action, xp, *, initial, terminated, params):
    others = (
        xp.number(state.back_left_foot_on_ground)
        + xp.number(state.back_right_foot_on_ground)
        + xp.number(state.front_right_foot_on_ground)
    )
    is_up = xp.where(state.front_left_foot_on_ground, 0.0, 1.0)
    swing = xp.minimum(xp.abs(state.joint_velocities[0]), params.enough)
    away = xp.hypot(state.x_position - initial.x_position, state.y_position - initial.y_position)
    return {
        "wave": is_up * swing,
        "up": is_up,
        "stand": others / 3.0,
        "upright": state.upright,
        "away": -xp.minimum(away, 3.0),
        "fall": xp.where(terminated, -1.0, 0.0),
    }
