"""Get nearer to a tree, face it, and pay every log that is added."""

CONTRACT = 1
WEIGHTS = {"progress": 0.1, "face": 0.2, "log": 2.0, "death": 5.0}


def reward(state, previous, terminated, xp):
    return {
        "progress": previous.tree_distance - state.tree_distance,
        "face": xp.number(state.faces_tree) - xp.number(previous.faces_tree),
        "log": state.wood - previous.wood,
        "death": -xp.number(terminated),
    }
