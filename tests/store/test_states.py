"""The candidate's life: the table, and journals of whole and broken lives."""

import dataclasses
from typing import Any

import pytest

from rewardsmith.messages import CandidateId, Outcome
from rewardsmith.store.journal import Event
from rewardsmith.store.states import TRANSITIONS, State, state_of, violations, walk

C = CandidateId(0, 0)
NAME = "000/0"


def happened(event: str, key: dict[str, Any] | None = None, **data: Any) -> Event:
    return Event(seq=0, time="", event=event, key=key or {}, data=data)


def about(event: str, _key: dict[str, Any] | None = None, **data: Any) -> Event:
    return happened(event, {"candidate": NAME} | (_key or {}), **data)


def judge(round_: int, *, accepted: bool) -> Event:
    return about("candidate_judged", {"round": round_, "layer": "probe"}, accepted=accepted)


def start(seed: int = 1, step: int = 0, attempt: int = 0) -> Event:
    return about("segment_started", {"seed": seed, "start_step": step}, attempt=attempt)


def end(seed: int = 1, step: int = 0, outcome: str | None = None) -> Event:
    key = {"seed": seed, "start_step": step}
    return about("segment_ended", key, training={"outcome": outcome})


def evaluate(step: int = 100) -> Event:
    return about("candidate_evaluated", {"seed": 1, "step": step, "seed_set": "selection"})


def decide(*, is_kept: bool) -> Event:
    kept, stopped = ([NAME], []) if is_kept else ([], [NAME])
    return happened("rung_decided", {"iteration": 0, "rung": 0}, kept=kept, stopped=stopped)


def close(outcome: Outcome) -> Event:
    return about("candidate_closed", result={"outcome": outcome.value})


PROPOSED = about("candidate_proposed")
QUEUED = [PROPOSED, judge(0, accepted=True), about("candidate_screened", screened=False)]
RUNG = [start(), end(), evaluate()]

LIVES: dict[str, tuple[list[Event], State]] = {
    "rejected after a repair": (
        [PROPOSED, judge(0, accepted=False), judge(1, accepted=False), close(Outcome.REJECTED)],
        State.REJECTED,
    ),
    "screened": (
        [*QUEUED[:2], about("candidate_screened", screened=True), close(Outcome.SCREENED)],
        State.SCREENED,
    ),
    "trained": (
        [*QUEUED, *RUNG, decide(is_kept=True), *RUNG, evaluate(200), close(Outcome.TRAINED)],
        State.TRAINED,
    ),
    "stopped": ([*QUEUED, *RUNG, decide(is_kept=False), close(Outcome.STOPPED)], State.STOPPED),
    "crashed": ([*QUEUED, start(), end(outcome="crashed"), close(Outcome.CRASHED)], State.CRASHED),
    "timed out": ([*QUEUED, start(), end(outcome="timed_out")], State.TIMED_OUT),
    "over limit": ([*QUEUED, start(), end(outcome="over_limit")], State.OVER_LIMIT),
    "invalid": ([*QUEUED, *RUNG, close(Outcome.INVALID)], State.INVALID),
    "lost and started again": (
        [*QUEUED, start(), happened("run_resumed"), start(attempt=1), end()],
        State.AT_RUNG,
    ),
    "two seeds": ([*QUEUED, start(1), start(2), end(1), end(2), evaluate()], State.EVALUATED),
    "two seeds, one after the other": (
        [*QUEUED, start(1), end(1), evaluate(), start(2), end(2), evaluate()],
        State.EVALUATED,
    ),
    "one seed still running": ([*QUEUED, start(1), start(2), end(1), evaluate()], State.RUNNING),
    "without a screen": ([*QUEUED[:2], start()], State.RUNNING),
    "confirmed before it is closed": (
        [*QUEUED, *RUNG, about("segment_started", {"seed": 5, "purpose": "confirm"})],
        State.EVALUATED,
    ),
}


@pytest.mark.parametrize("life", LIVES)
def test_life_ends_where_it_should_and_breaks_no_rule(life: str) -> None:
    events, state = LIVES[life]
    found = state_of(events, C)

    assert found is not None
    assert found.state == state
    assert violations(events, C) == ()


@pytest.mark.parametrize(
    ("events", "broken"),
    [
        ([PROPOSED, start()], "proposed cannot become running"),
        ([PROPOSED, judge(0, accepted=False), start()], "judging cannot become running"),
        ([*QUEUED, evaluate()], "queued cannot become evaluated"),
        ([*QUEUED, start(), close(Outcome.TRAINED)], "running cannot become trained"),
        ([*QUEUED, *RUNG, decide(is_kept=False), start()], "stopped cannot become running"),
        ([*QUEUED, start(), end(outcome="crashed"), start()], "crashed cannot become running"),
        ([*QUEUED, *RUNG, close(Outcome.TRAINED), close(Outcome.STOPPED)], "trained cannot become"),
    ],
)
def test_stage_that_was_skipped_is_named(events: list[Event], broken: str) -> None:
    assert len(violations(events, C)) == 1
    assert f"candidate 000/0: {broken}" in violations(events, C)[0]


def test_segments_rounds_and_attempts_are_counted() -> None:
    events = [*LIVES["trained"][0][:-1]]
    again = [*QUEUED, start(), happened("run_resumed"), start(attempt=1)]

    assert state_of(events, C) == dataclasses.replace(walk(events, C)[-1], segment=1, attempt=0)
    assert walk(again, C)[-1].attempt == 1
    assert walk([PROPOSED, judge(2, accepted=False)], C)[-1].round == 2


def test_candidate_that_was_never_proposed_has_no_state() -> None:
    assert state_of(QUEUED, CandidateId(3, 3)) is None


def test_every_outcome_closes_and_every_open_state_leads_to_one() -> None:
    closed = {State(outcome.value) for outcome in Outcome}

    assert set(State) - set(TRANSITIONS) == closed
    assert set().union(*TRANSITIONS.values()) >= closed
    for state in TRANSITIONS:
        reached, frontier = {state}, [state]
        while frontier:
            new = set(TRANSITIONS.get(frontier.pop(), ())) - reached
            reached |= new
            frontier.extend(new)
        assert reached & closed
