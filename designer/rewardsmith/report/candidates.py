"""The candidates of a run as lines: where each stands, what it scored, and why.

Works on runs that are still going: what is not known yet is None.
"""

from dataclasses import dataclass

from rewardsmith.messages import Analysis, Candidate, CandidateId, Judged, Result
from rewardsmith.store.codec import load
from rewardsmith.store.events import candidate_of
from rewardsmith.store.run import Run
from rewardsmith.store.states import state_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateLine:
    """Everything that a run knows of one candidate."""

    candidate: Candidate
    """With the text that was judged last."""
    state: str
    """Where it stands; its outcome once it is closed."""
    judged: Judged | None
    result: Result | None
    analysis: Analysis | None

    @property
    def id(self) -> CandidateId:
        """The candidate's."""
        return self.candidate.id

    @property
    def score(self) -> float | None:
        """Selection score; higher is better."""
        return self.result.score if self.result else None

    @property
    def success_rate(self) -> float | None:
        """Of the last evaluation on selection seeds, in [0, 1]."""
        if self.result is None or not self.result.evaluations:
            return None
        return self.result.evaluations[-1].success_rate

    @property
    def cause(self) -> str:
        """The first thing to know about how it ended; empty when there is nothing."""
        if self.result and self.result.text:
            return self.result.text.strip().splitlines()[0]
        if self.analysis and self.analysis.causes:
            return self.analysis.causes[0].message
        return ""


def candidate_lines(run: Run) -> tuple[CandidateLine, ...]:
    """A line for every proposed candidate, in candidate order."""
    proposed = {candidate_of(event): event.data for event in run.events("candidate_proposed")}
    ids = sorted(id_ for id_ in proposed if id_ is not None)
    return tuple(_line(run, id_, load(Candidate, proposed[id_]["candidate"])) for id_ in ids)


def best_line(run: Run, lines: tuple[CandidateLine, ...]) -> CandidateLine | None:
    """The line of the run's winner; of the highest score so far while no iteration has ended."""
    winner = run.history().best
    if winner is not None:
        return next((line for line in lines if line.id == winner.id), None)
    scored = [line for line in lines if line.score is not None]
    return max(scored, key=lambda line: line.score or 0.0, default=None)


def lineage(line: CandidateLine, lines: tuple[CandidateLine, ...]) -> tuple[CandidateLine, ...]:
    """`line`, its first parent, that one's first parent, ... down to the first iteration."""
    by_id = {one.id: one for one in lines}
    path = [line]
    while path[-1].candidate.parents:
        parent = by_id.get(path[-1].candidate.parents[0])
        if parent is None or parent in path:
            break
        path.append(parent)
    return tuple(path)


def _line(run: Run, id_: CandidateId, candidate: Candidate) -> CandidateLine:
    judgements = [e for e in run.events("candidate_judged") if candidate_of(e) == id_]
    judged = load(Judged, judgements[-1].data["judged"]) if judgements else None
    closed = run.recall("candidate_closed", candidate=id_)
    analyzed = run.recall("candidate_analyzed", candidate=id_)
    now = state_of(run.events(), id_)
    return CandidateLine(
        candidate=judged.candidate if judged else candidate,
        state=now.state.value.replace("_", " ") if now else "proposed",
        judged=judged,
        result=load(Result, closed["result"]) if closed else None,
        analysis=load(Analysis, analyzed["analysis"]) if analyzed else None,
    )
