"""Takes an answer apart before any code is looked for: thinking, JSON wrapping, typography."""

import io
import json
import re
import tokenize
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

_TYPOGRAPHY = {
    0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2032: "'", 0x2010: "-", 0x2011: "-",
    0x2012: "-", 0x2013: "-", 0x2014: "-", 0x2212: "-", 0x2026: "...", 0x00D7: "*", 0x00B7: "*",
    0x2022: "*", 0x00F7: "/", 0x2264: "<=", 0x2265: ">=", 0x2260: "!=", 0x2248: "~", 0x00B1: "+-",
    0x2192: "->", 0x2190: "<-", 0x21D2: "=>", 0x00B0: " deg", 0x00B2: "^2", 0x00B3: "^3",
    0x221E: "inf", 0x00A0: " ", 0x202F: " ", 0x2009: " ", 0x3000: " ", 0xFEFF: "", 0x200B: "",
}  # fmt: skip
"""Characters that models write for beauty, and what they stand for."""


class Wrapped(NamedTuple):
    """A program that came inside JSON."""

    code: str
    rationale: str


class Ascii(NamedTuple):
    """A program's text in ASCII where that changes no meaning."""

    code: str
    n_replaced: int


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


def in_ascii(code: str) -> Ascii:
    """Replace typography everywhere, and other characters in comments and strings alone.

    >>> in_ascii("x = 1.0  # \u2264 2 \u6d4b")
    Ascii(code='x = 1.0  # <= 2 ?', n_replaced=2)
    """
    n = sum(not c.isascii() for c in code)
    if not n:
        return Ascii(code, 0)
    plain = code.translate(_TYPOGRAPHY)
    if not plain.isascii():
        plain = _plain_comments(plain)
    return Ascii(plain, n - sum(not c.isascii() for c in plain))


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


def _plain_comments(code: str) -> str:
    lines = code.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return code
    for token in tokens:
        if token.type in (tokenize.COMMENT, tokenize.STRING) and not token.string.isascii():
            for row in range(token.start[0] - 1, token.end[0]):
                start = token.start[1] if row == token.start[0] - 1 else 0
                end = token.end[1] if row == token.end[0] - 1 else len(lines[row])
                plain = "".join(c if c.isascii() else "?" for c in lines[row][start:end])
                lines[row] = lines[row][:start] + plain + lines[row][end:]
    return "\n".join(lines)
