"""Fitness expressions drafted from a task's words alone."""

from dataclasses import replace

import pytest
from tests.shipped import tried

from rewardsmith.environments.cards import card_names, load_card
from rewardsmith.roles.offline.brief import Brief
from rewardsmith.roles.offline.measures import draft_measures

NAMES = [name for name in card_names() if load_card(name).tasks]


@pytest.mark.parametrize("name", [tried(name) for name in NAMES])
def test_every_shipped_task_gets_three_different_measures_that_compile(name: str) -> None:
    card = load_card(name)
    for task in card.tasks.values():
        brief = Brief(instruction=task.instruction, state=card.state, horizon=card.max_steps)
        texts = [draft.text for draft in draft_measures(brief, dt=card.dt)]
        assert len(set(texts)) == 3


def test_drafts_follow_the_words_and_not_the_cards_own_fitness() -> None:
    card = load_card("HalfCheetah-v5")
    brief = Brief(instruction="Run forward.", state=card.state, horizon=card.max_steps)
    forward = draft_measures(brief, dt=card.dt)
    backward = draft_measures(replace(brief, instruction="Run backward."), dt=card.dt)
    assert forward[0].text == "mean(forward_velocity / 5)"
    assert backward[0].text == "mean(-forward_velocity / 5)"
    assert all("displacement" not in draft.text for draft in forward)


def test_each_draft_says_what_it_takes_the_task_to_be() -> None:
    card = load_card("Reacher-v5")
    task = card.tasks["reach"]
    brief = Brief(instruction=task.instruction, state=card.state, horizon=card.max_steps)
    whys = [draft.why for draft in draft_measures(brief, dt=card.dt)]
    assert whys[0].startswith("Over the whole episode")
    assert whys[1].startswith("Share of the time")
    assert whys[2].startswith("At the end only")
