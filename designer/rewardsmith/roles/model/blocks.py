"""Finds the code blocks of an answer: fenced with backticks or tildes, closed or cut off.

Knows Markdown only; whether a block is a program is for `extraction` to say.
"""

import re
import textwrap
from dataclasses import dataclass

_FENCE = re.compile(r"^([ \t>]*)(`{3,}|~{3,})(.*)$")
_CODE_IN_INFO = re.compile(r"^\s*(?:def |CONTRACT\b|\"\"\"|import |from )")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block."""

    code: str
    language: str
    """First word after the fence, in lower case; empty without one."""
    is_closed: bool
    start: int
    """Line of the answer at which its fence opens, from 0."""


def find_blocks(text: str) -> list[Block]:
    """All fenced blocks, in order; one that is never closed reaches to the end."""
    found: list[Block] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        opened = _FENCE.match(lines[at])
        if not opened or "`" in opened[3]:
            at += 1
            continue
        end = _closing(lines, at + 1, opened[2])
        found.append(_block(lines, at, end, opened))
        at = end + 1
    return found


def dedented(lines: list[str]) -> str:
    """Lines without the indentation or quoting they share, blank ends removed."""
    if lines and all(line.startswith(">") or not line.strip() for line in lines):
        lines = [line[1:].removeprefix(" ") for line in lines]
    return textwrap.dedent("\n".join(lines)).strip("\n").rstrip()


def _block(lines: list[str], start: int, end: int, opened: re.Match[str]) -> Block:
    body, info = lines[start + 1 : end], opened[3].strip()
    if end < len(lines) and not _FENCE.match(lines[end]):
        body.append(lines[end].rstrip().rstrip("`~"))  # closed at the end of a line of code
    if _CODE_IN_INFO.match(info):
        body, info = [opened[3], *body], ""
    return Block(
        code=dedented(body),
        language=re.split(r"[\s{:,]", info.lower(), maxsplit=1)[0].strip(".}"),
        is_closed=end < len(lines),
        start=start,
    )


def _closing(lines: list[str], start: int, fence: str) -> int:
    """Index of the line that closes a block; the number of lines when none does."""
    for at in range(start, len(lines)):
        line = lines[at].strip(" \t>")
        if line and not line.strip(fence[0]) and len(line) >= len(fence):
            return at
        if line.endswith(fence) and not line.startswith(fence):
            return at
    return len(lines)
