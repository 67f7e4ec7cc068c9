"""Open the door: palm to the handle, latch down, door open."""

CONTRACT = 1
WEIGHTS = {"reach": 1.0, "latch": 1.0, "open": 5.0, "calm": 0.00001}


def reward(state, action, xp):
    return {
        "reach": -xp.norm(state.palm - state.handle),
        "latch": xp.clip(state.latch_angle, 0.0, 1.57),
        "open": xp.clip(state.door_angle, 0.0, 1.57),
        "calm": -xp.sum(state.joint_velocities**2),
    }
