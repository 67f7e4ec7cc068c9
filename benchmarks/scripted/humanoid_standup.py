"""Stands up by looking ahead: wants head and hips high, and the feet below its weight."""

import numpy as np
from scripted.foresight import Foresight, Seen

HEAD, HIPS, FOOT = 1.34, 0.84, 0.08
"""Heights when it stands."""


def player(env):
    """The policy of one episode."""
    return Foresight(env, dear, n_plans=64, symmetric=0.5).act


def dear(seen: Seen) -> np.ndarray:
    """What each timestep costs; stillness counts once the head is high."""
    right, left = seen.places["right_foot"], seen.places["left_foot"]
    head, hips = seen.places["head"][..., 2], seen.places["butt"][..., 2]
    beside = np.linalg.norm((seen.mass - (right + left) / 2)[..., :2], axis=-1)
    lifted = np.maximum(right[..., 2] - FOOT, 0) + np.maximum(left[..., 2] - FOOT, 0)
    # this body was modelled lying down: its own x axis points to its feet
    leans = [1 + seen.axes[body][..., 2, 0] for body in ("torso", "pelvis")]
    stands = np.clip((head - 0.9) / 0.3, 0, 1)
    restless = 2 * np.linalg.norm(seen.velocity, axis=-1)
    restless += 0.05 * np.square(seen.qpos[..., 7:]).sum(axis=-1)
    return (
        10 * np.maximum(HEAD - head, 0)
        + 6 * np.clip(HIPS - hips, 0, 1)
        + 8 * np.minimum(beside, 0.8)
        + 2 * leans[0]
        + leans[1]
        + 4 * lifted
        + stands * restless
        + 0.01 * np.square(seen.qvel[..., 6:]).mean(axis=-1)
    )
