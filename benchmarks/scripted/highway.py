"""Fast behind nobody: brake in time, and go round on the lane with the longest gap ahead."""

import numpy as np


def act(fields):
    """An action for one timestep's fields."""
    ahead, closing = fields["gap_ahead"], fields["closing_ahead"]
    behind, coming = fields["gap_behind"], fields["closing_behind"]
    if abs(fields["lane_offset"]) > 0.5:  # still changing lanes
        return 4 if closing[1] > 0 and ahead[1] < 10 + 2.0 * closing[1] else 1
    is_free = (ahead > 12 + 2.5 * np.maximum(closing, 0)) & (
        behind > 10 + 2 * np.maximum(coming, 0)
    )
    worth = ahead - 5.0 * closing
    side = 0 if worth[0] > worth[2] else 2
    for way in (side, 2 - side):
        if ahead[1] < 60 and is_free[way] and worth[way] > worth[1] + 10:
            return way
    if ahead[1] < 12 + 2.5 * closing[1]:
        return 4
    return 3 if ahead[1] > 30 + 3 * closing[1] else 1
