"""Lets candidates compete: segments in parallel, rungs between them, the worst stopped early.

Rank halving on evaluated graded fitness. `analysis` decides, this module acts, the journal records.
The incumbent of earlier iterations is finished and takes no part.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from rewardsmith.analysis.halving import Rung, decide
from rewardsmith.messages import CandidateId, Evaluation, Judged, Outcome, Result
from rewardsmith.store.codec import load
from rewardsmith.training.arena import Arena
from rewardsmith.training.contender import candidate_contender, confirmation
from rewardsmith.training.segments import Segment
from rewardsmith.training.trial import SegmentEnd, run_segment

SCORED_EVALUATIONS = 3
"""A score is the mean fitness of the last evaluations: a single one kept the best of eight
candidates in 78 % of simulated brackets, three of them in 94 %."""


@dataclass(slots=True)
class _Lane:
    """A candidate's way through the competition."""

    judged: Judged
    evaluations: list[Evaluation] = field(default_factory=list)
    steps: int = 0
    cpu_s: float = 0.0
    outcome: Outcome | None = None
    text: str = ""
    confirmed: list[float] = field(default_factory=list)
    """Scores of further trainings, each with its own seed."""

    @property
    def id(self) -> CandidateId:
        return self.judged.candidate.id

    @property
    def score(self) -> float | None:
        first = score_of(self.evaluations)
        return None if first is None else fmean([first, *self.confirmed])


def compete(judged: Sequence[Judged], arena: Arena) -> tuple[Result, ...]:
    """Train and judge candidates; returns their results in candidate order.

    What was decided before is read from the journal and not paid for again. Every candidate is
    trained with one seed. After each rung's share of the training the worse half by score is
    stopped, never below the configured minimum and never while all tie.
    """
    recalled = _recall(judged, arena)
    if recalled is not None:
        return recalled
    lanes = [_Lane(j) for j in judged]
    segments = arena.segments()
    for rung, segment in enumerate(segments):
        running = [lane for lane in lanes if lane.outcome is None]
        _run_rung(running, segment, arena)
        if segment is not segments[-1]:
            _stop_the_worst([lane for lane in running if lane.outcome is None], rung, arena)
    _confirm([lane for lane in lanes if lane.outcome is None], arena)
    return tuple(_close(lane, arena) for lane in lanes)


def score_of(evaluations: Sequence[Evaluation]) -> float | None:
    """Selection score: mean fitness of the last three evaluations; None without any."""
    last = evaluations[-SCORED_EVALUATIONS:]
    return fmean(evaluation.fitness for evaluation in last) if last else None


def _run_rung(lanes: Sequence[_Lane], segment: Segment, arena: Arena) -> None:
    """Train and judge one segment of each; who does not reach its end is closed for good."""
    going = [lane for lane in lanes if not _was_closed_here(lane, arena)]
    chains = [
        run_segment(
            arena,
            candidate_contender(lane.id, lane.judged.candidate.text),
            segment,
            seed=arena.seed(lane.id),
            seed_set="selection",
        )
        for lane in going
    ]
    for lane, end in zip(going, arena.engine.run(chains), strict=True):
        _advance(lane, end)
        if lane.outcome is not None:
            _close(lane, arena)


def _was_closed_here(lane: _Lane, arena: Arena) -> bool:
    """Whether this segment closed the candidate before the run was resumed: no second chance."""
    recalled = arena.run.recall("candidate_closed", candidate=lane.id)
    if recalled is None:
        return False
    result = load(Result, recalled["result"])
    if result.outcome in (Outcome.TRAINED, Outcome.STOPPED):
        return False
    if len(result.evaluations) != len(lane.evaluations):
        return False
    lane.steps, lane.cpu_s = result.steps, result.cpu_s
    lane.outcome, lane.text = result.outcome, result.text
    return True


def _advance(lane: _Lane, end: SegmentEnd) -> None:
    lane.evaluations.extend(end.evaluations)
    lane.steps = end.training.end_step
    lane.cpu_s += end.training.cpu_s + sum(e.cpu_s for e in end.evaluations)
    lane.outcome, lane.text = end.outcome, end.text


def _stop_the_worst(lanes: Sequence[_Lane], rung: int, arena: Arena) -> None:
    if not lanes:
        return
    iteration = lanes[0].id.iteration
    recalled = arena.run.recall("rung_decided", iteration=iteration, rung=rung)
    if recalled is None:
        decision = _decide(lanes, arena)
        recalled = arena.run.record(
            "rung_decided",
            key={"iteration": iteration, "rung": rung},
            scores={str(lane.id): lane.score for lane in lanes},
            kept=[str(lanes[i].id) for i in decision.kept],
            stopped=[str(lanes[i].id) for i in decision.stopped],
        ).data
    stopped = set(recalled["stopped"])
    for lane in lanes:
        if str(lane.id) in stopped:
            lane.outcome = Outcome.STOPPED
            lane.text = f"Stopped at rung {rung + 1}: others scored higher."


def _decide(lanes: Sequence[_Lane], arena: Arena) -> Rung:
    search = arena.config.search
    return decide([lane.score for lane in lanes], keep=search.keep, minimum=search.minimum)


def _confirm(lanes: Sequence[_Lane], arena: Arena) -> None:
    """Train the best again with other seeds, and judge them on episodes nobody was chosen on."""
    search = arena.config.search
    best = sorted(lanes, key=_score_or_none_at_all, reverse=True)[: search.confirm_top]
    asked = [lane for lane in best for _ in range(search.confirm_seeds)]
    chains = [
        run_segment(
            arena,
            confirmation(lane.id, lane.judged.candidate.text),
            arena.whole(),
            seed=arena.seed(lane.id, 1 + i % search.confirm_seeds),
            seed_set="selection",
            salt=1 + lane.id.iteration,
        )
        for i, lane in enumerate(asked)
    ]
    for lane, end in zip(asked, arena.engine.run(chains), strict=True):
        lane.steps += end.training.end_step
        lane.cpu_s += end.training.cpu_s + sum(e.cpu_s for e in end.evaluations)
        lane.outcome, lane.text = end.outcome or lane.outcome, end.text or lane.text
        score = score_of(end.evaluations)
        if score is not None:
            lane.confirmed.append(score)


def _score_or_none_at_all(lane: _Lane) -> float:
    return -math.inf if lane.score is None else lane.score


def _close(lane: _Lane, arena: Arena) -> Result:
    is_scored = lane.outcome in (None, Outcome.STOPPED) and not arena.task.is_ranked
    result = Result(
        judged=lane.judged,
        outcome=lane.outcome or Outcome.TRAINED,
        text=lane.text,
        evaluations=tuple(lane.evaluations),
        score=lane.score if is_scored else None,
        steps=lane.steps,
        cpu_s=lane.cpu_s,
        trainings=1 + len(lane.confirmed),
    )
    if arena.run.recall("candidate_closed", candidate=lane.id) is None:
        arena.run.record("candidate_closed", key={"candidate": lane.id}, result=result)
    return result


def _recall(judged: Sequence[Judged], arena: Arena) -> tuple[Result, ...] | None:
    """The results of a competition that was already finished."""
    closed = [arena.run.recall("candidate_closed", candidate=j.candidate.id) for j in judged]
    if any(data is None for data in closed):
        return None
    return tuple(load(Result, data["result"]) for data in closed if data is not None)
