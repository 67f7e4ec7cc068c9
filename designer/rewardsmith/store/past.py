"""The search's history, rebuilt from events alone.

Pure. Only iterations that ended count, and everything stands in candidate order, never in the
order in which it was finished.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from rewardsmith.messages import (
    Analysis,
    CandidateId,
    Feedback,
    History,
    Iteration,
    Judged,
    Result,
)
from rewardsmith.store.codec import load
from rewardsmith.store.events import candidate_of, is_search
from rewardsmith.store.journal import Event

M = TypeVar("M")


def history_of(events: Iterable[Event]) -> History:
    """Every iteration that ended, as the loop had recorded it.

    Raises:
        StoreError: An event holds a message that this version cannot read.
    """
    by_iteration: defaultdict[int, list[Event]] = defaultdict(list)
    for event in events:
        index = _iteration_of(event)
        if index is not None and is_search(event):
            by_iteration[index].append(event)
    ended = (i for i, group in sorted(by_iteration.items()) if _has_ended(group))
    return History(iterations=tuple(_iteration(i, by_iteration[i]) for i in ended))


def _iteration(index: int, events: list[Event]) -> Iteration:
    return Iteration(
        index=index,
        judged=_latest(events, "candidate_judged", "judged", Judged),
        results=_latest(events, "candidate_closed", "result", Result),
        analyses=_latest(events, "candidate_analyzed", "analysis", Analysis),
        remarks=_remarks(events),
    )


def _latest(events: list[Event], name: str, part: str, kind: type[M]) -> tuple[M, ...]:
    found: dict[CandidateId, object] = {}
    for event in events:
        candidate = candidate_of(event)
        if event.event == name and candidate is not None:
            found[candidate] = event.data[part]
    return tuple(load(kind, found[candidate]) for candidate in sorted(found))


def _remarks(events: list[Event]) -> tuple[Feedback, ...]:
    read = [event for event in events if event.event == "feedback_read"]
    return tuple(load(Feedback, remark) for event in read for remark in event.data["remarks"])


def _iteration_of(event: Event) -> int | None:
    candidate = candidate_of(event)
    if candidate is not None:
        return candidate.iteration
    index = event.key.get("iteration")
    return index if isinstance(index, int) else None


def _has_ended(events: list[Event]) -> bool:
    return any(event.event == "iteration_ended" for event in events)
