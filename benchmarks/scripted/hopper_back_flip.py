"""The flip of hopper_flip.py, backward."""

from scripted.hopper_flip import Flip

FLIP = Flip(
    forward=-1,
    crouch=(-0.245, -1.024, 0.4009),
    crouch_until=26,
    lean=(-0.9357, -0.9048, 1.283),
    lean_until=39,
    leap=(0.1603, 1, -1),
    leap_until=59,
    tuck=(-1.428, -2.624, 0.9579),
    tuck_until=6.229,
    land=(-0.2659, -0.657, 0.02585),
    balance=(0.3403, 0.1177, 0.3105),
)


def player(env):
    """The policy of one episode."""
    return FLIP.player()
