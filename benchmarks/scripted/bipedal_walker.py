"""A gait of two roles: one leg stands and holds the hull level, the other swings ahead.

The swinging leg bends, then stretches, and reaches further the faster the hull moves; when it
touches the ground, the roles change. The constants were found by a search (the cross-entropy
method, a minute).
"""

import numpy as np

SWING_HIPS, BENT, STRETCHED = (0.946, 0.444), -0.483, 0.155
"""Angles of the swinging leg: its hip early and late, its knee early and late."""
EARLY, LEAST = 16, 10
"""Timesteps that the leg swings bent; timesteps that it swings at least."""
SPEED, PER_SPEED, PER_TILT = 0.255, 0.756, -0.475
LEVEL, UPRIGHT, UPRIGHT_RATE = -0.038, 3.13, 2.83
STANDING, PUSHING, KNEE = 0.789, 0.834, 2.3
STIFFNESS, DAMPING = 3.0, 0.376


def player(env):
    """The policy of one episode, which remembers which leg swings, and since when."""
    swing, since = 0, 0

    def act(fields):
        nonlocal swing, since
        since += 1
        if (since > LEAST and fields["feet_contact"][swing]) or since > 60:
            swing, since = 1 - swing, 1
        stand, is_early = 1 - swing, since <= EARLY
        hips, knees = fields["hip_angles"], fields["knee_angles"]
        drags = DAMPING * np.stack([fields["hip_velocities"], fields["knee_velocities"]], axis=1)
        tilt = fields["hull_angle"]
        further = PER_SPEED * (fields["forward_velocity"] - SPEED) + PER_TILT * tilt
        speeds = np.zeros((2, 2))
        speeds[swing, 0] = SWING_HIPS[0 if is_early else 1] + further - hips[swing]
        speeds[swing, 1] = (BENT if is_early else STRETCHED) - knees[swing]
        speeds[swing] = STIFFNESS * speeds[swing] - drags[swing]
        pushes = not is_early and hips[stand] < 0.1
        straight = PUSHING if pushes else STANDING
        upright = UPRIGHT * (tilt - LEVEL) + UPRIGHT_RATE * fields["hull_angular_velocity"]
        speeds[stand] = upright, KNEE * (straight - knees[stand]) - drags[stand, 1]
        return np.clip(speeds.ravel(), -1.0, 1.0)

    return act
