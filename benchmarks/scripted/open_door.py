"""Lays the palm on the latch's lever, turns both down, and flings the door with hooked fingers.

The arm does not reach as far as the door opens, so that the fingers let go while it swings. The
palm goes where the lever should be at that time: along an arc about the latch, then about the
hinge. The constants were found by a search (the cross-entropy method, some minutes).
"""

import mujoco
import numpy as np

REACH, ABOVE, PRESSED, BEFORE = 0.103, 0.0217, -0.0725, -0.0173
"""Where the palm is on the lever: from its pivot, over it at first and then, before it."""
PLACED, ON_LEVER, TURNED, OPENED = 27.1, 50.2, 91.3, 166.7
"""Timesteps by which each part ends; the door's is never reached."""
LET_GO = 132
TURN, OPEN, ASIDE = 1.805, 2.102, 0.138
"""How far it turns the lever and the door, in rad; how far to the right it goes meanwhile."""
CURL, THUMB, WRIST, WRIST_OPENING, ROLL, ROLL_OPENING = 0.805, 0.485, -0.403, 0.196, -0.045, -0.326
STIFFNESS = np.array([1500.0, 400.0, 400.0, 150.0])
DAMPING = np.array([120.0, 25.0, 25.0, 0.0])


def player(env):
    """The policy of one episode, which counts its timesteps."""
    model, data = env.unwrapped.model, env.unwrapped.data
    low, high = model.actuator_ctrlrange.T
    grasp = model.site("S_grasp").id
    pivot = data.body("latch").xpos.copy()
    hinge = data.xanchor[model.joint("door_hinge").id].copy()
    clock = iter(range(1, 10**6))

    def act(fields):
        timestep = next(clock)
        placed = np.clip((timestep - PLACED) / (ON_LEVER - PLACED), 0, 1)
        turned = np.clip((timestep - ON_LEVER) / (TURNED - ON_LEVER), 0, 1)
        opened = np.clip((min(timestep, LET_GO) - TURNED) / (OPENED - TURNED), 0, 1)
        over = ABOVE + placed * (PRESSED - ABOVE)
        on_latch = _turned((REACH, over), -TURN * turned)
        place = pivot + np.array([on_latch[0], BEFORE - 0.15, on_latch[1]])
        place[:2] = hinge[:2] + _turned((place - hinge)[:2], OPEN * opened)
        place[0] += ASIDE * opened
        slope = np.zeros((3, model.nv))
        mujoco.mj_jacSite(model, data, slope, None, grasp)
        square = slope[:, :3] @ slope[:, :3].T + 0.001 * np.eye(3)
        away = slope[:, :3].T @ np.linalg.solve(square, place - data.site_xpos[grasp])
        roll = np.clip(ROLL + TURN * turned + ROLL_OPENING * opened, -1, 2)
        away = np.clip(np.append(away, roll - data.qpos[3]), -0.3, 0.3)
        wanted = np.zeros(model.nu)
        forces = data.qfrc_bias[:4] + STIFFNESS * away - DAMPING * data.qvel[:4]
        wanted[:4] = (forces + 200 * data.qpos[:4]) / 500  # a motor pulls with 500 a - 200 q
        wanted[4:6] = WRIST_OPENING * opened, WRIST
        for finger in (7, 11, 15, 20):
            wanted[finger : finger + 3] = 1.6 * CURL * placed * (timestep < LET_GO)
        wanted[24] = THUMB
        return np.clip(2 * (wanted - low) / (high - low) - 1, -1.0, 1.0)

    return act


def _turned(point, angle):
    """A point of a plane, turned from its first axis to its second."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([cosine * point[0] - sine * point[1], sine * point[0] + cosine * point[1]])
