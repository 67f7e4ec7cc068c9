"""Moves what the motors hold until every fingertip is at its goal, by the fingertips' Jacobian."""

import mujoco
import numpy as np

TIPS = [f"robot0:S_{finger}tip" for finger in ("ff", "mf", "rf", "lf", "th")]
GAIN, DAMPING = 0.5, 0.02


def player(env):
    """The policy of one episode, which remembers the angles that it asks for."""
    model, data = env.unwrapped.model, env.unwrapped.data
    low, high = model.actuator_ctrlrange.T
    sites = [model.site(name).id for name in TIPS]
    held = data.actuator_length.copy()

    def act(fields):
        nonlocal held
        slopes = np.vstack([_slope(model, data, site) for site in sites])
        slopes = slopes @ np.linalg.pinv(_moments(model, data))
        away = fields["goal"] - fields["fingertips"]
        square = slopes.T @ slopes + DAMPING**2 * np.eye(len(held))
        held = np.clip(held + GAIN * np.linalg.solve(square, slopes.T @ away), low, high)
        return np.clip(2 * (held - low) / (high - low) - 1, -1.0, 1.0)

    return act


def _slope(model, data, site):
    """How a fingertip moves with the joints, shape (3, nv)."""
    slope = np.zeros((3, model.nv))
    mujoco.mj_jacSite(model, data, slope, None, site)
    return slope


def _moments(model, data):
    """How what a motor measures moves with the joints, shape (nu, nv)."""
    moments = np.zeros((model.nu, model.nv))
    layout = (data.moment_rownnz, data.moment_rowadr, data.moment_colind)
    mujoco.mju_sparse2dense(moments, data.actuator_moment, *layout)
    return moments
