"""Runs that were never trained: what the command line shows of them is all that matters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rewardsmith.config import RunConfig, to_mapping
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.messages import (
    Analysis,
    Candidate,
    CandidateId,
    Cause,
    Claim,
    ClaimRow,
    ComponentStats,
    EpisodeScore,
    Evaluation,
    Evidence,
    Finding,
    Judged,
    MetricPoint,
    Outcome,
    Result,
    Training,
    Verdict,
)
from rewardsmith.store.run import Run

FIRST = '''"""Speed."""

CONTRACT = 1
WEIGHTS = {"speed": 1.0}


def reward(state, action, xp):
    return {"speed": state.forward_velocity}
'''
SECOND = FIRST.replace('"speed": 1.0', '"speed": 2.0')
A, B, C = CandidateId(0, 0), CandidateId(0, 1), CandidateId(1, 0)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A finished run of two iterations; 000/1 was refused and 001/0 won."""
    card = load_card("HalfCheetah-v5")
    with Run.create(
        tmp_path / "runs",
        name="HalfCheetah-v5 run_forward",
        config=to_mapping(RunConfig()),
        task=task_of(card, "run_forward"),
        versions={},
    ) as made:
        _iterate(made, 0, {A: (FIRST, 1.0), B: (FIRST, None)})
        _iterate(made, 1, {C: (SECOND, 3.0)})
        made.record("report_ready", claim=_claim())
        made.record("run_ended", reason="finished")
        yield made


def _iterate(
    run: Run, number: int, candidates: dict[CandidateId, tuple[str, float | None]]
) -> None:
    key = {"iteration": number}
    run.record("iteration_started", key=key, candidates=[])
    for id_, (text, score) in candidates.items():
        _record(run, id_, text, score)
    run.record("iteration_ended", key=key)


def _record(run: Run, id_: CandidateId, text: str, score: float | None) -> None:
    parents = (A,) if id_.iteration else ()
    # What a candidate says about itself is not to be trusted by a terminal.
    rationale = "Pays speed. [bold]\x1b]0;title\x07"
    candidate = Candidate(id=id_, text=text, rationale=rationale, parents=parents)
    key = {"candidate": id_}
    run.record("candidate_proposed", key=key, candidate=candidate)
    judged = _judged(candidate, ok=score is not None)
    layer = {"round": 0, "layer": "probe"}
    run.record("candidate_judged", key=key | layer, judged=judged, accepted=judged.verdict.ok)
    if score is None:
        result = Result(judged=judged, outcome=Outcome.REJECTED, text="line 8: no such field")
    else:
        result = _train(run, judged, score)
    run.record("candidate_closed", key=key, result=result)
    run.record("candidate_analyzed", key=key, analysis=_analysis(id_))


def _judged(candidate: Candidate, *, ok: bool) -> Judged:
    finding = Finding(
        code="unknown-field", message="No field `speed`.", remedy="Use another.", line=8
    )
    verdict = Verdict(ok=ok, findings=() if ok else (finding,), compiled="def components(): ...")
    return Judged(candidate=candidate, verdict=verdict)


def _train(run: Run, judged: Judged, score: float) -> Result:
    id_ = judged.candidate.id
    key = {"candidate": id_, "seed": 7, "start_step": 0}
    run.record("segment_started", key=key, end_step=2000, attempt=0)
    for step in (1000, 2000):
        point = MetricPoint(step=step, values={"reward/speed": score * step / 2000})
        run.append_metrics(id_, 7, [point])
    training = Training(contender=str(id_), seed=7, start_step=0, end_step=2000)
    run.record("segment_ended", key=key, training=training, attempt=0)
    evaluations = tuple(_evaluation(step, score * step / 2000) for step in (1000, 2000))
    for one in evaluations:
        place = {"candidate": id_, "seed": 7, "step": one.step, "seed_set": "selection"}
        run.record("candidate_evaluated", key=place, evaluation=one, trajectories=None)
    return Result(
        judged=judged,
        outcome=Outcome.TRAINED,
        evaluations=evaluations,
        score=score,
        steps=2000,
        cpu_s=3.0,
    )


def _evaluation(step: int, fitness: float) -> Evaluation:
    episode = EpisodeScore(seed=1, fitness=fitness, success=fitness > 2, length=9, terminated=False)
    return Evaluation(step=step, seed_set="selection", episodes=(episode,))


def _analysis(id_: CandidateId) -> Analysis:
    part = ComponentStats(
        name="speed", weight=1.0, mean=0.5, std=0.1, share=1.0, return_share=1.0, low=0.0, high=1.0
    )
    cause = Cause(
        code="stands-still",
        message="It stands still.",
        suggestion="Pay moving.",
        evidence=(Evidence(episode=1, step=7),),
    )
    return Analysis(candidate=id_, components=(part,), causes=(cause,))


def _claim() -> Claim:
    rows = (
        ClaimRow(name="sparse", steps=4000, fitness=(0.1,), success_rate=(0.0,), cpu_s=2.0),
        ClaimRow(
            name="final",
            steps=2000,
            fitness=(3.0, 3.5),
            success_rate=(1.0, 0.5),
            cpu_s=4.0,
            candidate=C,
        ),
    )
    return Claim(rows=rows, search_steps=4000, search_cpu_s=6.0)
