"""Pumps energy: the motor turns the lower link with the swing of the upper one."""


def act(fields):
    """An action for one timestep's fields."""
    return 2 if fields["upper_velocity"] < 0 else 0
