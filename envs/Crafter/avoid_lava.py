"""Get away from the start, and charge being near lava more the nearer it is."""

CONTRACT = 1
WEIGHTS = {"away": 0.5, "lava": 1.0, "death": 10.0}


def reward(state, previous, initial, terminated, xp):
    went = xp.distance(state.position, initial.position)
    return {
        "away": went - xp.distance(previous.position, initial.position),
        "lava": -xp.maximum(4.0 - state.lava_distance, 0.0),
        "death": -xp.number(terminated),
    }
