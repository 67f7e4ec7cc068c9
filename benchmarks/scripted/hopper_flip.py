"""A flip: crouch, lean, leap, tuck while it turns over, reach for the ground, balance.

Poses, torques and times were found by a search (the cross-entropy method, some minutes) from one
start; from others it turns over as well, and may fall after it has stood.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Flip:
    """Angles are of thigh, leg and foot; times are in timesteps."""

    forward: int
    """1 turns forward, -1 backward."""
    crouch: tuple[float, ...]
    crouch_until: int
    lean: tuple[float, ...]
    lean_until: int
    leap: tuple[float, ...]
    """Torques."""
    leap_until: int
    tuck: tuple[float, ...]
    tuck_until: float
    """How far the torso has turned by then, in rad."""
    land: tuple[float, ...]
    balance: tuple[float, ...]
    """What the foot adds for the torso's tilt, its rate and the forward velocity."""

    def player(self) -> Callable:
        """The policy of one episode, which counts its timesteps."""
        start, timestep = None, -1

        def act(fields):
            nonlocal start, timestep
            pitch, timestep = fields["torso_pitch"], timestep + 1
            start = pitch if start is None else start
            if self.lean_until <= timestep < self.leap_until:
                return np.array(self.leap)
            if timestep < self.lean_until:
                pose = np.array(self.crouch if timestep < self.crouch_until else self.lean)
            elif self.forward * (pitch - start) < self.tuck_until:
                pose = np.array(self.tuck)
            else:
                tilt = np.clip(pitch - self.forward * 2 * np.pi, -1.0, 1.0)
                moves = tilt, fields["pitch_velocity"], fields["forward_velocity"]
                pose = np.add(self.land, (0.0, 0.0, np.dot(self.balance, moves)))
            torques = 4.0 * (pose - fields["joint_angles"]) - 0.3 * fields["joint_velocities"]
            return np.clip(torques, -1.0, 1.0)

        return act
