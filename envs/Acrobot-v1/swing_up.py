"""Swing up: the tip's height as potential, and every step costs until the line is passed."""

CONTRACT = 1
WEIGHTS = {"line": 10.0, "time": 0.1}


def reward(state, action, xp):
    return {
        "line": xp.where(state.tip_height > state.line_height, 1.0, 0.0),
        "time": -1.0,
    }


def potential(state, xp):
    return state.tip_height + 0.05 * state.upper_velocity**2
