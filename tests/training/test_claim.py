"""The final claim, with trainings that a table decides."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rewardsmith.isolation.job import JobEnd
from rewardsmith.messages import (
    Candidate,
    CandidateId,
    Claim,
    Design,
    History,
    Iteration,
    Judged,
    Outcome,
    Result,
)
from rewardsmith.store.run import Run
from rewardsmith.testing import LINE_CARD, ScriptedEngine
from rewardsmith.training.arena import Arena
from rewardsmith.training.claim import make_claim
from rewardsmith.training.reference_rollouts import reference_policies

MakeArena = Callable[..., Arena]
MakeJudged = Callable[..., tuple[Judged, ...]]

WORTH = {"sparse": [-3.0], "native": [0.5], "first": [1.0, 1.5], "best": [2.0, 3.0]}


def design_of(judged: MakeJudged) -> Design:
    """`first` won iteration 0, `best` the search; a third was stopped."""

    def result(judged: Judged, score: float, steps: int, outcome: Outcome) -> Result:
        return Result(judged=judged, outcome=outcome, score=score, steps=steps, cpu_s=1.0)

    first, worst = judged("first", "worst")
    (best,) = judged("best", iteration=1)
    rounds = (
        (result(first, 1.0, 512, Outcome.TRAINED), result(worst, 5.0, 128, Outcome.STOPPED)),
        (result(best, 2.0, 1024, Outcome.TRAINED),),
    )
    iterations = tuple(
        Iteration(index=i, judged=(), results=results, analyses=())
        for i, results in enumerate(rounds)
    )
    history = History(iterations=iterations)
    return Design(best=history.best, history=history)


def claimed(arena: Arena, design: Design) -> Claim:
    claim = make_claim(design, arena)
    assert claim is not None
    return claim


def jobs_of(arena: Arena, kind: str) -> list[dict[str, object]]:
    assert isinstance(arena.engine, ScriptedEngine)
    requests = [dict(job.request) for job in arena.engine.jobs]
    return [request for request in requests if (request.get("job") == "train") == (kind == "train")]


def test_the_table_has_the_winner_beside_its_controls(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    claim = claimed(make_arena(WORTH), design_of(judged))
    assert [(row.name, row.steps, row.fitness) for row in claim.rows] == [
        ("sparse", 1664, (-3.0,)),
        ("iteration-0", 512, (1.0, 1.5)),
        ("final", 512, (2.0, 3.0)),
    ]
    assert claim.search_steps == 1664
    assert claim.rows[-1].candidate == CandidateId(1, 0)
    assert claim.rows[-1].success_rate == (1.0, 1.0)


def test_the_native_and_the_expert_reward_get_the_same_trainings(
    make_arena: MakeArena, judged: MakeJudged, tmp_path: Path
) -> None:
    folder = tmp_path / "LineWorld"
    expert = 'WEIGHTS = {"still": 1.0}\ndef reward(state, action, xp):\n    return {"still": 1.0}\n'
    (folder / "expert.py").write_text(expert, encoding="utf-8")
    references = "{sparse: sparse, native: native, expert: expert.py}"
    text = LINE_CARD.replace("{sparse: sparse}", references)
    (folder / "card.yaml").write_text(text, encoding="utf-8")
    arena = make_arena({**WORTH, "still": [0.7]})
    claim = claimed(arena, design_of(judged))
    names = [row.name for row in claim.rows]
    assert names == ["sparse", "native", "expert", "iteration-0", "final"]
    trained: dict[str, list[tuple[object, object]]] = {}
    for job in jobs_of(arena, "train"):
        who = f"{job['reward']} {job['program']}"
        trained.setdefault(who, []).append((job["seed"], job["end_step"]))
    several = [seeds for seeds in trained.values() if len(seeds) == 2]
    assert len(several) == 4
    assert all(seeds == several[0] for seeds in several)


def test_its_episodes_and_seeds_are_used_nowhere_else(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena(WORTH)
    claimed(arena, design_of(judged))
    evaluated = {
        seed
        for job in jobs_of(arena, "evaluate")
        for policy in job["policies"]  # type: ignore[attr-defined]  # JSON
        for seed in policy["seeds"]
    }
    assert evaluated == set(arena.episodes("report"))
    policies = reference_policies(arena.card.state.action, arena.config.seed)
    probed = {seed for _, policy in policies for seed in policy.seeds}
    selected = {s for salt in range(20) for s in arena.episodes("selection", salt=salt)}
    training = {job["seed"] for job in jobs_of(arena, "train")}
    searched = {arena.seed(CandidateId(i, j), k) for i in (0, 1) for j in range(9) for k in (0, 1)}
    assert evaluated.isdisjoint(selected | probed | training | searched)
    assert training.isdisjoint(searched)


def test_report_episodes_are_played_once_also_when_resumed(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena(WORTH)
    first = claimed(arena, design_of(judged))
    arena.run.close()
    again = make_arena({}, run=Run.open(arena.run.folder))
    assert claimed(again, design_of(judged)) == first
    assert jobs_of(again, "train") == jobs_of(again, "evaluate") == []


def test_an_interrupted_claim_repeats_no_training(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena(WORTH)
    seen: list[str] = []

    def stop(event: object) -> None:
        seen.append(getattr(event, "event", ""))
        if seen.count("candidate_evaluated") == 3:
            raise KeyboardInterrupt

    arena.run.subscribe(stop)
    with pytest.raises(KeyboardInterrupt):
        make_claim(design_of(judged), arena)
    arena.run.close()
    again = make_arena({**WORTH, "first": [1.5]}, run=Run.open(arena.run.folder))
    claim = claimed(again, design_of(judged))
    assert len(jobs_of(arena, "train")) + len(jobs_of(again, "train")) == 5
    assert [len(row.fitness) for row in claim.rows] == [1, 2, 2]


def test_a_control_that_fails_is_said_and_the_others_stand(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    crash = JobEnd(outcome=Outcome.CRASHED, text="no")
    arena = make_arena({**WORTH, "sparse": [crash]})
    rows = {row.name: row for row in claimed(arena, design_of(judged)).rows}
    assert (rows["sparse"].outcome, rows["sparse"].fitness) == (Outcome.CRASHED, ())
    assert rows["final"].outcome is None


def test_a_search_without_a_winner_claims_nothing(make_arena: MakeArena) -> None:
    history = History()
    assert make_claim(Design(best=None, history=history), make_arena({})) is None


def test_the_winner_of_iteration_0_is_trained_once_and_shown_twice(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    design = design_of(judged)
    only = History(iterations=design.history.iterations[:1])
    arena = make_arena(WORTH)
    claim = claimed(arena, Design(best=only.best, history=only))
    assert [row.name for row in claim.rows] == ["sparse", "iteration-0", "final"]
    assert claim.rows[1].fitness == claim.rows[2].fitness
    assert claim.rows[-1].candidate == CandidateId(0, claim.rows[-1].candidate.number)  # type: ignore[union-attr]  # a winner has one
    started = {event.key["contender"] for event in arena.run.events("segment_started")}
    assert started == {"sparse", "final"}


def test_candidates_are_retrained_as_they_were_judged(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena(WORTH)
    design = design_of(judged)
    claimed(arena, design)
    assert design.best is not None
    text: Candidate = design.best.judged.candidate
    assert [job["program"] for job in jobs_of(arena, "train")].count(text.text) == 2
