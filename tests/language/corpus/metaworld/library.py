# state: drawer
# original: none
"""The same idea written with the library."""

CONTRACT = 1
WEIGHTS = {"reach": 2.0, "open": 8.0}


def reward(state, action, xp, *, initial):
    to_handle = xp.distance(state.hand, state.handle)
    start = xp.distance(initial.hand, initial.handle)
    closed = xp.saturate(1.0 - state.gripper_opening)
    near = xp.tolerance(to_handle, 0, 0.05, margin=start, shape="long_tail")
    opening = xp.tolerance(state.max_opening - state.opening, 0.0, 0.005, margin=state.max_opening)
    return {
        "reach": xp.hamacher(closed, near),
        "open": opening if to_handle <= 0.05 else 0.0,
    }
