"""What a user says about models; every figure refused at birth where it cannot be meant."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Which model is asked, how, and for how much."""

    model: str = "offline"
    """`openai/gpt-...`, `anthropic/claude-...`, `ollama/...`, with `base_url` any name that server
    knows; `manual`, `replay:RUN`, `replay-strict:RUN`, or `offline` for no model at all."""
    fallbacks: tuple[str, ...] = ()
    """Models asked in turn when the one before fails; `name@http://host/v1` names one on another
    compatible server. `base_url` and the key below belong to `model` alone."""
    base_url: str | None = None
    """API of an OpenAI-compatible server, which usually ends in /v1."""
    api_key_env: str | None = None
    """Environment variable that holds the key; None: the provider's own. A server named by
    `base_url` is sent no key but one named here or in `api_key_file`."""
    api_key_file: str | None = None
    """File that holds the key and that only its owner can read."""
    timeout_s: float = 300.0
    """Seconds until one call is given up."""
    max_output_tokens: int = 8192
    """Longest answer, reasoning included; a longer one is continued once."""
    temperature: float | None = None
    """None: the provider's default."""
    concurrency: int = 8
    """Calls in flight at the same time."""
    max_cost_usd: float | None = None
    """The most the run may pay for model calls, in US dollars; None: no limit."""
    max_tokens: int | None = None
    """The most tokens the run may use, input and output together; None: no limit."""
    max_calls: int | None = None
    """The most calls the run may make; None: no limit."""
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """US dollars per million tokens, in and out, by model; goes before the shipped table."""
    is_free: bool = False
    """Whether servers named by an address (or local ones, as `ollama/...`) cost nothing."""

    def __post_init__(self) -> None:
        _require(self.timeout_s > 0, "timeout_s has to be positive")
        _require(self.max_output_tokens >= 16, "max_output_tokens has to be at least 16")
        _require(self.concurrency >= 1, "concurrency has to be at least 1")
        _require(
            self.temperature is None or 0 <= self.temperature <= 2,
            "temperature has to lie in [0, 2]",
        )
        for name in ("max_cost_usd", "max_tokens", "max_calls"):
            value = getattr(self, name)
            _require(value is None or value > 0, f"{name} has to be positive")
        for model, price in self.prices.items():
            _require(
                len(price) == 2 and all(0 <= usd < 1e6 for usd in price),
                f"prices of {model!r} are two numbers of US dollars per million tokens, as in "
                "[2.5, 10]",
            )
        _require(
            not (self.api_key_env and self.api_key_file),
            "api_key_env and api_key_file exclude each other",
        )


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise ValueError(text)
