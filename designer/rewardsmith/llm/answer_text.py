"""Text that a model or a server wrote, made safe to store, to show and to paste.

What remains is printable characters, newlines and tabs. It is still text by an untrusted author:
escape it for HTML, and fence it before a model reads it.
"""

import re
import unicodedata
from typing import Final, NamedTuple

MAX_BYTES: Final = 256 * 1024
"""UTF-8 bytes of an answer that are kept, counted from its beginning."""

_ESCAPES: Final = re.compile(
    r"\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"  # OSC: titles, links, the clipboard
    r"|\x1b[PX^_][^\x1b\x9c]*(?:\x1b\\|\x9c|$)"  # DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]?"  # two-character escapes
)
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_THOUGHT: Final = re.compile(r"\s*<(think|thinking|reasoning)>.*?(?:</\1>|\Z)\s*", re.DOTALL)


class Cleaned(NamedTuple):
    """Clean text, and whether its end was left out."""

    text: str
    is_cut: bool


def clean_answer(text: str, *, max_bytes: int = MAX_BYTES) -> Cleaned:
    r"""Strip escapes, control and format characters (bidi among them); keep the beginning.

    >>> clean_answer("\x1b[31mred\x1b[0m \u202eno\r\n")
    Cleaned(text='red no\n', is_cut=False)
    """
    head = text[: 4 * max_bytes]
    head = _ESCAPES.sub("", head).replace("\r\n", "\n").replace("\r", "\n")
    head = "".join(c for c in head if c in "\n\t" or unicodedata.category(c) not in _DROPPED)
    blob = head.encode()
    is_cut = len(text) > 4 * max_bytes or len(blob) > max_bytes
    return Cleaned(blob[:max_bytes].decode(errors="ignore") if is_cut else head, is_cut)


def without_thoughts(text: str) -> str:
    """Drop a leading block of reasoning, which some local servers leave in the answer.

    >>> without_thoughts("<think>It hops.</think>Done.")
    'Done.'
    """
    match = _THOUGHT.match(text)
    return text[match.end() :] if match else text


def one_line(text: str, *, limit: int) -> str:
    """The text clean and on one line, at most `limit` characters."""
    line = " ".join(clean_answer(text, max_bytes=8 * limit).text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
