"""What a run's pages list of its candidates, in one pass over the events.

It reads the journal's values as they stand and builds no messages: a run of hundreds of candidates
is listed in milliseconds. A single candidate's page reads the messages in full.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId
from rewardsmith.report.candidates import events_by_candidate
from rewardsmith.store.events import is_search
from rewardsmith.store.journal import Event
from rewardsmith.store.past import last_ranking
from rewardsmith.store.run import Run
from rewardsmith.store.states import state_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One candidate, as a list shows it."""

    id: CandidateId
    state: str
    """Where it stands; its outcome once it is closed."""
    is_closed: bool
    parents: tuple[CandidateId, ...] = ()
    author: str = ""
    rationale: str = ""
    score: float | None = None
    """Selection score; higher is better."""
    success_rate: float | None = None
    steps: int = 0
    cpu_s: float = 0.0
    trainings: int = 0
    cause: str = ""
    """The first thing to know about how it ended."""
    is_suspect: bool = False
    """Whether reward hacking is suspected."""
    n_findings: int = 0
    """Errors and warnings of its last verdict."""
    curve: tuple[tuple[int, float], ...] = ()
    """(timesteps, mean fitness) on selection episodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a part of a run took."""

    steps: int = 0
    cpu_s: float = 0.0
    trainings: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            steps=self.steps + other.steps,
            cpu_s=self.cpu_s + other.cpu_s,
            trainings=self.trainings + other.trainings,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What a run's pages list."""

    rows: tuple[Row, ...] = ()
    """In candidate order."""
    best: CandidateId | None = None
    rungs: tuple[int, ...] = ()
    """Timesteps of the rungs."""
    costs: Mapping[str, Cost] = field(default_factory=dict)
    """By purpose: `search`, `confirm`, `claim`."""
    events_of: Mapping[CandidateId, tuple[Event, ...]] = field(default_factory=dict)
    read_up_to: int = 0
    """Lines of `feedback.jsonl` that an iteration has read."""

    def row(self, candidate: CandidateId) -> Row | None:
        """The row of `candidate`, if there is one."""
        return next((row for row in self.rows if row.id == candidate), None)

    def holds(self, iteration: int, number: int) -> bool:
        """Whether there is a candidate with that number of that iteration."""
        return CandidateId(iteration, number) in self.events_of

    def children(self, candidate: CandidateId) -> tuple[CandidateId, ...]:
        """Candidates that name it as a parent."""
        return tuple(row.id for row in self.rows if candidate in row.parents)


def index_of(run: Run) -> Index:
    """List what `run` holds.

    Raises:
        StoreError: An event holds something that this version does not know.
    """
    events = run.events()
    try:
        index = _index(events)
        return _unmeasured(index) if run.manifest.task.is_ranked else index
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise StoreError(
            f"Run {run.id!r} holds an event that this version cannot read "
            f"({type(error).__name__}: {error}). Open it with the version that run.json names."
        ) from error


def _index(events: Sequence[Event]) -> Index:
    groups = events_by_candidate(events)
    rows = tuple(_row(candidate, groups[candidate]) for candidate in sorted(groups))
    strengths = last_ranking(events)
    if strengths:
        rows = tuple(replace(row, score=strengths.get(row.id)) for row in rows)
    read = [e.data["up_to_line"] for e in events if e.event == "feedback_read"]
    return Index(
        rows=rows,
        best=_best(rows, events),
        rungs=_rungs(events),
        costs=_costs(events),
        events_of={candidate: tuple(group) for candidate, group in groups.items()},
        read_up_to=max(read, default=0),
    )


def _unmeasured(index: Index) -> Index:
    """Without the curves and rates of what nobody measured."""
    rows = tuple(replace(row, curve=(), success_rate=None) for row in index.rows)
    return replace(index, rows=rows)


def _row(candidate: CandidateId, group: Sequence[Event]) -> Row:
    last = {event.event: event.data for event in group}
    proposed = last["candidate_proposed"]["candidate"]
    judged = last["candidate_judged"]["judged"] if "candidate_judged" in last else None
    result = last["candidate_closed"]["result"] if "candidate_closed" in last else None
    analysis = last["candidate_analyzed"]["analysis"] if "candidate_analyzed" in last else None
    now = state_of(group, candidate)
    about = judged["candidate"] if judged else proposed
    findings = judged["verdict"]["findings"] if judged else ()
    return Row(
        id=candidate,
        state=now.state.value if now else "proposed",
        is_closed=bool(now and now.is_closed),
        parents=tuple(CandidateId(*parent) for parent in about["parents"]),
        author=about["author"],
        rationale=about["rationale"],
        score=result["score"] if result else None,
        success_rate=_success(result) if result else None,
        steps=result["steps"] if result else _steps_so_far(group),
        cpu_s=result["cpu_s"] if result else 0.0,
        trainings=result["trainings"] if result else 0,
        cause=_cause(result, analysis),
        is_suspect=bool(analysis and analysis["hacking_suspected"]),
        n_findings=sum(finding["severity"] != "note" for finding in findings),
        curve=_curve(group),
    )


def _success(result: Mapping[str, Any]) -> float | None:
    evaluations = result["evaluations"]
    if not evaluations:
        return None
    return fmean(float(episode["success"]) for episode in evaluations[-1]["episodes"])


def _steps_so_far(group: Iterable[Event]) -> int:
    return sum(_cost(event).steps for event in group if event.event == "segment_ended")


def _cause(result: Mapping[str, Any] | None, analysis: Mapping[str, Any] | None) -> str:
    if result and result["text"].strip():
        return str(result["text"].strip().splitlines()[0])
    if analysis and analysis["causes"]:
        return str(analysis["causes"][0]["message"])
    return ""


def _curve(group: Iterable[Event]) -> tuple[tuple[int, float], ...]:
    points: dict[int, float] = {}
    for event in group:
        if event.event == "candidate_evaluated":
            evaluation = event.data["evaluation"]
            points[evaluation["step"]] = fmean(e["fitness"] for e in evaluation["episodes"])
    return tuple(sorted(points.items()))


def _best(rows: Sequence[Row], events: Iterable[Event]) -> CandidateId | None:
    """The winner, as `messages.History.best` has it; before there is one, the best score so far."""
    ended = {event.key["iteration"] for event in events if event.event == "iteration_ended"}
    scored = [row for row in rows if row.score is not None]
    trained = [r for r in scored if r.state == "trained" and r.id.iteration in ended]
    most = max((row.trainings for row in trained), default=0)
    eligible = [row for row in trained if row.trainings == most] or scored
    best = max(eligible, key=lambda row: row.score or 0.0, default=None)
    return best.id if best else None


def _rungs(events: Iterable[Event]) -> tuple[int, ...]:
    ended = {
        event.data["training"]["end_step"]
        for event in events
        if event.event == "segment_ended" and is_search(event)
    }
    return tuple(sorted(ended))[:-1]


def _costs(events: Iterable[Event]) -> dict[str, Cost]:
    costs: defaultdict[str, Cost] = defaultdict(Cost)
    for event in events:
        if event.event in ("segment_ended", "candidate_evaluated"):
            costs[str(event.key.get("purpose", "search"))] += _cost(event)
    return dict(costs)


def _cost(event: Event) -> Cost:
    if event.event == "candidate_evaluated":
        return Cost(cpu_s=event.data["evaluation"]["cpu_s"])
    training = event.data["training"]
    start, end = training["start_step"], training["end_step"]
    return Cost(steps=end - start, cpu_s=training["cpu_s"], trainings=int(start == 0))
