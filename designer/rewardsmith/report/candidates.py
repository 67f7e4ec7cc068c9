"""The candidates of a run as lines: where each stands, what it scored, and why.

Works on runs that are still going: what is not known yet is None.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rewardsmith.messages import Analysis, Candidate, CandidateId, Evaluation, Judged, Result
from rewardsmith.store.codec import load
from rewardsmith.store.events import candidate_of, is_search
from rewardsmith.store.journal import Event
from rewardsmith.store.past import last_ranking
from rewardsmith.store.run import Run
from rewardsmith.store.states import state_of

AUTHORS = {
    "offline": "the offline designer",
    "model": "a language model",
    "human": "a person",
    "reference": "the card",
}
"""What a candidate's author is called."""


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
    is_ranked: bool = False
    """Whether its score is its strength in people's comparisons, and nothing was measured."""

    @property
    def id(self) -> CandidateId:
        """The candidate's."""
        return self.candidate.id

    @property
    def author(self) -> str:
        """Who wrote it."""
        return self.candidate.author

    @property
    def rationale(self) -> str:
        """What its author says of it."""
        return self.candidate.rationale

    @property
    def parents(self) -> tuple[CandidateId, ...]:
        """What it was made of."""
        return self.candidate.parents

    @property
    def score(self) -> float | None:
        """Selection score, of a ranked task the strength; higher is better."""
        return self.result.score if self.result else None

    @property
    def success_rate(self) -> float | None:
        """Of the last evaluation on selection seeds, in [0, 1]."""
        return self.evaluations[-1].success_rate if self.evaluations else None

    @property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """On selection episodes over its training; of a ranked task they measured nothing."""
        return self.result.evaluations if self.result and not self.is_ranked else ()

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
    groups = events_by_candidate(run.events())
    is_ranked = run.manifest.task.is_ranked
    lines = tuple(_line(id_, groups[id_], is_ranked=is_ranked) for id_ in sorted(groups))
    strengths = last_ranking(run.events())
    return tuple(_ranked(line, strengths) for line in lines) if strengths else lines


def events_by_candidate(events: Iterable[Event]) -> Mapping[CandidateId, Sequence[Event]]:
    """What concerns each proposed candidate in the search, in order, read in one pass."""
    groups: dict[CandidateId, list[Event]] = {}
    by_name: dict[str, list[Event]] = {}
    for event in events:
        candidate = candidate_of(event)
        if candidate is not None:
            if event.event == "candidate_proposed" and candidate not in groups:
                groups[candidate] = by_name[str(candidate)] = []
            if candidate in groups and is_search(event):
                groups[candidate].append(event)
        elif event.event == "rung_decided":
            for name in (*event.data["kept"], *event.data["stopped"]):
                by_name.get(name, []).append(event)
        elif event.event == "run_resumed":
            for group in groups.values():
                group.append(event)
    return groups


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


def _ranked(line: CandidateLine, strengths: Mapping[CandidateId, float]) -> CandidateLine:
    """The line with its strength as its score, where people's comparisons select."""
    if line.result is None:
        return line
    return replace(line, result=replace(line.result, score=strengths.get(line.id)))


def _line(id_: CandidateId, group: Sequence[Event], *, is_ranked: bool) -> CandidateLine:
    last = {event.event: event.data for event in group}
    judged = (
        load(Judged, last["candidate_judged"]["judged"]) if "candidate_judged" in last else None
    )
    proposed = load(Candidate, last["candidate_proposed"]["candidate"])
    closed, analyzed = last.get("candidate_closed"), last.get("candidate_analyzed")
    now = state_of(group, id_)
    return CandidateLine(
        candidate=judged.candidate if judged else proposed,
        state=now.state.value.replace("_", " ") if now else "proposed",
        judged=judged,
        result=load(Result, closed["result"]) if closed else None,
        analysis=load(Analysis, analyzed["analysis"]) if analyzed else None,
        is_ranked=is_ranked,
    )
