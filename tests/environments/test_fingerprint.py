"""The hash of what judges: equal for equal meaning, different for any other."""

from dataclasses import replace

import pytest

from rewardsmith.environments.cards import EnvCard, load_card, parse_card, task_of
from rewardsmith.environments.fingerprint import fingerprint

REACHER = load_card("Reacher-v5")
TASK = task_of(REACHER, "reach")


def test_spelling_does_not_count() -> None:
    spelt = replace(TASK, fitness="-mean( norm((fingertip - target)) )", instruction="Other words.")
    assert fingerprint(spelt, REACHER) == fingerprint(TASK, REACHER)


@pytest.mark.parametrize(
    "changed",
    [
        {"fitness": "-last(norm(fingertip - target))"},
        {"success": "norm(fingertip - target) < 0.05"},
        {"semantics": "ever"},
        {"held_steps": 24},
        {"horizon": 49},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_a_score_changes_it(changed: dict[str, object]) -> None:
    other = replace(TASK, **changed)  # type: ignore[arg-type]
    assert fingerprint(other, REACHER) != fingerprint(TASK, REACHER)


def card_with(source: str, meaning: str = "up", unread: str = "obs[2]") -> EnvCard:
    return parse_card(
        f"""
id: Pendulum-v1
title: Pendulum
action: {{shape: [1], low: -2, high: 2}}
state:
  raw: {{source: "{source}", meaning: {meaning}}}
  up: {{source: "derived: raw * 1", meaning: up}}
  speed: {{source: "{unread}", meaning: speed}}
max_steps: 200
""",
        ref="card",
    )


def test_sources_of_read_fields_count_through_derived_ones() -> None:
    task = replace(TASK, fitness="mean(up)", success="up > 0.9", horizon=200)
    known = fingerprint(task, card_with("obs[0]"))
    assert fingerprint(task, card_with("obs[1]")) != known
    assert fingerprint(task, card_with("obs[0]", meaning="other words")) == known
    assert fingerprint(task, card_with("obs[0]", unread="obs[1]")) == known
