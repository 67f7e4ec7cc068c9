"""Spin to the left: rate of turning, upright, on the spot."""

CONTRACT = 1
PARAMS = {"enough": 3.0}
WEIGHTS = {"turn": 1.0, "upright": 0.5, "away": 0.5, "drift": 0.3, "fall": 20.0, "effort": 0.02}


def reward(state, action, xp, *, initial, terminated, params):
    rate = xp.quat_rotate(state.orientation, state.angular_velocity)[2]
    away = xp.hypot(state.x_position - initial.x_position, state.y_position - initial.y_position)
    return {
        "turn": xp.where(state.upright > 0.5, xp.minimum(rate, params.enough), 0.0),
        "upright": state.upright,
        "away": -xp.minimum(away, 3.0),
        "drift": -xp.norm(state.velocity[0:2]),
        "fall": xp.where(terminated, -1.0, 0.0),
        "effort": -xp.sum(action**2),
    }
