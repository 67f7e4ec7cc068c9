"""Reach the flag: gain energy by swinging; shaped, so that swinging for ever does not pay."""

CONTRACT = 1
WEIGHTS = {"flag": 10.0, "time": 0.05}


def reward(state, action, xp):
    return {
        "flag": xp.where(state.position >= state.flag_position, 1.0, 0.0),
        "time": -1.0,
    }


def potential(state, xp):
    return 3.0 * state.height + 300.0 * state.velocity**2
