"""The calls of a run to language models, as its pages show them: prompt, answer, cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rewardsmith.llm.calls import NO_CANDIDATE
from rewardsmith.messages import CandidateId
from rewardsmith.store.journal import Event, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A message of the conversation."""

    role: str
    text: str


@dataclass(slots=True, kw_only=True)
class Call:
    """Everything that was said at one address."""

    address: str
    """`002/designer/1/0/0`."""
    role: str = ""
    iteration: int = -1
    candidate: int = -1
    round: int = 0
    model: str = ""
    prompt: list[Part] = field(default_factory=list)
    """The latest prompt in full."""
    replies: list[str] = field(default_factory=list)
    answer: str = ""
    """What the request came to; empty while it is open."""
    failures: list[str] = field(default_factory=list)
    tokens: int = 0
    cost_usd: float | None = None
    """None when no price is known."""
    templates: dict[str, str] = field(default_factory=dict)
    is_open: bool = True
    """Whether it was sent and nothing has come back."""

    @property
    def has_candidate(self) -> bool:
        """Whether it concerns the candidate that its address names."""
        return self.role not in NO_CANDIDATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The calls of a run, and what is wrong with their journal."""

    calls: tuple[Call, ...] = ()
    problem: str = ""

    @property
    def cost_usd(self) -> float | None:
        """Of the calls with a known price; None when there is none."""
        known = [call.cost_usd for call in self.calls if call.cost_usd is not None]
        return sum(known) if known else None

    @property
    def tokens(self) -> int:
        """Input and output of all calls."""
        return sum(call.tokens for call in self.calls)

    def of(self, candidate: CandidateId) -> tuple[Call, ...]:
        """Those that concern one candidate."""
        about = (call for call in self.calls if call.has_candidate)
        return tuple(c for c in about if (c.iteration, c.candidate) == candidate)


def calls_of(reading: Reading) -> Calls:
    """The calls of a run, in the order in which they were asked."""
    try:
        calls = tuple(_collected(reading.events))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Calls(problem=f"llm.jsonl holds a call that this version cannot read: {error!r}.")
    return Calls(calls=calls, problem=reading.problem)


def _collected(events: Sequence[Event]) -> Iterable[Call]:
    calls: dict[str, Call] = {}
    for event in events:
        address = str(event.key["call"])
        _learn(calls.setdefault(address, _call(address)), event)
    return calls.values()


def _call(address: str) -> Call:
    parts = address.split("/")
    if len(parts) != 5 or not (parts[0] + parts[2] + parts[3]).isdigit():
        return Call(address=address)
    return Call(
        address=address,
        iteration=int(parts[0]),
        role=parts[1],
        candidate=int(parts[2]),
        round=int(parts[3]),
    )


def _learn(call: Call, event: Event) -> None:
    data = event.data
    match event.event:
        case "asked":
            call.prompt = [Part(role=m["role"], text=m["text"]) for m in data["messages"]]
            call.templates |= data.get("templates", {})
        case "sent":
            call.model, call.is_open = data["model"], True
        case "received":
            usage = data["usage"]
            call.replies.append(data["text"])
            call.tokens += usage["input_tokens"] + usage["output_tokens"]
            if data["cost_usd"] is not None:
                call.cost_usd = (call.cost_usd or 0.0) + data["cost_usd"]
            call.model, call.is_open = data["model"], False
        case "failed":
            call.failures.append(f"{data['kind']}: {data['reason']}")
            call.is_open = False
        case "answered":
            call.answer, call.is_open = data["text"], False
