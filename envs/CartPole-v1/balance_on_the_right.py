"""Balance one metre right of the centre: come near slowly, stay there, never let the pole fall."""

CONTRACT = 1
PARAMS = {"goal": 1.0}
WEIGHTS = {"near": 1.0, "exact": 0.5, "alive": 1.5, "tilt": 0.5, "fall": 20.0}


def reward(state, action, xp, *, terminated, params):
    distance = xp.abs(state.cart_position - params.goal)
    return {
        "near": -distance,
        "exact": xp.gaussian(distance, 0.2),
        "alive": 1.0,
        "tilt": -xp.abs(state.pole_angle) / 0.21,
        "fall": xp.where(terminated, -1.0, 0.0),
    }
