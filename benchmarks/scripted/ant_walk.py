"""The trot of ant_trot.py at one metre per second."""

from scripted.ant_trot import Gait, straight

SLOW = Gait(
    period=9.53,
    phase=-1.1,
    swing=0.37,
    up=0.8,
    down=1.33,
    stiffness=0.7,
    damping=0.114,
    turn=0.77,
)


def player(env):
    """The policy of one episode."""
    return straight(SLOW)
