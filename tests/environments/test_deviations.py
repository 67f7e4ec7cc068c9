"""What an environment does otherwise than it says is told, and not held against its card."""

from pathlib import Path

import pytest

from rewardsmith.environments.cards import EnvCard, load_card, parse_card
from rewardsmith.environments.inspection import check_card

HOME = Path(__file__).parent / "drafting" / "home"
CARD = """
id: odd_robots:{name}
title: A point
description: A point on a line.
action: {{shape: [1], low: -1, high: 1, meaning: push}}
state:
  x: {{source: "obs[0]", range: [-10, 10], meaning: position}}
max_steps: 30
"""


def deviations(name: str) -> tuple[str, ...]:
    card = parse_card(CARD.format(name=name), ref="a card", folder=HOME)
    found = check_card(card, n_steps=40)
    assert found.problems == ()
    return found.deviations


def test_environment_that_keeps_its_word_has_none() -> None:
    assert deviations("Point") == ()


def test_observation_outside_of_its_own_space_is_told_with_its_element() -> None:
    (said,) = deviations("Boastful")
    assert "observations leave their own space: element 1 went from 0 to 1, and" in said
    assert "its space says 0 to 0" in said


@pytest.mark.parametrize(
    ("name", "when"),
    [("Unseeded", "from the start on"), ("Shaken", "under the same actions")],
)
def test_seed_that_leads_to_two_episodes_is_told(name: str, when: str) -> None:
    (said,) = deviations(name)
    assert "twice leads to two episodes that differ" in said
    assert when in said


def test_cards_of_one_suite_share_what_is_said_of_their_package() -> None:
    cards: list[EnvCard] = [load_card(f"MetaWorld-{task}-v3") for task in ("reach", "push")]
    assert cards[0].deviations == cards[1].deviations != ()
