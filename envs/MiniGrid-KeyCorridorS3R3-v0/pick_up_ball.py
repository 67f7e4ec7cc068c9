"""Get nearer to what is next: the key, the locked door, the ball with free hands."""

CONTRACT = 1
WEIGHTS = {"progress": 0.1, "ball": 1.0, "time": 0.01}


def remaining(s, xp):
    return xp.staged(
        [
            (s.carrying_ball, 0.0),
            (xp.logical_and(s.door_open, xp.logical_not(s.carrying_key)), 10.0 + s.ball_distance),
            (s.door_open, 20.0 + s.ball_distance),
            (s.carrying_key, 40.0 + s.door_distance),
        ],
        60.0 + s.key_distance,
    )


def reward(state, previous, xp):
    return {
        "progress": remaining(previous, xp) - remaining(state, xp),
        "ball": state.carrying_ball,
        "time": -1.0,
    }
