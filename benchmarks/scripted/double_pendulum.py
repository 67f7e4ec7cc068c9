"""Linear feedback on the cart and both angles, with the gains of a linear-quadratic regulator."""

import numpy as np


def act(fields):
    """An action for one timestep's fields."""
    place = 0.21 * fields["cart_position"] + 0.31 * fields["cart_velocity"]
    lower = 1.81 * fields["lower_sine"] + 0.90 * fields["lower_velocity"]
    upper = 5.57 * fields["joint_sine"] + 0.85 * fields["joint_velocity"]
    return np.clip([-place - lower - upper], -1.0, 1.0)
