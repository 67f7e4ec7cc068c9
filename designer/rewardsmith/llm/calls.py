"""What a call to a language model is, and the one interface that answers it.

Plain values; no provider, no clock, no file. A call is known by its address, never by its order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

Role = Literal["designer", "critic", "analyzer", "describer", "measurer", "check"]
NO_CANDIDATE: frozenset[Role] = frozenset({"measurer"})
"""Roles that are asked before there is any candidate; their addresses say candidate 0."""
Finish = Literal["stop", "length", "refused"]


class Address(NamedTuple):
    """Where a call stands in the search; written `002/designer/1/0/0`."""

    iteration: int
    role: Role
    candidate: int
    """Number of the candidate within its iteration."""
    round: int
    """0 for the first question, r for the r-th repair."""
    sample: int = 0
    """Which of several answers to the same prompt."""

    def __str__(self) -> str:
        return f"{self.iteration:03d}/{self.role}/{self.candidate}/{self.round}/{self.sample}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A question to a language model."""

    address: Address
    messages: tuple[Message, ...]
    templates: Mapping[str, str] = field(default_factory=dict)
    """Name and content hash of every prompt template the messages were rendered from."""
    schema: Mapping[str, Any] | None = None
    """JSON schema the answer has to follow; None for free text."""
    schema_name: str = "answer"

    def __post_init__(self) -> None:
        if not self.messages or self.messages[-1].role != "user":
            raise ValueError("a request ends with the user's message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call, as the provider counted them."""

    input_tokens: int = 0
    output_tokens: int = 0
    is_estimated: bool = False
    """Whether the provider counted nothing and the figures are upper guesses from the text."""

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            is_estimated=self.is_estimated or other.is_estimated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a language model said."""

    text: str
    """Stripped of control, terminal and bidirectional characters; at most 256 KiB."""
    model: str
    """The model that answered, which a fallback may have replaced."""
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    """None when the price of this model is unknown; never 0 for want of a price."""
    finish: Finish = "stop"
    """`length` when it was cut off even after it was continued and asked again."""
    is_replayed: bool = False
    """Whether it was answered from a journal and cost nothing now."""


class LanguageModel(Protocol):
    """Something that answers requests: a provider behind the ledger, a journal, a person."""

    def complete(self, requests: Sequence[Request]) -> list[Answer]:
        """Answer all requests, in their order; they may be sent at the same time.

        An answer that was received before for the same address and the same request is not bought
        again.

        Raises:
            ModelError: A provider failed beyond its retries. Answers received are kept.
            BudgetExceeded: The next request could exceed the budget. Answers received are kept.
        """
