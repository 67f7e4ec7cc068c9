# state: quadruped
# original: numpy step
import numpy as np


def reward(state, action, previous_action):
    """Walk with all four legs sharing the work."""
    # average height of the feet that are in the air
    heights = [foot[2] for foot in state.feet]
    in_air = [1.0 - float(c) for c in state.foot_contacts]
    clearance = sum(h * a for h, a in zip(heights, in_air)) / max(sum(in_air), 1.0)

    # load sharing: the largest force against the mean
    load = max(state.foot_forces) / (np.mean(state.foot_forces) + 1e-6)

    # torque per leg
    leg_torque = [np.sum(np.abs(state.torques[3 * i:3 * i + 3])) for i in range(4)]
    imbalance = max(leg_torque) - min(leg_torque)

    # centre of the feet below the body
    centre = sum(state.feet) / 4
    offset = np.linalg.norm(centre[:2] - state.position[:2])

    rate = np.abs(action - previous_action).max()
    return {
        "clearance": np.clip(clearance, 0, 0.1) * 10,
        "load": -0.1 * load,
        "imbalance": -0.01 * imbalance,
        "support": -offset,
        "rate": -0.05 * rate,
        "forward": np.clip(state.linear_velocity[0], -1, 1),
    }
