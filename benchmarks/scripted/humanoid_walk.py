"""Walks by looking ahead: wants speed, an upright body, and the feet where the weight is going."""

import numpy as np
from scripted.foresight import Foresight, Seen

SPEED = 1.0
HEAD = 1.52


def player(env):
    """The policy of one episode."""
    return Foresight(env, dear, n_plans=128, symmetric=0.1).act


def dear(seen: Seen) -> np.ndarray:
    """What each timestep costs."""
    velocity, head = seen.velocity, seen.places["head"][..., 2]
    feet = (seen.places["right_foot"] + seen.places["left_foot"]) / 2
    ahead = seen.mass + 0.15 * velocity
    torso, pelvis = seen.axes["torso"], seen.axes["pelvis"]
    return (
        3 * np.square(velocity[..., 0] - SPEED)
        + 2 * np.square(velocity[..., 1])
        + np.abs(seen.qpos[..., 1])
        + 30 * np.maximum(HEAD - head, 0)
        + 8 * (1 - torso[..., 2, 2])
        + 3 * (1 - pelvis[..., 2, 2])
        + 3 * (1 - torso[..., 0, 0])
        + 6 * np.linalg.norm((feet - ahead)[..., :2], axis=-1)
        + 0.05 * np.square(seen.qpos[..., 7:]).sum(axis=-1)
        + 0.01 * np.square(seen.qvel[..., 6:]).mean(axis=-1)
    )
