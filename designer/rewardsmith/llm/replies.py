"""From the JSON of a chat completion to a reply; nothing in it is trusted to be there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from rewardsmith.llm.answer_text import clean_answer, one_line
from rewardsmith.llm.calls import Finish, Usage
from rewardsmith.llm.failures import Failure, from_status, garbled

_FINISHES: Final[dict[str, Finish]] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "refused",
    "refusal": "refused",
}
_MAX_TOKENS: Final = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one call to a provider brought."""

    text: str
    """Clean; at most 256 KiB."""
    finish: Finish = "stop"
    usage: Usage | None = None
    """None when the provider counted nothing."""
    model: str = ""
    """The model's name as the server tells it; may be more exact than what was asked for."""
    is_oversized: bool = False
    """Whether the text was longer than what is kept."""


def read_completion(payload: object) -> Reply:
    """Read a chat completion as OpenAI's API describes it.

    Raises:
        Failure: It is none, or it carries an error instead of choices.
    """
    if not isinstance(payload, Mapping):
        raise garbled(f"the response is no JSON object but {type(payload).__name__}")
    choices = payload.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise _without_choices(payload)
    choice = choices[0]
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise garbled("the response's first choice has no message")
    return _reply(message, _finish(choice, message), payload)


def error_of(body: object) -> tuple[str, str]:
    """Message and code of an error's body, as far as it holds them.

    >>> error_of({"error": {"message": "no such model", "code": "model_not_found"}})
    ('no such model', 'model_not_found')
    """
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(inner, Mapping):
        return (inner if isinstance(inner, str) else ""), ""
    message = inner.get("message") or inner.get("detail") or ""
    code = inner.get("code") or inner.get("type") or ""
    return str(message), str(code)


def _reply(message: Mapping[str, Any], finish: Finish, payload: Mapping[str, Any]) -> Reply:
    text, is_cut = clean_answer(_content(message))
    return Reply(
        text=text,
        finish="length" if is_cut else finish,
        usage=_usage(payload.get("usage")),
        model=one_line(str(payload.get("model") or ""), limit=128),
        is_oversized=is_cut,
    )


def _without_choices(payload: Mapping[str, Any]) -> Failure:
    message, code = error_of(payload) if payload.get("error") else ("", "")
    if message:  # some gateways wrap an error in a status of 200
        status = int(code) if code.isdecimal() and 400 <= int(code) < 600 else 500
        return from_status(status, message, code=code)
    return garbled("the response has no choices")


def _finish(choice: Mapping[str, Any], message: Mapping[str, Any]) -> Finish:
    if _refusal(message):
        return "refused"
    return _FINISHES.get(str(choice.get("finish_reason")), "stop")


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(_part(part) for part in content)
    return content if isinstance(content, str) and content else _refusal(message)


def _refusal(message: Mapping[str, Any]) -> str:
    # litellm moves what it does not know to a drawer of its own.
    others = message.get("provider_specific_fields")
    moved = others.get("refusal") if isinstance(others, Mapping) else None
    return str(message.get("refusal") or moved or "")


def _part(part: object) -> str:
    text = part.get("text") if isinstance(part, Mapping) else None
    return text if isinstance(text, str) else ""


def _usage(content: object) -> Usage | None:
    if not isinstance(content, Mapping):
        return None
    asked, answered = content.get("prompt_tokens"), content.get("completion_tokens")
    # No prompt has 0 tokens: that is how some servers and gateways spell that they did not count.
    if not _is_count(asked) or not _is_count(answered) or asked == 0:
        return None
    return Usage(input_tokens=asked, output_tokens=answered)


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= _MAX_TOKENS
