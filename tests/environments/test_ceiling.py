"""How high a fitness can get is known from its text, or said to be unknown."""

import math

import pytest

from rewardsmith.environments.cards import card_names, load_card
from rewardsmith.environments.ceiling import ceiling


@pytest.mark.parametrize(
    ("text", "highest"),
    [
        ("-mean(norm(tip - ball))", 0.0),
        ("-mean(abs(x), missing=-2) * 3", 6.0),
        ("-last(abs(x)) ** 2", 0.0),
        ("2 - 0.5 * any(crashed) - first_time(x > 1) / horizon", 2.0),
        ("0.5 * any(x > 0) + 0.3 * all(x > 0)", 0.8),
        ("mean(clip(x, 0, 3))", 3.0),
        ("mean(exp(-norm(x)))", 1.0),
        ("mean(where(x > 0, 1, 0.5))", 1.0),
        ("sum(-abs(x))", 0.0),
        ("mean(-x ** 2)", 0.0),
        ("quantile(cos(angle), 0.5) + min(2, 3)", 4.0),
    ],
)
def test_bounded_fitness_has_a_ceiling(text: str, highest: float) -> None:
    assert ceiling(text) == pytest.approx(highest)


@pytest.mark.parametrize(
    "text",
    [
        "mean(speed)",
        "displacement(x)",
        "-mean(x)",
        "mean(abs(x)) - 1",
        "mean(-abs(x), missing=x)",
        "mean(1 / x)",
        "-last(x) ** 3",
        "length / horizon",
        "function: my_measures:worth",
        'info["score"]',
        "mean(",
    ],
)
def test_fitness_that_may_be_anything_has_none(text: str) -> None:
    assert ceiling(text) == math.inf


@pytest.mark.parametrize("name", card_names())
def test_no_assayed_fitness_of_a_shipped_task_is_above_its_ceiling(name: str) -> None:
    for task in load_card(name).tasks.values():
        for result in (task.assay or {}).values():
            if isinstance(result, dict):
                assert max(result["fitness"]) <= ceiling(task.fitness)
