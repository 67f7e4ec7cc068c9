"""The search's history, rebuilt from events alone.

Pure. Only iterations that ended count, and everything stands in candidate order, never in the
order in which it was finished.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

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
from rewardsmith.store.events import candidate_of, is_search, read_id
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
    ended = [i for i, group in sorted(by_iteration.items()) if _has_ended(group)]
    history = History(iterations=tuple(_iteration(i, by_iteration[i]) for i in ended))
    return _ranked(history, [event for i in ended for event in by_iteration[i]])


def last_ranking(events: Iterable[Event]) -> dict[CandidateId, float]:
    """Strength by candidate where people's comparisons select; empty where they do not (yet)."""
    decisions = [event.data for event in events if event.event == "ranking_decided"]
    return ranked_scores(decisions[-1]) if decisions else {}


def ranked_scores(decision: Mapping[str, Any]) -> dict[CandidateId, float]:
    """Strength by candidate, from the data of a `ranking_decided`."""
    strengths = decision["strengths"].items()
    return {read_id(name): float(found["estimate"]) for name, found in strengths}


def with_scores(
    results: Iterable[Result], scores: Mapping[CandidateId, float]
) -> tuple[Result, ...]:
    """The results with other selection scores; who is not among them has none."""
    return tuple(replace(result, score=scores.get(result.id)) for result in results)


def _ranked(history: History, events: list[Event]) -> History:
    """The history with the scores of its last ranking, where rankings select.

    Strengths are estimated anew from all comparisons, so those of earlier iterations change too.
    """
    scores = last_ranking(events)
    if not scores:
        return history
    return History(
        iterations=tuple(
            replace(it, results=with_scores(it.results, scores)) for it in history.iterations
        )
    )


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
