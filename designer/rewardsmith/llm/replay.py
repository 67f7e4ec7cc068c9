"""Answers from the record of another run: the same search again, without a model or a key.

By address; strictly, by address and prompt. A prompt that has changed since is told with its diff.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rewardsmith.errors import ModelError
from rewardsmith.llm.answer_text import one_line
from rewardsmith.llm.calls import Answer, Request
from rewardsmith.llm.fingerprint import request_hash
from rewardsmith.llm.record import (
    CallJournal,
    CallRecord,
    MemoryJournal,
    RecordedEvent,
    read_answer,
)

_SHOWN_LINES: Final = 12
_LINE_WIDTH: Final = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """One answered call of the other run."""

    hash: str
    answer: Answer
    prompt: tuple[str, ...]
    """Lines of all messages; empty if the record does not hold them."""


class ReplayModel:
    """A `LanguageModel` that says what was said in another run."""

    def __init__(
        self,
        events: Sequence[RecordedEvent],
        *,
        run: str,
        is_strict: bool = False,
        journal: CallJournal | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """Read another run's record.

        Args:
            events: Of its `llm.jsonl`.
            run: Its name, for messages.
            is_strict: Whether an answer to another prompt is refused.
            journal: Where this run's own calls are recorded, so that it can be replayed in turn.
            tell: Hears how prompts have drifted.
        """
        self._recorded = _read(events)
        self._run = run
        self._is_strict = is_strict
        self._record = CallRecord(journal or MemoryJournal())
        self._tell = tell or (lambda _: None)

    def complete(self, requests: Sequence[Request]) -> list[Answer]:
        """Answer all requests, in their order; see `LanguageModel.complete`.

        Raises:
            ModelError: The other run was never asked there, or, strictly, was asked otherwise.
        """
        return [self._record.find_answer(r) or self._answer(r) for r in requests]

    def _answer(self, request: Request) -> Answer:
        recorded = self._find(request)
        if recorded.hash != request_hash(request):
            drift = drift_between(recorded.prompt, _lines(request))
            if self._is_strict:
                raise ModelError(
                    f"Run {self._run!r} was asked something else at {request.address}: {drift}\n"
                    f"`replay:{self._run}` takes its answers nevertheless."
                )
            self._tell(f"{request.address}: the prompt has drifted: {drift}")
        self._record.ask(request, "ask", request.messages)
        self._record.answer(request, recorded.answer)
        return recorded.answer

    def _find(self, request: Request) -> _Recorded:
        calls = self._recorded.get(str(request.address), {})
        found = calls.get(request_hash(request)) or next(reversed(calls.values()), None)
        if found is None:
            raise ModelError(self._unknown(str(request.address)))
        return found

    def _unknown(self, address: str) -> str:
        near = difflib.get_close_matches(address, self._recorded, n=1, cutoff=0.0)
        nearest = f" The nearest recorded one is {near[0]}." if near else ""
        return (
            f"Run {self._run!r} holds no answer for {address}, only {len(self._recorded)} others."
            f"{nearest} Replay it with the task, seed and settings it was made with."
        )


def drift_between(recorded: Sequence[str], asked: Sequence[str]) -> str:
    """How a prompt has changed: counts, then the first lines of a diff.

    >>> print(drift_between(["Hop.", "Fast."], ["Hop.", "Slowly."]))
    +1 -1 lines
    -Fast.
    +Slowly.
    """
    diff = list(difflib.unified_diff(recorded, asked, lineterm="", n=0))[2:]
    changes = [line for line in diff if not line.startswith("@@")]
    added = sum(line.startswith("+") for line in changes)
    shown = [line[0] + one_line(line[1:], limit=_LINE_WIDTH) for line in changes[:_SHOWN_LINES]]
    if len(changes) > _SHOWN_LINES:
        shown.append(f"... and {len(changes) - _SHOWN_LINES} more")
    if not changes:
        return "only the schema"
    return "\n".join([f"+{added} -{len(changes) - added} lines", *shown])


def _read(events: Sequence[RecordedEvent]) -> dict[str, dict[str, _Recorded]]:
    prompts: dict[tuple[str, str], tuple[str, ...]] = {}
    found: dict[str, dict[str, _Recorded]] = {}
    for event in events:
        call, data = str(event.key["call"]), event.data
        if event.event == "asked" and data["step"] == "ask":
            prompts[call, data["hash"]] = _recorded_lines(data["messages"])
        elif event.event == "answered":
            prompt = prompts.get((call, data["hash"]), ())
            answers = found.setdefault(call, {})
            answers.pop(data["hash"], None)  # the latest one comes last
            answers[data["hash"]] = _Recorded(
                hash=data["hash"], answer=read_answer(data), prompt=prompt
            )
    return found


def _recorded_lines(messages: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(line for message in messages for line in str(message["text"]).splitlines())


def _lines(request: Request) -> tuple[str, ...]:
    return tuple(line for message in request.messages for line in message.text.splitlines())
