"""Results are ranked like with like: who was trained further stands before a higher early score."""

import pytest

from rewardsmith.messages import (
    Candidate,
    CandidateId,
    History,
    Iteration,
    Judged,
    Outcome,
    Result,
    Verdict,
)


def result(
    number: int,
    score: float | None,
    *,
    outcome: Outcome = Outcome.TRAINED,
    trainings: int = 1,
    steps: int = 100,
) -> Result:
    candidate = Candidate(id=CandidateId(0, number), text="")
    judged = Judged(candidate=candidate, verdict=Verdict(ok=True))
    return Result(judged=judged, outcome=outcome, score=score, trainings=trainings, steps=steps)


def ranked(*results: Result) -> list[int]:
    iteration = Iteration(index=0, judged=(), results=results, analyses=())
    return [one.id.number for one in History(iterations=(iteration,)).ranked]


def test_the_higher_score_stands_first_and_of_equal_ones_the_earlier() -> None:
    assert ranked(result(0, -1.0), result(1, 0.5), result(2, 0.5)) == [1, 2, 0]


def test_one_that_was_stopped_early_stands_behind_trained_ones_whatever_it_scored() -> None:
    early = result(0, 0.9, outcome=Outcome.STOPPED, steps=25)
    assert ranked(early, result(1, 0.1), result(2, -3.0)) == [1, 2, 0]


def test_of_stopped_ones_a_later_rung_comes_before_a_higher_score() -> None:
    first = result(0, 0.9, outcome=Outcome.STOPPED, steps=25)
    second = result(1, 0.1, outcome=Outcome.STOPPED, steps=50)
    assert ranked(first, second) == [1, 0]


def test_confirmed_ones_come_before_a_single_lucky_score() -> None:
    lucky = result(0, 0.9, steps=100)
    assert ranked(lucky, result(1, 0.4, trainings=2, steps=200)) == [1, 0]


@pytest.mark.parametrize("score", [None, float("nan"), float("-inf")])
def test_what_has_no_score_is_not_ranked(score: float | None) -> None:
    assert ranked(result(0, score, outcome=Outcome.INVALID), result(1, 0.0)) == [1]


def test_the_best_is_the_first_of_the_fully_trained_and_none_before_there_is_one() -> None:
    stopped = result(0, 0.9, outcome=Outcome.STOPPED)
    iteration = Iteration(index=0, judged=(), results=(stopped,), analyses=())
    assert History(iterations=(iteration,)).best is None
    iteration = Iteration(index=0, judged=(), results=(stopped, result(1, 0.1)), analyses=())
    best = History(iterations=(iteration,)).best
    assert best is not None
    assert best.id.number == 1
