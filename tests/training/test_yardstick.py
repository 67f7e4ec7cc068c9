"""A measure is fit to judge by when competent behaviour stands above all other."""

import math

import pytest

from rewardsmith.errors import RewardsmithError
from rewardsmith.messages import EpisodeScore
from rewardsmith.training.yardstick import Reading, beyond_chance, judge


def reading(name: str, *fitness: float, success: bool = False) -> Reading:
    return Reading(
        name=name,
        episodes=tuple(
            EpisodeScore(seed=i, fitness=f, success=success, length=5, terminated=False)
            for i, f in enumerate(fitness)
        ),
    )


AIMLESS = (reading("do nothing", 0.0, 0.1), reading("random", 0.2, 0.3))


def test_competent_rollout_above_all_others_separates() -> None:
    judged = judge([*AIMLESS, reading("competent", 1.0, success=True)])
    assert (judged.separates, judged.reasons) == (True, ())


def test_competent_rollout_within_chance_does_not_separate() -> None:
    judged = judge([*AIMLESS, reading("competent", 0.25, success=True)])
    assert judged.separates is False
    assert "'random' has a fitness of" in judged.reasons[0]


def test_without_a_competent_rollout_nothing_is_known() -> None:
    judged = judge(AIMLESS)
    assert (judged.separates, judged.reasons) == (None, ("no competent rollout is known",))


@pytest.mark.parametrize(
    ("readings", "said"),
    [
        ((reading("random", math.nan),), "not finite in random"),
        ((reading("random", 1.0), reading("do nothing", 1.0)), "is 1 whatever happens"),
        ((reading("do nothing", 0.0, 1.0, success=True),), "success holds in 100% of 'do nothing'"),
        ((*AIMLESS, reading("competent", 1.0)), "success does not hold in the competent rollout"),
    ],
)
def test_measure_that_cannot_judge_says_why(readings: tuple[Reading, ...], said: str) -> None:
    assert any(said in reason for reason in judge(readings).reasons)


HELD = reading("hold 2", 1.0, 1.0, success=True)
DONE = reading("competent", 1.0, success=True)


def test_behaviour_that_is_known_to_do_the_task_is_not_held_against_it() -> None:
    assert judge([*AIMLESS, HELD, DONE]).separates is False
    judged = judge([*AIMLESS, HELD, DONE], solved_by=["hold 2"])
    assert (judged.separates, judged.reasons) == (True, ())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("random", "'solved_by' names 'random', which does the task in 0% only"),
        ("hold 9", "'solved_by' names 'hold 9', and there is 'do nothing', 'random', 'hold 2'"),
    ],
)
def test_behaviour_that_only_its_card_says_does_the_task_is_complained_of(
    name: str, said: str
) -> None:
    judged = judge([*AIMLESS, HELD, DONE], solved_by=["hold 2", name])
    assert (judged.separates, judged.reasons) == (False, (said,))


def test_success_beyond_chance_begins_above_every_aimless_episode() -> None:
    threshold = beyond_chance("mean(x)", [*AIMLESS, reading("competent", 1.0)])
    assert (threshold.success, threshold.best) == ("(mean(x)) > 0.315", "random")


def test_one_bad_behaviour_does_not_move_a_success_beyond_chance() -> None:
    bad = reading("hold 1", -100.0)
    assert beyond_chance("mean(x)", [*AIMLESS, bad]).success == "(mean(x)) > 0.32"


def test_success_beyond_chance_can_be_reached_where_the_fitness_has_a_highest_value() -> None:
    aimless = [reading("random", -0.1, -4.0), reading("hold 1", -5.3)]
    threshold = beyond_chance("-mean(norm(tip - ball))", aimless)
    assert threshold.success == "(-mean(norm(tip - ball))) > -0.05"


def test_fitness_that_aimless_behaviour_brings_to_its_highest_value_is_refused() -> None:
    with pytest.raises(RewardsmithError, match="is 0 in 'do nothing' already, and never higher"):
        beyond_chance("-mean(abs(x))", [reading("do nothing", 0.0), reading("random", -1.0)])


def test_an_action_that_succeeds_from_two_starts_of_five_says_nothing_is_judged() -> None:
    luck = [reading("", 0.0, success=i < 2).episodes[0] for i in range(5)]
    held = Reading(name="hold 2", episodes=tuple(luck))
    judged = judge([*AIMLESS, held, reading("competent", 1.0, success=True)])
    assert (judged.separates, judged.reasons) == (False, ("success holds in 40% of 'hold 2'",))
