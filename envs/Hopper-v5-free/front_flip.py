"""Do a front flip: turn over forward before more than the foot touches ground; then stand."""

CONTRACT = 1
WEIGHTS = {"turn": 5.0, "air": 0.5, "stand": 2.0, "lie": 0.3}


def reward(state, action, xp, *, previous, initial):
    turned = state.torso_pitch - initial.torso_pitch
    lies = state.torso_on_ground or state.thigh_on_ground
    is_over = turned > 5.7
    gained = xp.minimum(turned, 6.28) - xp.minimum(previous.torso_pitch - initial.torso_pitch, 6.28)
    is_flying = not state.on_ground and not lies and not is_over
    return {
        "turn": xp.where(lies, 0.0, gained),
        "air": xp.where(is_flying, 1.0, 0.0),
        "stand": xp.where(is_over and not lies, xp.cos(state.torso_pitch), 0.0),
        "lie": -xp.where(lies, 1.0, 0.0),
    }
