"""Reading state fields costs next to nothing."""

from rewardsmith.environments.cards import load_card
from rewardsmith.environments.speed import measure_speed


def test_reading_all_fields_of_half_cheetah_costs_little_of_a_step() -> None:
    # About 0.03 on a quiet machine; a busy one makes every measurement of time a loose one.
    shares = [measure_speed(load_card("HalfCheetah-v5")).field_share for _ in range(2)]
    assert min(shares) < 0.15
