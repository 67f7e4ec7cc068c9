"""What can go wrong with one call, and whether asking again can help.

Pure: from status, code and message to a `Failure`; no provider's SDK is known here.
"""

import re
from collections.abc import Callable
from typing import Final, Literal

from rewardsmith.llm.answer_text import one_line

Kind = Literal["transient", "garbled", "hopeless"]
Topic = Literal["schema", "temperature", "max_tokens", "context", "policy", "quota", "unreachable"]

MAX_REASON: Final = 400
"""Characters of a provider's message that are kept."""
_MAX_WORDS: Final = 16 * MAX_REASON

_PARAMETERS: Final[dict[Topic, str]] = {
    "temperature": r"temperature",
    "max_tokens": r"max_tokens|max_completion_tokens",
    "schema": r"response_format|json_schema|structured output|grammar",
}
_CONTEXT: Final = re.compile(
    r"context.?(length|window|size)|maximum context|prompt is too long|too many (input )?tokens"
)
_ANSWER_LENGTH: Final = re.compile(r"max_(completion_)?tokens|in the completion")
_POLICY: Final = re.compile(r"content.?(management.)?policy|content.?filter|safety system")
_QUOTA: Final = re.compile(r"insufficient_quota|billing_hard_limit|credit balance is too low")

_ADVICE: Final[dict[object, str]] = {
    "context": "Use a model with a longer context, or fewer candidates in one prompt.",
    "max_tokens": "Lower `model.max_output_tokens`, or use a model with a longer context.",
    "policy": "Reword the instruction, or choose another model.",
    "quota": "Add credit at the provider, or choose another model.",
    "unreachable": "Check that the server runs and can be reached, then resume the run.",
    401: "Check the API key: `rewardsmith models` shows where it is read from.",
    402: "Add credit at the provider, or choose another model.",
    403: "The key may not use this model: choose another one.",
    404: "Check the model's name and `base_url`, which usually ends in /v1.",
    "garbled": "Check `base_url`: it needs an OpenAI-compatible API, and usually ends in /v1.",
    "transient": "Resume the run later, or name other models in `model.fallbacks`.",
    "hopeless": "Check the model's settings with `rewardsmith models`.",
}


class Failure(Exception):
    """One call that brought no answer; the gateway decides what follows from it."""

    def __init__(
        self,
        reason: str,
        *,
        kind: Kind,
        status: int | None = None,
        topic: Topic | None = None,
        retry_after: str | None = None,
        is_in_doubt: bool = False,
    ) -> None:
        self._words = one_line(reason, limit=_MAX_WORDS)
        super().__init__(self.reason)
        self.kind = kind
        """`transient`: asking again may help; `garbled`: once more, perhaps; `hopeless`: never."""
        self.status = status
        """HTTP status; None when there was no response."""
        self.topic = topic
        """What the server complained about, where that can be told."""
        self.retry_after = retry_after
        """The server's `Retry-After`: seconds or an HTTP date, as it came."""
        self.is_in_doubt = is_in_doubt
        """Whether the provider may have answered, and billed it, without us seeing the answer."""

    @property
    def reason(self) -> str:
        """What happened, one line of at most 400 characters."""
        return one_line(self._words, limit=MAX_REASON)

    def redact(self, redact: Callable[[str], str]) -> None:
        """Take secrets out of the words, before they are cut to length."""
        self._words = redact(self._words)
        self.args = (self.reason,)

    @property
    def advice(self) -> str:
        """The next step."""
        for case in (self.topic, self.status, self.kind):
            if case in _ADVICE:
                return _ADVICE[case]
        raise AssertionError(self.kind)


def from_status(
    status: int, message: str, *, code: str = "", retry_after: str | None = None
) -> Failure:
    """Judge an HTTP response that is an error.

    Args:
        status: HTTP status.
        message: The provider's words.
        code: The provider's own code or type of the error.
        retry_after: The header of that name.

    >>> from_status(429, "slow down", retry_after="3").kind
    'transient'
    >>> from_status(400, "maximum context length is 4096 tokens").topic
    'context'
    """
    topic = _topic(status, f"{code} {message}".lower())
    return Failure(
        f"HTTP {status}: {message}" if message.strip() else f"HTTP {status}",
        kind="transient" if _is_transient(status) and topic != "quota" else "hopeless",
        status=status,
        topic=topic,
        retry_after=retry_after,
        # After a time-out the model may have answered to nobody; other errors are not billed.
        is_in_doubt=status in (408, 504),
    )


def lost_connection(reason: str, *, was_sent: bool) -> Failure:
    """Judge a call without any response: refused, cut or timed out."""
    topic: Topic | None = None if was_sent else "unreachable"
    return Failure(reason, kind="transient", topic=topic, is_in_doubt=was_sent)


def garbled(reason: str) -> Failure:
    """Judge a response that is no completion."""
    return Failure(reason, kind="garbled", is_in_doubt=True)


def _is_transient(status: int) -> bool:
    return status in (408, 409, 425, 429) or status >= 500


def _topic(status: int, text: str) -> Topic | None:
    if _QUOTA.search(text):
        return "quota"
    if status not in (400, 413, 422):
        return None
    if status == 413 or _CONTEXT.search(text):
        # Some servers add the longest answer to the prompt, and refuse what may not fit.
        return "max_tokens" if _ANSWER_LENGTH.search(text) else "context"
    if _POLICY.search(text):
        return "policy"
    return next((topic for topic, words in _PARAMETERS.items() if re.search(words, text)), None)
