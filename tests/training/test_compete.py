"""The competition, with trainings that a table decides."""

import math
from collections.abc import Callable

import pytest

from rewardsmith.config import MAX_EPISODES
from rewardsmith.isolation.job import JobEnd
from rewardsmith.messages import Judged, Outcome, Result
from rewardsmith.store.run import Run
from rewardsmith.testing import ScriptedEngine
from rewardsmith.training.arena import Arena
from rewardsmith.training.compete import compete

MakeArena = Callable[..., Arena]
MakeJudged = Callable[..., tuple[Judged, ...]]

CRASH = JobEnd(outcome=Outcome.CRASHED, text="divided by zero")
HUNG = JobEnd(outcome=Outcome.TIMED_OUT, text="silent")
LOST = JobEnd(outcome=Outcome.CRASHED, is_lost=True)


def outcomes(results: tuple[Result, ...]) -> list[Outcome]:
    return [result.outcome for result in results]


def trainings(arena: Arena) -> list[tuple[str, int]]:
    """(first word of the program, start step) of every training job."""
    assert isinstance(arena.engine, ScriptedEngine)
    jobs = [job.request for job in arena.engine.jobs if job.request.get("job") == "train"]
    return [(str(r["program"])[3:].split(".")[0], r["start_step"]) for r in jobs]


def test_the_worst_half_is_stopped_at_each_rung(make_arena: MakeArena, judged: MakeJudged) -> None:
    arena = make_arena(
        {"ant": [1.0], "bee": [4.0], "cat": [2.0], "dog": [3.0]}, **{"search.minimum": 1}
    )
    results = compete(judged("ant", "bee", "cat", "dog"), arena)
    assert outcomes(results) == ["stopped", "trained", "stopped", "stopped"]
    assert [r.steps for r in results] == [128, 512, 128, 256]
    assert [r.score for r in results] == [1.0, 4.0, 2.0, 3.0]
    assert trainings(arena)[4:] == [("bee", 128), ("dog", 128), ("bee", 256)]


def test_nobody_is_stopped_while_all_tie(make_arena: MakeArena, judged: MakeJudged) -> None:
    arena = make_arena({"x": [0.0]}, **{"search.minimum": 1})
    results = compete(judged("x1", "x2", "x3", "x4"), arena)
    assert outcomes(results) == ["trained"] * 4


def test_failures_close_with_their_outcome_while_the_others_go_on(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena({"bad": [CRASH], "hung": [HUNG], "nan": [math.nan], "good": [1.0]})
    results = compete(judged("bad", "hung", "nan", "good"), arena)
    assert outcomes(results) == ["crashed", "timed_out", "invalid", "trained"]
    assert [r.score for r in results] == [None, None, None, 1.0]
    assert "divided by zero" in results[0].text


@pytest.mark.parametrize("fitness", [math.nan, math.inf, -math.inf, 1e300])
def test_a_fitness_that_is_no_measurement_never_wins(
    make_arena: MakeArena, judged: MakeJudged, fitness: float
) -> None:
    arena = make_arena({"odd": [fitness], "fair": [-5.0]})
    odd, fair = compete(judged("odd", "fair"), arena)
    assert (odd.outcome, odd.score) == (Outcome.INVALID, None)
    assert (fair.outcome, fair.score) == (Outcome.TRAINED, -5.0)


def test_a_failed_evaluation_closes_its_candidate_only(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena({"bad": [9.0], "good": [1.0]}, judged={"bad": HUNG})
    bad, good = compete(judged("bad", "good"), arena)
    assert (bad.outcome, good.outcome) == (Outcome.TIMED_OUT, Outcome.TRAINED)
    assert "evaluation" in bad.text


def test_a_candidate_that_failed_gets_no_second_chance_after_a_resume(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    words = judged("bad", "good")
    arena = make_arena({"bad": [9.0], "good": [1.0]}, judged={"bad": HUNG})
    stop_after(arena.run, "candidate_closed")
    with pytest.raises(KeyboardInterrupt):
        compete(words, arena)
    arena.run.close()
    again = make_arena({"bad": [9.0], "good": [1.0]}, run=Run.open(arena.run.folder))
    bad, good = compete(words, again)
    assert (bad.outcome, good.outcome) == (Outcome.TIMED_OUT, Outcome.TRAINED)
    assert ("bad", 0) not in trainings(again)


def stop_after(run: Run, name: str) -> None:
    def listen(event: object) -> None:
        if getattr(event, "event", "") == name:
            raise KeyboardInterrupt

    run.subscribe(listen)


def test_what_is_lost_again_and_again_is_given_up(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena({"lost": [LOST, LOST, LOST, 1.0], "once": [LOST, 2.0]})
    lost, once = compete(judged("lost", "once"), arena)
    assert (lost.outcome, once.outcome) == (Outcome.CRASHED, Outcome.TRAINED)
    assert trainings(arena).count(("lost", 0)) == 3


def test_an_evaluation_that_was_lost_is_done_again(
    make_arena: MakeArena, judged: MakeJudged, monkeypatch: pytest.MonkeyPatch
) -> None:
    arena = make_arena({"ant": [1.0]})
    evaluate = ScriptedEngine._evaluate
    ends = iter([LOST, LOST])
    monkeypatch.setattr(
        ScriptedEngine,
        "_evaluate",
        lambda self, job, request: next(ends, None) or evaluate(self, job, request),
    )
    assert outcomes(compete(judged("ant"), arena)) == ["trained"]


def test_scores_are_means_over_the_confirmations(make_arena: MakeArena, judged: MakeJudged) -> None:
    more = {"search.confirm_top": 2, "search.confirm_seeds": 2, "search.rungs": []}
    worth = {"lucky": [9.0, 1.0, 2.0], "steady": [5.0, 5.0, 6.5], "third": [4.0]}
    arena = make_arena(worth, **more)
    results = compete(judged("lucky", "steady", "third"), arena)
    assert [r.score for r in results] == [4.0, 5.5, 4.0]
    assert [r.trainings for r in results] == [3, 3, 1]
    assert [r.steps for r in results] == [1536, 1536, 512]


def test_confirmations_use_other_seeds_and_other_episodes(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena({"ant": [1.0]}, **{"search.confirm_top": 1, "search.rungs": []})
    compete(judged("ant"), arena)
    assert isinstance(arena.engine, ScriptedEngine)
    seeds = [j.request["seed"] for j in arena.engine.jobs if j.request.get("job") == "train"]
    assert len(set(seeds)) == 2
    episodes = [
        tuple(policy["seeds"])
        for job in arena.engine.jobs
        for policy in job.request.get("policies", ())
    ]
    first, confirmed = dict.fromkeys(episodes)
    assert abs(first[0] - confirmed[0]) == MAX_EPISODES
    assert first == arena.episodes("selection")


def test_a_program_that_crashes_on_another_seed_does_not_win(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena({"frail": [9.0, CRASH], "sound": [1.0]}, **{"search.confirm_top": 2})
    frail, sound = compete(judged("frail", "sound"), arena)
    assert (frail.outcome, frail.score) == (Outcome.CRASHED, None)
    assert sound.outcome == Outcome.TRAINED


def test_a_finished_competition_is_read_from_the_journal(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    words = judged("ant", "bee", "cat", "dog")
    worth = {"ant": [1.0], "bee": [4.0], "cat": [CRASH], "dog": [3.0]}
    arena = make_arena(worth, **{"search.confirm_top": 2, "search.minimum": 1})
    results = compete(words, arena)
    arena.run.close()
    again = make_arena(
        {}, run=Run.open(arena.run.folder), **{"search.confirm_top": 2, "search.minimum": 1}
    )
    assert compete(words, again) == results
    assert trainings(again) == []


def test_competing_alone_or_not_at_all_is_possible(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena({"ant": [1.0]})
    assert compete((), arena) == ()
    assert outcomes(compete(judged("ant"), arena)) == ["trained"]
