"""Lie down on the back: turn over, then lie still without effort, feet up."""

CONTRACT = 1
WEIGHTS = {"over": 1.0, "turning": 0.3, "still": 0.5, "effort": 0.1}


def reward(state, action, xp):
    is_over = xp.where(state.upright < -0.8, 1.0, 0.0)
    turning = xp.norm(state.angular_velocity[0:2])
    return {
        "over": -state.upright,
        "turning": (1.0 - is_over) * xp.tanh(0.3 * turning),
        "still": is_over * xp.gaussian(xp.norm(state.joint_velocities), 2.0),
        "effort": -is_over * xp.sum(action**2),
    }
