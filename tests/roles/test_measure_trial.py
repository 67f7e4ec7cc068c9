"""A drafted measure is compiled and tried before a person sees it."""

import pytest

from rewardsmith.messages import MeasureDraft
from rewardsmith.roles.measure_trial import MAX_CHARS, Ground, Trial, try_measure
from rewardsmith.roles.model.sample import STATE, sample_rollout

ROLLOUTS = (sample_rollout(0), sample_rollout(1, terminated=True))
GROUND = Ground(state=STATE, horizon=40, dt=0.1, rollouts=ROLLOUTS)


def trial(fitness: str, success: str = "last(on_ground)") -> Trial:
    return try_measure(MeasureDraft(text=fitness, why="", success=success), GROUND)


def test_a_measure_over_fields_is_taken_in_plain_notation() -> None:
    tried = trial("(( mean( -abs(load_x-mark_x) ) ))  # near", "((last(on_ground)))")
    assert tried.problem == ""
    assert tried.draft.text == "mean(-abs(load_x - mark_x))"
    assert tried.draft.success == "last(on_ground)"


@pytest.mark.parametrize(
    ("fitness", "said"),
    [
        ("mean(load_mass)", "`load_mass` is not defined"),
        ("load_x", "changes from step to step"),
        ("mean(load_x", "never closed"),
        ("", "empty"),
        ("   ", "empty"),
        ("mean(" + " + ".join(["load_x"] * MAX_CHARS) + ")", "characters long"),
        ('mean(info["reward_forward"])', "Write it over the fields alone"),
        ('last(load_x) + mean(info["r"])', "Write it over the fields alone"),
        ("function: os:getcwd", "Write it over the fields alone"),
        ("__import__('os')", "'__import__'"),
        ("mean(exp(9999 * load_x))", "finite whatever happens"),
        ("last(load_x) / (0 * length)", "finite whatever happens"),
        ("mean(wind)", "Make it one number"),
        ("any(load_height > 90)", "Grade the way"),
        (
            "mean(sum(matmul(reshape(ones(1024) * load_x, (1024, 1)),"
            " reshape(ones(1024), (1, 1024)))))",
            "shorter vectors",
        ),
        ("mean(sum([sum(ones(1024) * load_x + i) for i in range(200)]))", "shorter vectors"),
        ("3 + 4", "the same for every episode"),
        ("draft", "over the fields alone"),
        ("human ", "over the fields alone"),
    ],
)
def test_what_does_not_measure_is_refused_with_the_next_step(fitness: str, said: str) -> None:
    assert said in trial(fitness).problem


@pytest.mark.parametrize(
    ("success", "said"),
    [
        ("on_ground", "says nothing of the whole episode"),
        ("last(on_earth)", "`on_earth` is not defined"),
        ("any(", "success"),
        ("", "empty"),
        ('any(info["is_success"])', "over the fields alone"),
        ("last(log(0 * load_x))", "finite whatever happens"),
    ],
)
def test_a_success_criterion_is_tried_as_well(success: str, said: str) -> None:
    assert said in trial("mean(load_x)", success).problem


def test_a_criterion_that_no_clumsy_episode_meets_is_fine() -> None:
    assert trial("mean(load_x)", "last(load_x) > 4").problem == ""
