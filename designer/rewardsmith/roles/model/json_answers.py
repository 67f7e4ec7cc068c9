"""Reads a model's JSON answer; asks once more where it cannot be read.

What cannot be read after that is None: whoever asked falls back on what was computed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pydantic import ValidationError

from rewardsmith.isolation.frames import FrameError
from rewardsmith.isolation.strict_json import dump_json, parse_json
from rewardsmith.llm.calls import LanguageModel, Message, Request
from rewardsmith.roles.model.fencing import neutralise
from rewardsmith.roles.model.plain_text import without_thinking
from rewardsmith.roles.model.prompts import Prompts
from rewardsmith.roles.model.schemas import Answered

A = TypeVar("A", bound=Answered)

MAX_PROBLEMS = 8
MAX_KEPT_ANSWER = 6000
_MAX_OBJECTS = 32


@dataclass(frozen=True, slots=True)
class Parsed(Generic[A]):
    """An answer, or what is wrong with it."""

    value: A | None
    problems: tuple[str, ...] = ()


def ask(
    model: LanguageModel, prompts: Prompts, requests: Sequence[Request], kind: type[A]
) -> list[A | None]:
    """Send all requests at once, and those with unreadable answers once more.

    Raises:
        ModelError: The provider failed beyond its retries.
        BudgetExceeded: The budget is spent.
    """
    answers = model.complete(requests) if requests else []
    parsed = [parse(answer.text, kind) for answer in answers]
    failed = [i for i, one in enumerate(parsed) if one.value is None]
    again = [again_request(prompts, requests[i], answers[i].text, parsed[i]) for i in failed]
    for i, answer in zip(failed, model.complete(again) if again else (), strict=True):
        parsed[i] = parse(answer.text, kind)
    return [one.value for one in parsed]


def parse(text: str, kind: type[A]) -> Parsed[A]:
    """The first JSON object in `text` that is a `kind`; prose and fences around it are ignored."""
    first: Parsed[A] | None = None
    for found in _objects(without_thinking(text)):
        if isinstance(found, str):
            parsed: Parsed[A] = Parsed(None, (found,))
        else:
            parsed = _validated(found, kind)
        if parsed.value is not None:
            return parsed
        first = first or parsed
    return first or Parsed(None, ("There is no JSON object in the answer.",))


def again_request(prompts: Prompts, request: Request, answer: str, parsed: Parsed[A]) -> Request:
    """The question that sends an unreadable answer back; its sample number is one higher."""
    asked = prompts.render("shared/again.md.j2", problems=parsed.problems)
    said = neutralise(answer[:MAX_KEPT_ANSWER]).strip() or "-"
    return replace(
        request,
        address=request.address._replace(sample=request.address.sample + 1),
        messages=(
            *request.messages,
            Message(role="assistant", text=said),
            Message(role="user", text=asked.text),
        ),
        templates={**request.templates, **asked.templates},
    )


def _objects(text: str) -> list[dict[str, object] | str]:
    """JSON objects in order, each outside those before it; a problem in place of a broken one."""
    found: list[dict[str, object] | str] = []
    decoder, at = json.JSONDecoder(strict=False), text.find("{")
    while at >= 0 and len(found) < _MAX_OBJECTS:
        try:
            value, end = decoder.raw_decode(text, at)
            found.append(_strict(value))
        except (ValueError, RecursionError) as error:
            found.append(f"It is not valid JSON: {getattr(error, 'msg', 'nested too deeply')}.")
            end = at + 1
        at = text.find("{", end)
    return found


def _strict(value: object) -> dict[str, object] | str:
    """The object again, without NaN and infinities."""
    try:
        strict = parse_json(dump_json(value))
    except (FrameError, ValueError, RecursionError) as error:
        return f"It is not strict JSON: {error}."
    return strict if isinstance(strict, dict) else "It is not a JSON object."


def _validated(value: dict[str, object], kind: type[A]) -> Parsed[A]:
    try:
        return Parsed(kind.model_validate_json(dump_json(value)))
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        told = [f"{'.'.join(str(p) for p in e['loc']) or 'it'}: {e['msg']}" for e in errors]
        return Parsed(None, tuple(told[:MAX_PROBLEMS]))
