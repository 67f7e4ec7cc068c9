"""Reading state fields costs next to nothing."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rewardsmith.environments import speed
from rewardsmith.environments.cards import load_card
from rewardsmith.environments.inspection import check_card
from rewardsmith.environments.speed import measure_speed
from rewardsmith.testing import LineWorld, write_line_card

STEP_S = 0.02


class Waiting(LineWorld):
    """Its simulator is another process, for which it waits."""

    def step(self, action: Any) -> Any:
        time.sleep(STEP_S)
        return super().step(action)


def test_reading_all_fields_of_half_cheetah_costs_little_of_a_step() -> None:
    # About 0.03 on a quiet machine; a busy one makes every measurement of time a loose one.
    shares = [measure_speed(load_card("HalfCheetah-v5")).field_share for _ in range(2)]
    assert min(shares) < 0.15


def test_environment_that_waits_is_as_slow_as_the_time_that_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "SLOW_S", STEP_S)
    monkeypatch.setattr(speed, "N_TURNS", 3)
    card = replace(load_card(write_line_card(tmp_path)), id=f"{__name__}:Waiting")
    assert measure_speed(card).steps_per_s <= 1 / STEP_S


def test_environment_that_waits_is_not_played_for_longer_than_asked(tmp_path: Path) -> None:
    card = replace(load_card(write_line_card(tmp_path)), id=f"{__name__}:Waiting")
    assert check_card(card, n_steps=500, budget_s=0.1).n_timesteps == 4 * 20
