"""The life of a candidate, as data, and where it stands according to the events.

Pure: a state is never stored, only derived. `violations` is how tests find a driver that skips a
stage.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

from rewardsmith.messages import CandidateId
from rewardsmith.store.events import candidate_of, is_search
from rewardsmith.store.journal import Event


class State(StrEnum):
    """Where a candidate stands; the last eight are `Outcome`s and close it."""

    PROPOSED = "proposed"
    JUDGING = "judging"
    ACCEPTED = "accepted"
    QUEUED = "queued"
    RUNNING = "running"
    AT_RUNG = "at_rung"
    EVALUATED = "evaluated"
    TRAINED = "trained"
    STOPPED = "stopped"
    REJECTED = "rejected"
    SCREENED = "screened"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OVER_LIMIT = "over_limit"
    INVALID = "invalid"


S = State
FAILED = (S.CRASHED, S.TIMED_OUT, S.OVER_LIMIT, S.INVALID)
TRANSITIONS: Mapping[State, frozenset[State]] = {
    S.PROPOSED: frozenset({S.JUDGING, S.REJECTED}),
    S.JUDGING: frozenset({S.JUDGING, S.ACCEPTED, S.REJECTED}),
    S.ACCEPTED: frozenset({S.QUEUED, S.SCREENED}),
    S.QUEUED: frozenset({S.RUNNING, S.STOPPED}),
    # Back to queued: only what was lost with the driver or the machine.
    S.RUNNING: frozenset({S.AT_RUNG, S.CRASHED, S.TIMED_OUT, S.OVER_LIMIT, S.QUEUED}),
    # Back to running, here and below: the next training seed of the same segment. Evaluations may
    # end badly as well, and so may the trainings that confirm an evaluated candidate.
    S.AT_RUNG: frozenset({S.EVALUATED, S.RUNNING, *FAILED}),
    S.EVALUATED: frozenset({S.EVALUATED, S.RUNNING, S.QUEUED, S.STOPPED, S.TRAINED, *FAILED}),
}
"""What each open state may become; a state that is not a key is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateState:
    """Where one candidate stands."""

    state: State
    round: int = 0
    """Repairs so far."""
    segment: int = 0
    """Index of the segment that it waits for, trains in or was evaluated after."""
    attempt: int = 0
    """How often the running segment was lost and started again."""
    open_seeds: frozenset[int] = field(default_factory=frozenset)
    """Training seeds whose segment has started and not ended."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can become of it."""
        return self.state not in TRANSITIONS


def state_of(events: Iterable[Event], candidate: CandidateId) -> CandidateState | None:
    """Where `candidate` stands after `events`; None when it was never proposed."""
    path = walk(events, candidate)
    return path[-1] if path else None


def walk(events: Iterable[Event], candidate: CandidateId) -> tuple[CandidateState, ...]:
    """Every state that `candidate` passed through, in order."""
    path: list[CandidateState] = []
    for event in events:
        if not path:
            if event.event == "candidate_proposed" and candidate_of(event) == candidate:
                path.append(CandidateState(state=S.PROPOSED))
        elif _concerns(event, candidate):
            path.extend(_advance(path[-1], event, candidate))
    return tuple(path)


def violations(events: Iterable[Event], candidate: CandidateId) -> tuple[str, ...]:
    """Every step of `candidate` that `TRANSITIONS` does not allow, in words."""
    path = walk(events, candidate)
    return tuple(
        f"candidate {candidate}: {before.state} cannot become {after.state}"
        for before, after in pairwise(path)
        if before.state != after.state and after.state not in TRANSITIONS.get(before.state, ())
    )


def _concerns(event: Event, candidate: CandidateId) -> bool:
    if event.event == "run_resumed":
        return True
    if event.event == "rung_decided":
        return str(candidate) in (*event.data["kept"], *event.data["stopped"])
    return candidate_of(event) == candidate and is_search(event)


def _advance(now: CandidateState, event: Event, candidate: CandidateId) -> list[CandidateState]:
    match event.event:
        case "candidate_judged":
            return _judged(now, event)
        case "candidate_screened":
            return [replace(now, state=S.SCREENED if event.data["screened"] else S.QUEUED)]
        case "segment_started":
            return _started(now, event)
        case "segment_ended":
            return _ended(now, event)
        case "run_resumed":
            return _lost(now)
        case "candidate_evaluated":
            return [] if now.open_seeds else [replace(now, state=S.EVALUATED)]
        case "rung_decided":
            return _decided(now, event, candidate)
        case "candidate_closed":
            return [replace(now, state=State(event.data["result"]["outcome"]))]
        case _:
            return []


def _judged(now: CandidateState, event: Event) -> list[CandidateState]:
    judging = replace(now, state=S.JUDGING, round=event.key["round"])
    accepted = [replace(judging, state=S.ACCEPTED)] if event.data["accepted"] else []
    return [judging, *accepted]


def _started(now: CandidateState, event: Event) -> list[CandidateState]:
    # A method without a screen goes from accepted to the queue without an event of its own.
    queued = [replace(now, state=S.QUEUED)] if now.state == S.ACCEPTED else []
    seeds = now.open_seeds | {event.key["seed"]}
    attempt = event.data.get("attempt", 0)
    return [*queued, replace(now, state=S.RUNNING, open_seeds=seeds, attempt=attempt)]


def _ended(now: CandidateState, event: Event) -> list[CandidateState]:
    seeds = now.open_seeds - {event.key["seed"]}
    outcome = _outcome_of(event.data)
    if now.is_closed:
        return []
    if outcome is not None:
        return [replace(now, state=State(outcome), open_seeds=frozenset())]
    return [replace(now, state=S.RUNNING if seeds else S.AT_RUNG, open_seeds=seeds)]


def _lost(now: CandidateState) -> list[CandidateState]:
    if now.state != S.RUNNING:
        return []
    return [replace(now, state=S.QUEUED, open_seeds=frozenset())]


def _decided(now: CandidateState, event: Event, candidate: CandidateId) -> list[CandidateState]:
    if str(candidate) in event.data["stopped"]:
        return [replace(now, state=S.STOPPED)]
    return [replace(now, state=S.QUEUED, segment=now.segment + 1, attempt=0)]


def _outcome_of(data: Mapping[str, Any]) -> str | None:
    outcome = data["training"]["outcome"]
    return None if outcome is None else str(outcome)
