"""Make room: the left lane before the ramp joins, the right one behind it; ahead, and no crash."""

CONTRACT = 1
WEIGHTS = {"ahead": 1.0, "lane": 1.0, "crash": 5.0}


def reward(state, action, xp, *, previous):
    is_behind = state.position[0] > 300
    wanted = xp.where(is_behind, state.lanes - 1, 0)
    return {
        "ahead": (state.position[0] - previous.position[0]) / 30.0,
        "lane": xp.where(state.lane == wanted, 1.0, 0.0),
        "crash": xp.where(state.crashed, -1.0, 0.0),
    }
