"""Get nearer to a tree, then stay beside it alive."""

CONTRACT = 1
WEIGHTS = {"progress": 0.2, "beside": 0.1, "death": 5.0}


def reward(state, previous, terminated, xp):
    return {
        "progress": previous.tree_distance - state.tree_distance,
        "beside": state.tree_distance < 1.5,
        "death": -xp.number(terminated),
    }
