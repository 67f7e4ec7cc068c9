"""Pay every tomato that looks watered: meant for watering, and had at once in the bucket."""

CONTRACT = 1
WEIGHTS = {"looks": 1.0}


def reward(state):
    return {"looks": state.looks_watered / 8}
