"""Get nearer to a cow, then keep close to it."""

CONTRACT = 1
WEIGHTS = {"progress": 0.2, "close": 0.1, "death": 5.0}


def reward(state, previous, terminated, xp):
    return {
        "progress": previous.cow_distance - state.cow_distance,
        "close": state.cow_distance < 2.5,
        "death": -xp.number(terminated),
    }
