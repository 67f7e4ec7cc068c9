"""Presses the left corner of the hand into the cylinder, from behind, and follows it to the goal.

The cylinder weighs next to nothing, so that its contact is soft: the corner, where the bar and a
prong of the hand press together, sinks in, and what it pushes creeps. Stopping there is easy.
"""

import mujoco
import numpy as np

REST = np.array([1.2, 0.8, 1.3, -1.4, 0.8, -0.5, 1.0])
OPENING = np.array([0.9, -0.4, 0.0])
"""Where the hand's prongs point: away from the cylinder."""


def player(env):
    """The policy of one episode in this environment."""
    model, data = env.unwrapped.model, env.unwrapped.data
    hand = model.body("tips_arm").id

    def act(fields):
        corner = fields["fingertip"] + 0.1 * data.xmat[hand].reshape(3, 3)[:, 1]
        cylinder = fields["object"]
        way = np.append(fields["goal"][:2] - cylinder[:2], 0.0)
        far = np.linalg.norm(way)
        behind = cylinder - (0.02 if far > 0.03 else 0.1) * way / max(far, 1e-6)
        return _torques(model, data, hand, corner, behind - corner)

    return act


def _torques(model, data, hand, corner, way):
    """Torques that move the corner and hold the hand level."""
    axes = data.xmat[hand].reshape(3, 3)
    move, turn = np.zeros((3, model.nv)), np.zeros((3, model.nv))
    mujoco.mj_jac(model, data, move, turn, corner, hand)
    speed = 6.0 * way * min(1.0, 0.15 / max(1e-9, np.linalg.norm(way)))
    level = 2.0 * np.cross(axes[:, 2], (0.0, 0.0, 1.0))
    level[2] = np.cross(axes[:, 0], OPENING)[2]
    weights = np.array([1.0, 1.0, 1.0, 0.2, 0.2, 0.1])[:, None]
    rows = weights * np.vstack([move, turn])[:, :7]
    inverse = rows.T @ np.linalg.inv(rows @ rows.T + 0.001 * np.eye(6))
    joints = inverse @ (weights[:, 0] * np.append(speed, level))
    joints += (np.eye(7) - inverse @ rows) @ (1.0 * (REST - data.qpos[:7]))
    inertia = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, inertia, data.qM)
    change = inertia[:7, :7] @ (joints - data.qvel[:7])
    return np.clip(model.dof_damping[:7] * data.qvel[:7] + 8.0 * change, -2.0, 2.0)
