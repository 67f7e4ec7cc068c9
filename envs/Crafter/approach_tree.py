"""Get nearer to two cells from a tree, then stay there; where none is in view, walk on."""

CONTRACT = 1
WEIGHTS = {"progress": 0.5, "there": 0.1, "search": 0.05}


def reward(state, previous, initial, xp):
    away = xp.norm(state.position - initial.position)
    before = xp.norm(previous.position - initial.position)
    return {
        "progress": xp.abs(previous.tree_distance - 2.0) - xp.abs(state.tree_distance - 2.0),
        "there": xp.abs(state.tree_distance - 2.0) < 0.5,
        "search": xp.where(previous.tree_distance > 9.5, away - before, 0.0),
    }
