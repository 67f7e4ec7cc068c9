"""Takes an answer apart before any code is looked for: thinking and JSON wrapping."""

import json
import re
from typing import NamedTuple

_THOUGHT = "think|thinking|thought|reasoning|scratchpad|reflection"
_THINKING = re.compile(rf"<({_THOUGHT})\b[^<>]{{0,80}}>", re.IGNORECASE)
_LATE_END = re.compile(rf"^.*</(?:{_THOUGHT})\s*>", re.DOTALL | re.IGNORECASE)
_UNENDED = re.compile(rf"^\s*<(?:{_THOUGHT})\b[^<>]{{0,80}}>", re.IGNORECASE)

CODE_KEYS = ("code", "program", "reward_program", "reward", "reward_function", "reward_code",
             "python", "module", "source", "answer", "content")  # fmt: skip
"""Keys under which models put a program into JSON."""
WORD_KEYS = ("rationale", "reasoning", "explanation", "thought", "thoughts", "analysis")
"""Keys under which they explain it."""


class Wrapped(NamedTuple):
    """A program that came inside JSON."""

    code: str
    rationale: str


def without_thinking(text: str) -> str:
    """The answer after a model's thinking aloud; lost line ends and marks are mended.

    >>> without_thinking("<think>So...</think>Here it is.")
    'Here it is.'
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    text = _without_closed(text)
    text = _LATE_END.sub("", text)
    if _UNENDED.match(text) and not re.search(r"^\s*(```|~~~)", text, re.MULTILINE):
        return ""
    return _UNENDED.sub("", text)


def unwrapped(text: str) -> Wrapped | None:
    """The program inside an answer that is one JSON object, or holds one; else None."""
    start = text.find("{")
    while 0 <= start < 4000:
        try:
            value, _ = json.JSONDecoder(strict=False).raw_decode(text, start)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            found = _code_of(value)
            if found is not None:
                return found
        start = text.find("{", start + 1)
    return None


def _without_closed(text: str) -> str:
    """Without thoughts that end; in one pass, whatever the text."""
    kept, at, endless = [], 0, set[str]()
    for opened in _THINKING.finditer(text):
        tag = opened[1].lower()
        if opened.start() < at or tag in endless:
            continue
        closed = re.compile(rf"</{tag}\s?>", re.IGNORECASE).search(text, opened.end())
        if closed is None:
            endless.add(tag)
        else:
            kept.append(text[at : opened.start()])
            at = closed.end()
    return "".join([*kept, text[at:]])


def _code_of(value: dict[str, object]) -> Wrapped | None:
    named = {str(key).lower(): item for key, item in value.items()}
    words = next((named[k] for k in WORD_KEYS if isinstance(named.get(k), str)), "")
    for key in (*CODE_KEYS, *named):
        code = named.get(key)
        if isinstance(code, list) and all(isinstance(line, str) for line in code):
            code = "\n".join(code)
        if isinstance(code, str) and "def " in code:
            return Wrapped(code, str(words))
        if isinstance(code, dict):
            inner = _code_of(code)
            if inner is not None:
                return Wrapped(inner.code, inner.rationale or str(words))
    return None
