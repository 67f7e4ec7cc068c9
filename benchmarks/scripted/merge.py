"""Keep a gap ahead, make room for who comes from the ramp, else be fast."""


def act(fields):
    """An action for one timestep's fields."""
    ahead, behind = fields["gap_ahead"], fields["gap_behind"]
    closing = fields["closing_ahead"][1]
    if ahead[1] < 20 or (closing > 0 and ahead[1] < 3 * closing):
        return 0 if ahead[0] > ahead[1] + 5 and behind[0] > 12 else 4
    is_beside_ramp = 150 < fields["position"][0] < 310 and fields["lane"] == 1
    if is_beside_ramp and ahead[0] > 25 and behind[0] > 12:
        return 0
    return 3 if ahead[1] > 40 else 1
