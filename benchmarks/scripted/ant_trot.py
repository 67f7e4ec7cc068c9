"""A trot: diagonal legs swing together; the strides of one side shorten to keep the heading.

The constants of a gait were found by a search over a few hundred (the cross-entropy method).
"""

from dataclasses import dataclass

import numpy as np

LEFT = np.array([1, 1, -1, -1])
"""Front left, back left, back right, front right, as in the fields."""


@dataclass(frozen=True, kw_only=True)
class Gait:
    """What a search may choose."""

    period: float
    phase: float
    swing: float
    up: float
    down: float
    stiffness: float
    damping: float
    turn: float

    def torques(self, phase, astray, angles, velocities, front=0):
        """Torques of hip and ankle, leg by leg, in the order of LEFT.

        It heads `astray` to the left. The ant is the same on all four sides: `front` is how many
        quarter turns to the left of its own front the one is that goes ahead.
        """
        phase = phase + np.array([0.0, np.pi, 0.0, np.pi])
        strides = self.swing * (1 + np.clip(self.turn * astray, -0.8, 0.8) * LEFT)
        lifts = 0.5 - 0.5 * np.tanh(3 * np.sin(phase + self.phase))
        hips = np.roll(strides * LEFT * np.cos(phase), front)
        ankles = np.roll(self.up + (self.down - self.up) * lifts, front) * (1, -1, -1, 1)
        wanted = np.stack([hips, ankles], axis=1)
        torques = self.stiffness * (wanted.ravel() - angles) - self.damping * velocities
        return np.clip(torques, -1.0, 1.0)


FAST = Gait(
    period=10.7,
    phase=-0.69,
    swing=0.54,
    up=0.87,
    down=1.16,
    stiffness=1.0,
    damping=0.075,
    turn=0.35,
)


def straight(gait):
    """Makes the policy of one episode that keeps to the track."""
    clock = iter(range(1, 10**6))

    def act(fields):
        phase = 2 * np.pi * next(clock) / gait.period
        astray = fields["heading"] + 0.2 * np.clip(fields["y_position"], -2, 2)
        angles = np.stack([fields["hip_angles"], fields["ankle_angles"]], axis=1).ravel()
        torques = gait.torques(phase, astray, angles, fields["joint_velocities"])
        return np.roll(torques, 2)  # the motors begin with the front right leg

    return act


def player(env):
    """The policy of one episode."""
    return straight(FAST)
