"""What a provider is: one call over the wire, an answer or a typed failure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rewardsmith.llm.calls import Message
from rewardsmith.llm.replies import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class WireCall:
    """One call to a model; nothing of it survives the call."""

    messages: tuple[Message, ...]
    max_output_tokens: int | None
    """None: the server refused the parameter, and its own limit applies."""
    temperature: float | None = None
    """None: the server's default."""
    schema: Mapping[str, Any] | None = None
    """JSON schema the server is asked to enforce."""
    schema_name: str = "answer"
    timeout_s: float
    """Seconds until the call is given up, whatever the server sends meanwhile."""

    def spoken(self) -> list[dict[str, str]]:
        """The messages as chat APIs take them; half a surrogate pair, which is no text, as `?`."""
        return [
            {"role": m.role, "content": m.text.encode("utf-8", "replace").decode()}
            for m in self.messages
        ]


class Provider(Protocol):
    """One model of one server."""

    @property
    def label(self) -> str:
        """`provider/model`, as journal, prices and messages name it."""

    def prepare(self) -> None:
        """Import what it needs; called before calls, again and again, from one thread.

        Raises:
            ConfigError: A package or key is missing.
            ModelError: Requests are switched off.
        """

    def send(self, call: WireCall) -> Reply:
        """Make one call, without any retries of its own; called from several threads.

        Raises:
            Failure: There is no answer. Its text holds no key.
        """
