"""Keep a gap ahead, be on the left lane where the ramp joins, on the right one behind it."""


def act(fields):
    """An action for one timestep's fields."""
    ahead, behind = fields["gap_ahead"], fields["gap_behind"]
    closing = fields["closing_ahead"][1]
    x, lane = fields["position"][0], fields["lane"]
    if x > 300 and lane < fields["lanes"] - 1 and ahead[2] > 10 and behind[2] > 10:
        return 2
    if lane > 0 and x <= 300 and ahead[0] > 15 and behind[0] > 12:
        return 0
    if ahead[1] < 20 or (closing > 0 and ahead[1] < 3 * closing):
        return 4
    return 3 if ahead[1] > 40 else 1
