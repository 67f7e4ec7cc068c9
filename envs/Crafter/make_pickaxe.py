"""Get on with what is next: wood, a table, the pickaxe."""

CONTRACT = 1
WEIGHTS = {"progress": 0.2, "log": 1.0, "table": 4.0, "pickaxe": 10.0, "death": 5.0}


def needed(s, xp):
    # A table takes wood as well, which must not look like a loss.
    return xp.where(s.table_distance < 9.5, 1.0, 3.0)


def reward(state, previous, terminated, xp):
    had, has = xp.minimum(previous.wood, 3.0), xp.minimum(state.wood, 3.0)
    built = xp.number(state.table_distance < 1.5) - xp.number(previous.table_distance < 1.5)
    lacks = state.wood < needed(state, xp)
    nearer = previous.tree_distance - state.tree_distance
    return {
        "progress": xp.where(lacks, nearer, 0.0),
        "log": xp.maximum(has - had, 0.0),
        "table": built,
        "pickaxe": xp.minimum(state.wood_pickaxe, 1) - xp.minimum(previous.wood_pickaxe, 1),
        "death": -xp.number(terminated),
    }
