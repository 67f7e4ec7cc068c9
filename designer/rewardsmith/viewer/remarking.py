"""Remarks on a run's pages: what is shown of them, and what a form says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewardsmith.errors import StoreError, UsageError
from rewardsmith.feedback.spans import remark_on_span
from rewardsmith.messages import CandidateId, Feedback, Span
from rewardsmith.store.remarks import append_remark, read_remarks
from rewardsmith.store.run import Run
from rewardsmith.viewer.library import Opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A remark, and whether the loop has read it."""

    feedback: Feedback
    is_read: bool
    is_known: bool
    """Whether there is a candidate of that name, for a line may be written by hand."""


def remarks_of(opened: Opened, candidate: CandidateId | None = None) -> dict[str, Any]:
    """What people wrote, newest first; all of a run, or what concerns one candidate."""
    has_ended = opened.run.recall("run_ended") is not None
    try:
        found = read_remarks(opened.run.folder, after_line=0).remarks
    except StoreError as error:
        return {"remarks": (), "remarks_problem": str(error), "has_ended": has_ended}
    shown = tuple(
        Remark(
            feedback=one,
            is_read=one.line <= opened.index.read_up_to,
            is_known=one.candidate in opened.index.events_of,
        )
        for one in reversed(found)
        if candidate is None or one.candidate == candidate
    )
    return {"remarks": shown, "remarks_problem": "", "has_ended": has_ended}


def send_remark(run: Run, candidate: CandidateId | None, form: Mapping[str, str]) -> Span | None:
    """Write down what a form says, with the part of a film that it is about, if any; returns it.

    Raises:
        UsageError: The part is none of a recorded episode of the candidate.
        StoreError: The remark is empty or too long, or cannot be written.
    """
    text, span = form.get("text", ""), _span_in(form)
    if candidate is None or span is None:
        append_remark(run.folder, text, candidate=candidate)
    else:
        remark_on_span(run, text, candidate, span)
    return span


def _span_in(form: Mapping[str, str]) -> Span | None:
    if not form.get("episode"):
        return None
    numbers = [form.get(name, "") for name in ("episode", "first_step", "last_step")]
    try:
        episode, first, last = (int(n) for n in numbers if n.isascii() and len(n) < 10)
        return Span(episode=episode, first_step=first, last_step=last)
    except ValueError as error:
        raise UsageError(
            "A part of an episode goes from a first step to a last one, both counted from 0; "
            f"not from {numbers[1][:20]!r} to {numbers[2][:20]!r}."
        ) from error
