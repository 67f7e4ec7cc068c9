"""What an environment shows of how it pays is left out by name, and warned of by value."""

from typing import Any

import numpy as np
import pytest

from rewardsmith.environments.drafting.judging import JUDGES
from rewardsmith.environments.drafting.pay import names_reward, resemblance, twin
from rewardsmith.environments.drafting.play import Play

PAID = [0.5, -1.0, 2.0, 0.25]


def two_episodes() -> Play:
    return Play(rewards=[np.nan, *PAID[:2], np.nan, *PAID[2:]])


PAYS = (
    "rew_forward cost_ctrl rwd_sum r done win is_done goal_achieved at_goal total_pay "
    "ep_return task_complete reward_run is_success ctrl_cost completion payout "
    "reached reached_goal reached_target target_reached at_target is_at_target at_goal on_target "
    "ok is_ok passed has_passed failed complete completed is_complete achieved correct is_correct"
).split()


@pytest.mark.parametrize("name", [*PAYS, "r_t", "final_info"])
def test_names_of_pay_and_verdicts_are_known(name: str) -> None:
    assert names_reward(["metrics", name])


@pytest.mark.parametrize("name", PAYS)
def test_what_no_field_may_hold_is_in_no_source_that_a_model_reads(name: str) -> None:
    assert JUDGES.search(name)


@pytest.mark.parametrize(
    "name",
    "x_velocity r_foot_height desired_goal achieved_goal goal_position returned_ball winding "
    "distance_from_origin crew payload border near_object crashed on_road touching contact "
    "achievements overreached reach out_of_reach on_target_speed look okapi compass passed_time "
    "completely correction failure_angle target_position at_rest".split(),
)
def test_names_of_the_world_are_not(name: str) -> None:
    assert not names_reward([name])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (PAID, "equalled the environment's reward in all 4 steps"),
        ([1 - 2 * x for x in PAID], "followed, in a straight line, the environment's reward"),
        ([0.5, -0.5, 2.0, 2.25], "the episode's return so far in all 4 steps"),
        ([[x - 2, x * x, 2 - x * x] for x in PAID], "in its element 0 followed, in a straight"),
        ([[x - x * x, x * x] for x in PAID], "added up, equalled the environment's reward"),
        ([0.1, 0.2, 0.3, 0.4], ""),
        ([3.0] * 4, ""),
    ],
)
def test_what_goes_along_with_the_reward_is_said(values: list[Any], said: str) -> None:
    found = resemblance(np.array(values), two_episodes())
    assert said in found
    assert bool(said) == bool(found)


def test_nothing_resembles_a_reward_that_is_always_the_same() -> None:
    counted = Play(rewards=[np.nan, 1.0, 1.0, 1.0])
    assert resemblance(np.array([1.0, 2.0, 3.0]), counted) == ""


def test_a_reward_that_changed_once_lies_on_a_line_with_anything_and_proves_nothing() -> None:
    seen = Play(rewards=[np.nan, -1.0, -1.0, np.nan, 0.0, 0.0])
    assert resemblance(np.array([1.3, 1.3, 1.5, 1.5]), seen) == ""
    assert "equalled" in resemblance(np.array([-1.0, -1.0, 0.0, 0.0]), seen)
    back_again = Play(rewards=[np.nan, -1.0, 0.0, np.nan, -1.0, 0.0])
    assert "in a straight line" in resemblance(np.array([3.0, 5.0, 3.0, 5.0]), back_again)


@pytest.mark.parametrize(
    ("paid", "best", "said"),
    [
        ([0.5, -1.0, 0.25, 1.0], [0.5, 0.5, 0.25, 1.0], "the episode's highest reward so far"),
        ([0.5, 0.75, 0.25, 1.0], [0.5, 0.5, 0.25, 0.25], "the episode's lowest reward so far"),
        ([0.0, 0.0, 2.0, -1.0], [0.0, 0.0, 2.0, 2.0], "the episode's highest reward so far"),
        ([-1.0, 0.5, 0.25, 1.0], [0.0, 0.5, 0.5, 1.0], "the highest reward so far"),
        ([0.5, -1.0, 2.0, -2.0], [3.0, 0.0, 0.0, -2.0], "the lowest reward so far"),
    ],
)
def test_what_remembers_the_best_or_the_worst_reward_is_said(
    paid: list[float], best: list[float], said: str
) -> None:
    seen = Play(rewards=[np.nan, *paid[:2], np.nan, *paid[2:]])
    assert said in resemblance(np.array(best), seen)


def test_what_rose_at_other_times_than_the_best_reward_is_no_memory_of_it() -> None:
    seen = Play(rewards=[np.nan, 0.5, -1.0, 0.75, 0.25, 2.0])
    assert resemblance(np.array([0.5, 0.6, 0.75, 0.75, 2.0]), seen) == ""


def test_what_equals_something_that_is_left_out_is_its_twin() -> None:
    withheld = {"part 'task_done'": np.array([[1, 0], [0, 1], [1, 0]]), "info.won": np.zeros(3)}
    assert twin(np.array([False, True, False]), withheld) == "part 'task_done'"
    assert twin(np.array([[0.5, 0.0], [0.5, 1.0], [0.5, 0.0]]), withheld) == "part 'task_done'"
    assert twin(np.array([0.0, 1.0, 1.0]), withheld) == ""


def test_what_never_changed_is_nobodys_twin() -> None:
    assert twin(np.zeros(3), {"info.won": np.zeros(3)}) == ""
