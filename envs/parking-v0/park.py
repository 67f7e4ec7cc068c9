"""Park: drive along a field of directions that leads onto the line into the spot, then down it."""

CONTRACT = 1
PARAMS = {"width": 8.0, "run_up": 12.0, "pace": 4.0}
WEIGHTS = {"follow": 1.0, "parked": 30.0, "crash": 30.0, "time": 1.0}


def reward(state, action, xp, *, terminated, params):
    to_goal, facing = state.to_goal, state.goal_heading
    along = -(to_goal[0] * xp.cos(facing) + to_goal[1] * xp.sin(facing))
    aside = to_goal[0] * xp.sin(facing) - to_goal[1] * xp.cos(facing)
    sideways = 0.5 * xp.pi * xp.clip(aside / params.width, -1.0, 1.0)
    is_missed = along > -params.run_up and abs(aside) > -along * params.width / params.run_up
    wanted = xp.where(is_missed, 1.5 * sideways, sideways)
    pace = xp.clip(state.speed / params.pace, -1.0, 1.0)
    return {
        "follow": xp.where(state.speed > 0.0, pace * xp.cos(state.turn_to_goal - wanted), pace),
        "parked": xp.where(terminated and not state.crashed, 1.0, 0.0),
        "crash": xp.where(state.crashed, -1.0, 0.0),
        "time": -1.0,
    }
