"""Land: come nearer, slower and more upright in every step; a crash costs, rest on the pad pays."""

CONTRACT = 1
WEIGHTS = {
    "near": 10.0,
    "slow": 10.0,
    "level": 10.0,
    "rest": 10.0,
    "crash": 10.0,
    "main_engine": 0.03,
    "side_engine": 0.003,
}


def reward(state, action, xp, *, previous, terminated):
    gap = xp.hypot(state.x_position, state.height)
    speed = xp.hypot(state.x_velocity, state.vertical_velocity)
    stands = not state.hull_contact and xp.abs(state.height) < 0.05
    is_home = stands and xp.abs(state.x_position) < 0.2
    return {
        "near": xp.hypot(previous.x_position, previous.height) - gap,
        "slow": xp.hypot(previous.x_velocity, previous.vertical_velocity) - speed,
        "level": xp.abs(previous.angle) - xp.abs(state.angle),
        "rest": xp.where(terminated and is_home, 1.0, 0.0),
        "crash": xp.where(terminated and not is_home, -1.0, 0.0),
        "main_engine": -xp.where(action == 2, 1.0, 0.0),
        "side_engine": -xp.where(action == 1 or action == 3, 1.0, 0.0),
    }
