"""The record of all calls of a run, in the journal that `store` keeps: `llm.jsonl`.

Events, each with the key `{"call": address}`: `asked` (the prompt in full, once a step), `sent`
(before a call leaves, with its reservation), `received` or `failed` (before it is used), and
`answered` (what the request came to). Invariant: what `received` says is never bought again.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from rewardsmith.llm.budget import Spending
from rewardsmith.llm.calls import Answer, Message, Request, Usage
from rewardsmith.llm.failures import Failure
from rewardsmith.llm.fingerprint import request_hash
from rewardsmith.llm.replies import Reply

StepName = Literal["ask", "again", "continue", "shorter"]


class RecordedEvent(Protocol):
    """One line of the journal."""

    @property
    def event(self) -> str:
        """Its name."""

    @property
    def key(self) -> Mapping[str, Any]:
        """The call it belongs to."""

    @property
    def data(self) -> Mapping[str, Any]:
        """What is to be remembered; JSON values."""


class CallJournal(Protocol):
    """An append-only file of events; `store.calls.open_calls` opens a run's."""

    @property
    def events(self) -> Sequence[RecordedEvent]:
        """What it held when it was opened."""

    def append(
        self, event: str, key: Mapping[str, Any], data: Mapping[str, Any], *, sync: bool = True
    ) -> RecordedEvent:
        """Write one event and, with `sync`, return only when it is on the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event that is only remembered, not written."""

    event: str
    key: Mapping[str, Any]
    data: Mapping[str, Any]


class MemoryJournal:
    """A journal that is forgotten with the process: for single questions and for tests."""

    def __init__(self, events: Sequence[RecordedEvent] = ()) -> None:
        self.events: list[RecordedEvent] = list(events)
        """Every event, in order."""
        self._turn = threading.Lock()

    def append(
        self, event: str, key: Mapping[str, Any], data: Mapping[str, Any], *, sync: bool = True
    ) -> Entry:
        """Remember one event."""
        entry = Entry(event=event, key=dict(key), data=dict(data))
        with self._turn:
            self.events.append(entry)
        return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A reply, who gave it, and what it cost."""

    reply: Reply
    label: str
    """`provider/model`."""
    usage: Usage
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A call that was announced in the record and has to be closed there."""

    call: str
    attempt: int
    """Number of the call among all of this address, over all drivers of the run."""
    step: StepName
    hash: str
    label: str


class CallRecord:
    """Reads and writes one journal; safe to use from several threads."""

    def __init__(self, journal: CallJournal) -> None:
        self._journal = journal
        self._turn = threading.Lock()
        self._attempts: Counter[str] = Counter()
        self._hashes: dict[str, set[str]] = {}
        self._asked: set[tuple[str, str, str]] = set()
        self._heard: dict[tuple[str, str, str], Heard] = {}
        self._answers: dict[tuple[str, str], Answer] = {}
        for event in journal.events:
            self._learn(event)
        self.spent = recount(journal.events)
        """What the journal's calls had cost when it was opened."""

    def find_answer(self, request: Request) -> Answer | None:
        """What the same request at the same address came to before."""
        return self._answers.get((str(request.address), request_hash(request)))

    def find_reply(self, request: Request, step: StepName) -> Heard | None:
        """What was received before for one step of the same request."""
        return self._heard.get((str(request.address), request_hash(request), step))

    def is_changed(self, request: Request) -> bool:
        """Whether this address was asked before, but only something else."""
        hashes = self._hashes.get(str(request.address), set())
        return bool(hashes) and request_hash(request) not in hashes

    def ask(self, request: Request, step: StepName, messages: Sequence[Message]) -> None:
        """Write down the prompt of a step in full, once."""
        identity = (str(request.address), request_hash(request), step)
        if identity not in self._asked:
            data = {
                "step": step,
                "hash": identity[1],
                "templates": dict(request.templates),
                "messages": [asdict(message) for message in messages],
                "schema": request.schema,
                "schema_name": request.schema_name,
            }
            # Not synced: the intent that follows it in the same file is.
            self._write("asked", identity[0], data, sync=False)

    def send(self, request: Request, step: StepName, label: str, worst: Spending) -> Ticket:
        """Announce a call and what it can cost; on the disk when this returns."""
        call, digest = str(request.address), request_hash(request)
        with self._turn:
            attempt = self._attempts[call]
        ticket = Ticket(call, attempt, step, digest, label)
        self._write("sent", call, _about(ticket) | {"reserved": asdict(worst)})
        return ticket

    def receive(self, ticket: Ticket, heard: Heard) -> None:
        """Close a call with its reply."""
        reply = heard.reply
        content = {
            "text": reply.text,
            "finish": reply.finish,
            "server_model": reply.model,
            "is_oversized": reply.is_oversized,
            "usage": asdict(heard.usage),
            "cost_usd": heard.cost_usd,
        }
        self._write("received", ticket.call, _about(ticket) | content)

    def fail(self, ticket: Ticket, failure: Failure) -> None:
        """Close a call that brought nothing."""
        content = {
            "kind": failure.kind,
            "status": failure.status,
            "reason": failure.reason,
            "is_in_doubt": failure.is_in_doubt,
        }
        self._write("failed", ticket.call, _about(ticket) | content)

    def answer(self, request: Request, answer: Answer) -> None:
        """Write down what a request came to."""
        data = asdict(answer) | {"hash": request_hash(request)}
        self._write("answered", str(request.address), data)

    def _write(self, event: str, call: str, data: Mapping[str, Any], *, sync: bool = True) -> None:
        self._learn(self._journal.append(event, {"call": call}, data, sync=sync))

    def _learn(self, event: RecordedEvent) -> None:
        call, data = str(event.key["call"]), event.data
        with self._turn:
            if event.event == "asked":
                self._hashes.setdefault(call, set()).add(data["hash"])
                self._asked.add((call, data["hash"], data["step"]))
            elif event.event == "sent":
                self._attempts[call] = max(self._attempts[call], data["attempt"] + 1)
            elif event.event == "received":
                self._heard[call, data["hash"], data["step"]] = _heard(data)
            elif event.event == "answered":
                self._answers[call, data["hash"]] = read_answer(data)


def read_answer(data: Mapping[str, Any]) -> Answer:
    """The answer that an `answered` event remembers."""
    return Answer(
        text=data["text"],
        model=data["model"],
        usage=Usage(**data["usage"]),
        cost_usd=data["cost_usd"],
        finish=data["finish"],
        is_replayed=True,
    )


def recount(events: Iterable[RecordedEvent]) -> Spending:
    """Add up what all calls cost, from the journal alone.

    A call without an outcome, and one whose outcome is in doubt, counts with its reservation.
    """
    spent, in_flight = Spending(), dict[tuple[str, int], Spending]()
    for event in events:
        data = event.data
        if event.event not in ("sent", "received", "failed"):
            continue
        ticket = (str(event.key["call"]), int(data["attempt"]))
        if event.event == "sent":
            in_flight[ticket] = Spending(**data["reserved"])
            continue
        reserved = in_flight.pop(ticket, Spending())
        if event.event == "received":
            spent += Spending.of_call(Usage(**data["usage"]), data["cost_usd"])
        elif data["is_in_doubt"]:
            spent += reserved
    return sum(in_flight.values(), start=spent)


def _about(ticket: Ticket) -> dict[str, Any]:
    return {
        "step": ticket.step,
        "hash": ticket.hash,
        "attempt": ticket.attempt,
        "model": ticket.label,
    }


def _heard(data: Mapping[str, Any]) -> Heard:
    reply = Reply(
        text=data["text"],
        finish=data["finish"],
        model=data["server_model"],
        is_oversized=data["is_oversized"],
    )
    return Heard(
        reply=reply, label=data["model"], usage=Usage(**data["usage"]), cost_usd=data["cost_usd"]
    )
