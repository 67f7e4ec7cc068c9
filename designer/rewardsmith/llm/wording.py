"""The few words the gateway itself says to a model; they are files below `prompts/gateway`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from rewardsmith.llm.calls import Message
from rewardsmith.resources import root


def continued(messages: Sequence[Message], cut_text: str) -> tuple[Message, ...]:
    """Ask for the rest of an answer that was cut off."""
    said = Message(role="assistant", text=cut_text)
    return (*messages, said, Message(role="user", text=_render("continue")))


def shortened(messages: Sequence[Message], max_output_tokens: int) -> tuple[Message, ...]:
    """Ask again for an answer that fits."""
    return _extended(messages, _render("shorter", max_output_tokens=max_output_tokens))


def with_schema(messages: Sequence[Message], schema: Mapping[str, Any]) -> tuple[Message, ...]:
    """Say the schema in words, for a server that cannot enforce it."""
    return _extended(messages, _render("schema", schema=json.dumps(schema, indent=1)))


def check() -> Message:
    """The smallest question there is."""
    return Message(role="user", text=_render("check"))


def _extended(messages: Sequence[Message], text: str) -> tuple[Message, ...]:
    # Two messages of the user in a row are refused by some chat templates: the last one grows.
    last = messages[-1]
    return (*messages[:-1], replace(last, text=f"{last.text}\n\n{text}"))


def _render(name: str, **values: object) -> str:
    import jinja2  # only runs that reach a limit need it

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.from_string(_template(name)).render(**values).strip()


@cache
def _template(name: str) -> str:
    return root("prompts").joinpath("gateway", f"{name}.md.j2").read_text(encoding="utf-8")
