"""Pay every touch of a buoy: meant to lead round the course, and had sooner beside one buoy."""

CONTRACT = 1
WEIGHTS = {"buoys": 1.0}


def reward(state, previous):
    return {"buoys": state.buoys_touched - previous.buoys_touched}
