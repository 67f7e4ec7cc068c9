"""Get nearer to the goal, by any way but lava."""

CONTRACT = 1
WEIGHTS = {"progress": 0.1, "goal": 1.0, "lava": 1.0, "time": 0.01}


def reward(state, previous, xp):
    return {
        "progress": previous.goal_distance - state.goal_distance,
        "goal": state.goal_distance < 0.5,
        "lava": -xp.number(state.lava_distance < 0.5),
        "time": -1.0,
    }
