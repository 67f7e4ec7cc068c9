"""Get nearer to two cells from a tree, then stay there alive."""

CONTRACT = 1
WEIGHTS = {"progress": 0.2, "there": 0.1, "death": 5.0}


def reward(state, previous, terminated, xp):
    return {
        "progress": xp.abs(previous.tree_distance - 2.0) - xp.abs(state.tree_distance - 2.0),
        "there": xp.abs(state.tree_distance - 2.0) < 0.5,
        "death": -xp.number(terminated),
    }
