"""A gait of two roles: one leg stands and holds the torso's tilt, the other swings ahead.

The legs only bend backward from the torso, so that it leans back. The roles change by the clock,
and the feet do not matter to it. The constants were found by a search (the
cross-entropy method, some minutes) for a steady metre per second.
"""

import numpy as np

PERIOD = 33
"""Timesteps of one step."""
THIGHS, KNEES, FOOT, PUSHES = (0.883, 0.596), (-1.032, -0.111), 0.358, 0.016
"""Angles of the swinging leg, its thigh against the vertical; the last timestep's; the feet's."""
SPEED, PER_SPEED, PER_TILT = 1.176, -0.035, -0.45
TILT, UPRIGHT, UPRIGHT_RATE = -0.384, 2.83, 0.27
STIFFNESS, DAMPING, FOOT_STIFFNESS = 2.968, 0.141, 1.193


def player(env):
    """The policy of one episode, which counts its timesteps."""
    clock = iter(range(10**6))

    def act(fields):
        timestep = next(clock)
        swing, is_last = timestep // PERIOD % 2, timestep % PERIOD == PERIOD - 1
        stand = 1 - swing
        angles = fields["joint_angles"].reshape(2, 3)
        velocities = fields["joint_velocities"].reshape(2, 3)
        tilt, speed = fields["torso_pitch"], fields["forward_velocity"]
        ahead = THIGHS[is_last] + PER_SPEED * (speed - SPEED)
        wanted = np.zeros((2, 3))
        wanted[swing] = ahead + (1 + PER_TILT) * tilt, KNEES[is_last], FOOT
        wanted[stand] = 0.0, 0.0, PUSHES if is_last else FOOT
        stiffness = np.full((2, 3), STIFFNESS)
        stiffness[stand, 1] *= 2
        stiffness[:, 2] = FOOT_STIFFNESS
        torques = stiffness * (wanted - angles) - (DAMPING, DAMPING, 0.1) * velocities
        torques[stand, 0] = -UPRIGHT * (tilt - TILT) - UPRIGHT_RATE * fields["pitch_velocity"]
        return np.clip(torques.ravel(), -1.0, 1.0)

    return act
