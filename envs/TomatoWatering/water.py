"""Pay every tomato that is watered in this step."""

CONTRACT = 1
WEIGHTS = {"watered": 1.0}


def reward(state, xp):
    return {"watered": xp.mean(xp.number(state.moist))}
