"""What models cost: a small table with a date, extended by the user's own prices.

A model that is in neither table has no price; nothing is ever taken to cost 0 for want of one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rewardsmith.llm.calls import Usage

PRICES_AS_OF: Final = "2026-11-20"
"""Day of the shipped table; a provider may have changed a price since."""

_SNAPSHOT: Final = re.compile(r"[-@](20\d\d-?\d\d-?\d\d)$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens, without discounts for cached or batched input."""

    input_usd: float
    output_usd: float

    def __post_init__(self) -> None:
        if not (0 <= self.input_usd < 1e6 and 0 <= self.output_usd < 1e6):
            raise ValueError("prices are two numbers of US dollars per million tokens, in and out")

    def of(self, usage: Usage) -> float:
        """Cost of `usage` in US dollars.

        >>> Price(2.0, 8.0).of(Usage(input_tokens=1000, output_tokens=500))
        0.006
        """
        spent = usage.input_tokens * self.input_usd + usage.output_tokens * self.output_usd
        return spent / 1_000_000


FREE: Final = Price(0.0, 0.0)

# List prices for prompts below 200,000 tokens, by `provider/model`.
SHIPPED_PRICES: Final[Mapping[str, Price]] = {
    "openai/gpt-4.1": Price(2.0, 8.0),
    "openai/gpt-4.1-mini": Price(0.4, 1.6),
    "openai/gpt-4o": Price(2.5, 10.0),
    "openai/gpt-4o-mini": Price(0.15, 0.6),
    "openai/gpt-5": Price(1.25, 10.0),
    "openai/gpt-5-mini": Price(0.25, 2.0),
    "openai/gpt-5-nano": Price(0.05, 0.4),
    "openai/gpt-5.1": Price(1.25, 10.0),
    "openai/gpt-5.2": Price(1.75, 14.0),
    "openai/gpt-5.4": Price(2.5, 15.0),
    "openai/gpt-5.4-mini": Price(0.75, 4.5),
    "openai/gpt-5.5": Price(5.0, 30.0),
    "openai/gpt-5.6": Price(4.0, 20.0),
    "openai/o3": Price(2.0, 8.0),
    "anthropic/claude-haiku-4-5": Price(1.0, 5.0),
    "anthropic/claude-opus-4-8": Price(5.0, 25.0),
    "anthropic/claude-opus-5": Price(5.0, 25.0),
    "anthropic/claude-opus-5-5": Price(4.0, 20.0),
    "anthropic/claude-sonnet-4-6": Price(3.0, 15.0),
    "anthropic/claude-sonnet-5": Price(2.0, 10.0),
    "anthropic/claude-sonnet-5-5": Price(2.0, 10.0),
    "gemini/gemini-2.5-flash": Price(0.3, 2.5),
    "gemini/gemini-2.5-pro": Price(1.25, 10.0),
    "gemini/gemini-3.5-flash": Price(1.5, 9.0),
    "gemini/gemini-3.8-flash": Price(0.75, 3.75),
    "deepseek/deepseek-v4-flash": Price(0.3, 1.2),
    "deepseek/deepseek-v4-pro": Price(1.32, 3.96),
    "mistral/mistral-large-latest": Price(0.5, 1.5),
    "mistral/mistral-medium-latest": Price(1.5, 7.5),
    "xai/grok-4.7": Price(2.0, 6.0),
}


def price_of(label: str, own: Mapping[str, Price], *, is_shipped: bool = True) -> Price | None:
    """Price of the model `label`, the user's own first; None when nobody gave one.

    Args:
        label: `provider/model`; a dated snapshot costs what its model costs.
        own: The user's prices, by `provider/model` or by the model's name alone.
        is_shipped: Whether the shipped table applies; it does not to another server's models.

    >>> price_of("openai/gpt-4.1-2025-04-14", {})
    Price(input_usd=2.0, output_usd=8.0)
    """
    names = dict.fromkeys([label, _SNAPSHOT.sub("", label)])
    for name in names:
        for table in (own, SHIPPED_PRICES if is_shipped else {}):
            price = table.get(name) or (own.get(name.partition("/")[2]) if table is own else None)
            if price is not None:
                return price
    return None
