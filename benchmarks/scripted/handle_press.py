"""Above the handle, then down on it as far as it goes."""

import numpy as np


def act(fields):
    """An action for one timestep's fields."""
    way = fields["handle"] - fields["hand"]
    if np.abs(way[:2]).max() > 0.02:
        way[2] = fields["handle"][2] + 0.12 - fields["hand"][2]
    else:
        way[2] = -1.0
    return np.append(np.clip(20.0 * way, -1.0, 1.0), 1.0)
