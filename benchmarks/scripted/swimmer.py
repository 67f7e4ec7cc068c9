"""A wave of bends that travels from the first joint to the second."""

import numpy as np

PERIOD = 40
LAG = 0.7
BEND = 1.0


def player(env):
    """The policy of one episode, which counts its timesteps."""
    clock = iter(range(10**6))

    def act(fields):
        phase = 2 * np.pi * next(clock) / PERIOD
        wanted = BEND * np.sin([phase, phase - LAG])
        torque = 4.0 * (wanted - fields["joint_angles"]) - 0.3 * fields["joint_velocities"]
        return np.clip(torque, -1.0, 1.0)

    return act
