"""Pay every cell that is gone clockwise, and charge every one gone back."""

CONTRACT = 1
WEIGHTS = {"onward": 1.0}


def reward(state, previous):
    return {"onward": state.travelled - previous.travelled}
