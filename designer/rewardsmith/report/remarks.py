"""Which remark led to which change, as far as that can be known.

A remark is read where an iteration ends, and stands before the designer from the next one on. Of
that next iteration's candidates it is said what holds: the rationale speaks of the remark, or of
some remark; the remark stood in the question that the program answers; or it merely came after it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId, Feedback
from rewardsmith.store.calls import read_calls
from rewardsmith.store.codec import load
from rewardsmith.store.remarks import read_remarks
from rewardsmith.store.run import Run

QUOTED_WORDS: Final = 4
"""Words in a row that a rationale shares with a remark when it speaks of it."""
_WORD: Final = re.compile(r"\w+")
_NAMES_A_REMARK: Final = re.compile(
    r"\b(person'?s? remark|remark(s|ed)?|you (asked|said|wanted))\b"
)


class Proposed(Protocol):
    """What has to be known of a candidate."""

    @property
    def id(self) -> CandidateId:
        """The candidate's."""

    @property
    def author(self) -> str:
        """Who wrote it."""

    @property
    def rationale(self) -> str:
        """What its author says of it."""

    @property
    def parents(self) -> tuple[CandidateId, ...]:
        """What it was made of."""

    @property
    def score(self) -> float | None:
        """Selection score."""


class Link(StrEnum):
    """What ties a candidate to a remark; the weakest comes last."""

    ANSWERS = "its rationale speaks of the remark"
    NAMES = "its rationale speaks of a remark, without saying which"
    ASKED = "the remark stood in the question that it answers"
    AFTER = "proposed after the remark was read; nothing says that it answers it"
    UNSAID = "proposed after the remark was read; its question had no room for the remark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A candidate that was proposed with a remark before the designer."""

    candidate: CandidateId
    link: Link
    change: str
    """Its rationale: what it says it changed."""
    parent: CandidateId | None
    """What its program is compared with; None when it has none."""
    score: float | None
    """Selection score; None before it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkLine:
    """A remark and what followed it."""

    remark: Feedback
    read_by: int | None
    """Index of the iteration at whose end it was read; None when none has read it yet."""
    responses: tuple[Response, ...] = ()
    """Designed candidates of the next iteration, in candidate order."""


def remark_lines(
    run: Run,
    proposed: Sequence[Proposed],
    questions: Mapping[CandidateId, str] | None = None,
) -> tuple[RemarkLine, ...]:
    """Every remark on `run`, in the order in which they were written.

    Args:
        run: The run.
        proposed: Its candidates, in order.
        questions: What a model was first asked for each program; None reads the run's calls.

    Raises:
        StoreError: The remarks cannot be read.
    """
    read = {
        int(remark["line"]): (int(event.key["iteration"]), load(Feedback, remark))
        for event in run.events("feedback_read")
        for remark in event.data["remarks"]
    }
    if questions is None:
        questions = _questions(run) if read else {}
    found = [
        RemarkLine(
            remark=remark,
            read_by=iteration,
            responses=tuple(
                _response(one, remark, questions.get(one.id, ""), is_only=len(read) == 1)
                for one in proposed
                if one.id.iteration == iteration + 1 and one.author != "human"
            ),
        )
        for _, (iteration, remark) in sorted(read.items())
    ]
    waiting = read_remarks(run.folder, after_line=_read_up_to(run)).remarks
    return (*found, *(RemarkLine(remark=remark, read_by=None) for remark in waiting))


def remarks_before(
    candidate: CandidateId, remarks: Iterable[RemarkLine]
) -> tuple[tuple[Feedback, Response], ...]:
    """The remarks that were new to the designer when it proposed `candidate`."""
    return tuple(
        (line.remark, response)
        for line in remarks
        for response in line.responses
        if response.candidate == candidate
    )


def link_of(remark: str, rationale: str, question: str, *, is_only: bool = True) -> Link:
    """What ties a candidate to a remark.

    Args:
        remark: What the person wrote.
        rationale: Of a candidate that was proposed after the remark was read.
        question: What a model was asked for it; empty without a model.
        is_only: Whether it is the run's only remark.
    """
    if _quotes(rationale, remark):
        return Link.ANSWERS
    if _NAMES_A_REMARK.search(rationale.lower()):
        return Link.ANSWERS if is_only else Link.NAMES
    if not question:
        return Link.AFTER
    return Link.ASKED if _flat(remark) in _flat(question) else Link.UNSAID


def _response(one: Proposed, remark: Feedback, question: str, *, is_only: bool) -> Response:
    return Response(
        candidate=one.id,
        link=link_of(remark.text, one.rationale, question, is_only=is_only),
        change=one.rationale,
        parent=one.parents[0] if one.parents else None,
        score=one.score,
    )


def _read_up_to(run: Run) -> int:
    return max((int(e.data["up_to_line"]) for e in run.events("feedback_read")), default=0)


def _questions(run: Run) -> dict[CandidateId, str]:
    """What a model was first asked for each candidate's program."""
    try:
        events = [event for event in read_calls(run.folder) if event.event == "asked"]
    except StoreError:
        return {}
    questions: dict[CandidateId, str] = {}
    for event in events:
        parts = str(event.key["call"]).split("/")
        if len(parts) == 5 and parts[1] == "designer" and parts[3] == "0":
            text = "\n".join(str(message["text"]) for message in event.data["messages"])
            questions[CandidateId(int(parts[0]), int(parts[2]))] = text
    return questions


def _quotes(rationale: str, remark: str) -> bool:
    said, words = _flat(rationale), _WORD.findall(remark.lower())
    runs = (words[i : i + QUOTED_WORDS] for i in range(len(words) - QUOTED_WORDS + 1))
    return any(f" {' '.join(run)} " in f" {said} " for run in runs)


def _flat(text: str) -> str:
    """Its words alone: prompts fence what people write, and break its lines."""
    return " ".join(_WORD.findall(text.lower()))
