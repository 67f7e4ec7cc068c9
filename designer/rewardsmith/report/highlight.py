"""Reward programs as HTML: highlighted lines, and what changed between two of them.

The text is anybody's: it is stripped of control and bidirectional characters and escaped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from markupsafe import Markup
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.python import PythonLexer

from rewardsmith.isolation.text import clean_text

KEPT_BYTES: Final = 1024 * 1024
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CONTEXT: Final = 3
"""Unchanged lines shown around a change."""

Kind = Literal["same", "added", "removed", "gap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLine:
    """One line of a program or of a diff."""

    html: Markup
    number: int | None = None
    """1-based line in the new program."""
    old_number: int | None = None
    """1-based line in the old program, of a diff."""
    kind: Kind = "same"


def plain(text: str) -> str:
    """`text` without what could mislead a reader: control, format and bidirectional characters."""
    if text.isascii() and not _CONTROL.search(text):
        return text  # nearly all of it: the careful way looks at every character
    return clean_text(text, kept_bytes=KEPT_BYTES)


def code_lines(text: str) -> tuple[CodeLine, ...]:
    """The lines of a Python program."""
    return tuple(
        CodeLine(html=html, number=number) for number, html in enumerate(_lines(text), start=1)
    )


def diff_lines(old: str, new: str) -> tuple[CodeLine, ...]:
    """What changed from one program to another, with a little of what did not."""
    before, after = plain(old).splitlines(), plain(new).splitlines()
    old_html, new_html = _lines(old), _lines(new)
    lines: list[CodeLine] = []
    groups = SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_CONTEXT)
    for index, group in enumerate(groups):
        if index:
            lines.append(CodeLine(html=Markup(""), kind="gap"))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [
                    CodeLine(html=new_html[j], number=j + 1, old_number=i + 1)
                    for i, j in zip(range(i1, i2), range(j1, j2), strict=True)
                ]
                continue
            lines += _side(old_html, range(i1, i2), "removed")
            lines += _side(new_html, range(j1, j2), "added")
    return tuple(lines)


def _side(html: Sequence[Markup], numbers: range, kind: Kind) -> list[CodeLine]:
    if kind == "removed":
        return [CodeLine(html=html[i], old_number=i + 1, kind=kind) for i in numbers]
    return [CodeLine(html=html[i], number=i + 1, kind=kind) for i in numbers]


def _lines(text: str) -> list[Markup]:
    """As many as `plain(text).splitlines()`: pygments ends every token at a line's end."""
    cleaned = plain(text)
    written = "\n".join(cleaned.splitlines())
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    html = highlight(written, lexer, HtmlFormatter(nowrap=True))
    found = html.removesuffix("\n").split("\n") if written else []
    missing = len(cleaned.splitlines()) - len(found)
    return [Markup(line) for line in (*found, *([""] * missing))]
