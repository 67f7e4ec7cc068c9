"""Episodes as the evaluator records them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.environments.cards import load_card
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.evaluation.rollout import constant, record, uniform
from rewardsmith.messages import ActionSpec
from rewardsmith.testing import write_line_card

CARDS = Path(__file__).parents[1] / "environments"
THREE_STEPS = load_card(str(CARDS / "three_steps"))
LOPSIDED = ActionSpec(shape=(3,), low=(-2.0, 0.0, 1.0), high=(2.0, 1.0, 3.0))
DISCRETE = ActionSpec(shape=(), kind="discrete", n=3)


@pytest.mark.parametrize(("end", "terminated"), [("terminate", True), ("truncate", False)])
def test_an_episode_ends_with_its_own_last_state(end: str, terminated: bool) -> None:
    env = StateVectorEnv(replace(THREE_STEPS, kwargs={"end": end}), 2)
    first, second = record(env, lambda obs: np.array([[1.0], [2.0]]), seed=5)
    assert first.fields["x"].tolist() == [10.0, 11.0, 12.0, 13.0]
    assert second.fields["x"].tolist() == [10.0, 12.0, 14.0, 16.0]
    assert second.actions.tolist() == [[2.0], [2.0], [2.0]]
    assert [t.seed for t in (first, second)] == [5, 6]
    assert [t.terminated for t in (first, second)] == [terminated] * 2


def test_rows_that_end_early_keep_their_first_episode(tmp_path: Path) -> None:
    card = replace(load_card(write_line_card(tmp_path)), max_steps=20)
    env = StateVectorEnv(card, 3)
    fast, still, slow = record(env, lambda obs: np.array([[1.0], [0.0], [-0.9]]), seed=0)
    assert [t.length for t in (fast, still, slow)] == [13, 20, 14]
    assert [t.terminated for t in (fast, still, slow)] == [True, False, True]
    assert fast.fields["position"][-1] == pytest.approx(3.25)
    assert len(fast.fields["goal"]) == 14


def test_the_same_seed_gives_the_same_episodes_whatever_was_played_before(tmp_path: Path) -> None:
    env = StateVectorEnv(load_card(write_line_card(tmp_path)), 4)

    def play() -> list[float]:
        act = uniform(env.spec.action, 4, np.random.default_rng(3))
        return [float(t.fields["position"].sum()) for t in record(env, act, seed=9)]

    first = play()
    record(env, constant(env.spec.action, 0.5, 4), seed=77)
    assert play() == first


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-1.0, [-2.0, 0.0, 1.0]), (1.0, [2.0, 1.0, 3.0]), (0.5, [1.0, 0.75, 2.5])],
)
def test_a_constant_action_is_a_share_of_the_range(value: float, expected: list[float]) -> None:
    assert constant(LOPSIDED, value, 2)(np.zeros((2, 1))).tolist() == [expected] * 2


def test_doing_nothing_is_no_force_and_not_the_middle_of_the_range() -> None:
    assert constant(LOPSIDED, 0.0, 1)(np.zeros((1, 1))).tolist() == [[0.0, 0.0, 1.0]]


@pytest.mark.parametrize(("value", "choice"), [(0.0, 0), (-1.0, 0), (1.0, 2)])
def test_a_constant_choice_is_the_first_or_the_last(value: float, choice: int) -> None:
    assert constant(DISCRETE, value, 2)(np.zeros((2, 1))).tolist() == [choice] * 2


def test_random_actions_fill_the_range(rng: np.random.Generator) -> None:
    drawn = uniform(LOPSIDED, 500, rng)(np.zeros((500, 1)))
    assert drawn.shape == (500, 3)
    np.testing.assert_allclose(drawn.min(axis=0), LOPSIDED.low, atol=0.05)
    np.testing.assert_allclose(drawn.max(axis=0), LOPSIDED.high, atol=0.05)
    assert set(uniform(DISCRETE, 500, rng)(np.zeros((500, 1))).tolist()) == {0, 1, 2}
