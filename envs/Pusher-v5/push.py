"""Push the cylinder: fingertips to it, the cylinder to the goal; little effort."""

CONTRACT = 1
WEIGHTS = {"goal": 2.0, "on_goal": 0.5, "near": 1.0, "effort": 0.02}


def reward(state, action, xp):
    gap = xp.norm(state.object[0:2] - state.goal[0:2])
    return {
        "goal": -gap,
        "on_goal": xp.gaussian(gap, 0.08),
        "near": -xp.norm(state.fingertip - state.object),
        "effort": -xp.sum(action**2),
    }
