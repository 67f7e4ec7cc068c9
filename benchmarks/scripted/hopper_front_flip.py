"""The flip of hopper_flip.py, forward."""

from scripted.hopper_flip import Flip

FLIP = Flip(
    forward=1,
    crouch=(-0.7492, -1.21, 0.9324),
    crouch_until=29,
    lean=(-1.216, -0.9414, 0.4188),
    lean_until=39,
    leap=(1, 1, 0.6062),
    leap_until=59,
    tuck=(-0.6446, -2.628, 0.5944),
    tuck_until=4.029,
    land=(-0.3395, -0.6869, 0.05661),
    balance=(0.6772, 0.2535, 0.109),
)


def player(env):
    """The policy of one episode."""
    return FLIP.player()
