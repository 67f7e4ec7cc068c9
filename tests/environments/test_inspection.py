"""What `check_card` finds out about an environment that has a card already."""

from pathlib import Path

import pytest

from rewardsmith.environments.cards import EnvCard, parse_card
from rewardsmith.environments.inspection import check_card

HOME = Path(__file__).parent / "drafting" / "home"
CARD = """
id: odd_robots:{name}
kwargs: {kwargs}
title: A point
description: A point on a line.
action: {{shape: [1], low: -1, high: 1, meaning: push}}
state:
  x: {{source: {source}, range: [-10, 10], meaning: position}}
max_steps: 30
"""


def card_of(name: str, source: str = "'obs[0]'", kwargs: str = "{}") -> EnvCard:
    text = CARD.format(name=name, source=source, kwargs=kwargs)
    return parse_card(text, ref="a card", folder=HOME)


def problems_of(card: EnvCard) -> list[str]:
    return [str(problem) for problem in check_card(card, n_steps=40).problems]


@pytest.mark.parametrize(
    ("name", "kwargs", "said"),
    [
        ("Old", "{}", "Let it be `reset(self, *, seed=None, options=None)`"),
        ("Older", "{}", "reset() has to return (observation, info)"),
        ("Growing", "{most: 5}", "step() returned an observation of shape (3,), and its space"),
        ("Growing", "{most: 60}", "step() returned an observation of shape (3,), and its space"),
    ],
)
def test_environment_that_breaks_the_interface_is_told_how_it_is_mended(
    name: str, kwargs: str, said: str
) -> None:
    (problem,) = problems_of(card_of(name, kwargs=kwargs))
    assert said in problem


def test_reader_that_changes_what_it_reads_is_found() -> None:
    (problem,) = problems_of(card_of("Point", source="'function: odd_robots:nudge'"))
    assert "With its fields read, the same actions lead elsewhere" in problem
    assert problems_of(card_of("Point", source="'function: odd_robots:look'")) == []


def test_attribute_that_is_not_there_is_called_by_its_path() -> None:
    (problem,) = problems_of(card_of("Point", source="'attr: arm.tip'"))
    assert "has no attr 'arm.tip'" in problem


def test_field_that_is_the_reward_by_another_name_is_said_and_kept() -> None:
    found = check_card(card_of("Point", source="'function: odd_robots:closeness'"), n_steps=40)
    assert found.problems == ()
    (note,) = found.notes
    assert "state.x equalled the environment's reward in all 40 steps" in note
    assert check_card(card_of("Point"), n_steps=40).notes == ()
