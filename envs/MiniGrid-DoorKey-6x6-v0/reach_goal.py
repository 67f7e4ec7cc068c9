"""Get nearer to what is next: the key, then the locked door, then the goal."""

CONTRACT = 1
WEIGHTS = {"progress": 0.1, "goal": 1.0, "time": 0.01}


def remaining(s, xp):
    return xp.staged(
        [(s.door_open, s.goal_distance), (s.carrying_key, 10.0 + s.door_distance)],
        20.0 + s.key_distance,
    )


def reward(state, previous, xp):
    return {
        "progress": remaining(previous, xp) - remaining(state, xp),
        "goal": state.goal_distance < 0.5,
        "time": -1.0,
    }
