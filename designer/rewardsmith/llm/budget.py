"""The budget of a run: reserved before a call, settled after it.

Invariant: what is spent plus what calls in flight are expected to cost at most never exceeds a
limit. A call whose outcome nobody knows keeps its reservation for ever. Limit: the expectation is a
guess; a provider that counts more tokens than we can see may overshoot by that, for one call each.
"""

import re
import threading
from dataclasses import dataclass
from typing import Final

from rewardsmith.errors import BudgetExceeded
from rewardsmith.llm.calls import Message, Usage

_WORDY: Final = re.compile(r"[A-Za-z ]")
_TOKENS_PER_MESSAGE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most a run may spend; None: no limit."""

    cost_usd: float | None = None
    tokens: int | None = None
    """Input and output together."""
    calls: int | None = None
    """Calls that reached a model; those a server turned away do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What calls cost, or could cost."""

    calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    """Of the calls with a known price."""
    n_unpriced: int = 0
    """Calls whose price is unknown; with any, `cost_usd` is only part of the truth."""

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(
            calls=self.calls + other.calls,
            tokens=self.tokens + other.tokens,
            cost_usd=self.cost_usd + other.cost_usd,
            n_unpriced=self.n_unpriced + other.n_unpriced,
        )

    def __sub__(self, other: "Spending") -> "Spending":
        return Spending(
            calls=self.calls - other.calls,
            tokens=self.tokens - other.tokens,
            cost_usd=self.cost_usd - other.cost_usd,
            n_unpriced=self.n_unpriced - other.n_unpriced,
        )

    @classmethod
    def of_call(cls, usage: Usage, cost_usd: float | None) -> "Spending":
        """One call that used `usage`; `cost_usd` None when its price is unknown."""
        return cls(
            calls=1,
            tokens=usage.tokens,
            cost_usd=cost_usd or 0.0,
            n_unpriced=int(cost_usd is None),
        )


def estimate_tokens(text: str) -> int:
    """Upper guess of the tokens of a text, whatever the tokenizer.

    A token is at least one byte, and of words in Latin letters at least two; digits and signs may
    well be a token each.

    >>> estimate_tokens("hop 3.25 m")
    7
    """
    return len(text.encode("utf-8", "replace")) - len(_WORDY.findall(text)) // 2


def estimate_input(messages: tuple[Message, ...], schema: str = "") -> int:
    """Upper guess of the input tokens of a call."""
    texts = sum(estimate_tokens(m.text) + _TOKENS_PER_MESSAGE for m in messages)
    return texts + estimate_tokens(schema)


class Budget:
    """Keeps a run within its limits; safe to use from several threads."""

    def __init__(self, limits: Limits, spent: Spending | None = None) -> None:
        self.limits = limits
        self._spent = spent or Spending()
        self._reserved = Spending()
        self._changed = threading.Condition()

    @property
    def spent(self) -> Spending:
        """What was spent so far, calls in flight left out."""
        with self._changed:
            return self._spent

    def reserve(self, worst: Spending) -> None:
        """Set aside what a call can cost at most; wait for calls in flight if it does not fit yet.

        Raises:
            BudgetExceeded: It does not fit even when every call in flight has been settled.
        """
        with self._changed:
            while (refusal := self._refusal(worst)) and self._reserved.calls:
                self._changed.wait()
            if refusal:
                raise BudgetExceeded(refusal)
            self._reserved = self._reserved + worst

    def settle(self, worst: Spending, actual: Spending) -> None:
        """Replace a reservation by what the call cost; nothing, if it never reached a model."""
        with self._changed:
            self._reserved = self._reserved - worst
            if not self._reserved.calls:
                self._reserved = Spending()  # sums of floats leave a rest
            self._spent = self._spent + actual
            self._changed.notify_all()

    def _refusal(self, worst: Spending) -> str:
        taken = self._spent + self._reserved
        limits = self.limits
        if limits.calls is not None and taken.calls + worst.calls > limits.calls:
            return (
                f"The run may make {limits.calls} calls to a model and has made "
                f"{self._spent.calls}. Raise `model.max_calls` and resume it."
            )
        if limits.tokens is not None and taken.tokens + worst.tokens > limits.tokens:
            return (
                f"The next call could take {worst.tokens:,} tokens, and "
                f"{max(limits.tokens - self._spent.tokens, 0):,} of {limits.tokens:,} are left. "
                "Raise `model.max_tokens` or lower `model.max_output_tokens`, and resume the run."
            )
        if limits.cost_usd is not None and taken.cost_usd + worst.cost_usd > limits.cost_usd:
            return (
                f"The next call could cost ${worst.cost_usd:.4f}, and "
                f"${max(limits.cost_usd - self._spent.cost_usd, 0):.4f} of "
                f"${limits.cost_usd:.4f} are left. Raise `model.max_cost_usd` or lower "
                "`model.max_output_tokens`, and resume the run."
            )
        return ""
