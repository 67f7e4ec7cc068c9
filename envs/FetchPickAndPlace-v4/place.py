"""Pick and place: open above the cube, go down round it, close, carry it to the goal."""

CONTRACT = 1
PARAMS = {"near": 0.05, "grasp": 0.02}
WEIGHTS = {"reach": 1.0, "grasp": 0.5, "carry": 3.0, "near": 3.0}


def reward(state, action, xp, *, params):
    reach = xp.norm(state.gripper - state.object)
    distance = xp.norm(state.object - state.goal)
    holds = state.right_touches and state.left_touches and reach < params.grasp
    carried = xp.where(holds, 1.0, 0.0)
    return {
        "reach": -reach,
        "grasp": carried,
        "carry": carried * xp.exp(-5.0 * distance) - 0.2 * distance,
        "near": xp.gaussian(distance, params.near),
    }
