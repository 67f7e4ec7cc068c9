# state: cheetah
# original: numpy step


def reward(state, action):
    forward = state.x_velocity
    penalties = []
    if state.height < 0.3:
        penalties.append(1.0)
    else:
        penalties.append(0.0)
    if abs(state.pitch) > 1.0:
        penalties.append(abs(state.pitch) - 1.0)
    else:
        penalties.append(0.0)
    n_feet = sum([1 for c in state.foot_contacts])
    in_air = not any(state.foot_contacts)
    joint_cost = sum(v * v for v in state.joint_velocities) / len(state.joint_velocities)
    return {
        "forward": forward,
        "penalty": -sum(penalties),
        "air": in_air * 0.1,
        "joints": -0.001 * joint_cost,
    }
