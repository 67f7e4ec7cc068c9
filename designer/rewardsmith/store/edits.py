"""Programs that people made of a candidate's, in `edits.jsonl`; read by the driver like remarks.

A line is `{"text": "...", "parent": "002/1", "why": "..."}`; a line that is none of these is
passed over. Written by `rewardsmith edit` and the viewer, never by the driver.
"""

from pathlib import Path
from typing import Final, NamedTuple

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId, Edit
from rewardsmith.store.events import read_id
from rewardsmith.store.inbox import append_line, parsed, read_lines
from rewardsmith.store.layout import EDITS_FILE

MAX_PROGRAM: Final = 64 * 1024
"""Characters of an edited program."""
MAX_WHY: Final = 2_000
"""Characters of what is said of it; the rest is cut off."""


class Edits(NamedTuple):
    """Edits and how far the file was read."""

    edits: tuple[Edit, ...]
    up_to_line: int


def read_edits(folder: Path, *, after_line: int) -> Edits:
    """Read the whole lines of `edits.jsonl` behind line `after_line` (0 for all).

    Raises:
        StoreError: The file is no regular file, or cannot be read.
    """
    new, up_to_line = read_lines(folder, EDITS_FILE, after_line=after_line)
    found = [_edit(line, number) for number, line in new]
    return Edits(tuple(edit for edit in found if edit is not None), up_to_line)


def append_edit(folder: Path, text: str, *, parent: CandidateId, why: str = "") -> None:
    """Add an edited program as the last line of `edits.jsonl`, in one write.

    Raises:
        StoreError: It is empty or too long, it is no run, or the file cannot be written.
    """
    text = tidy(text)
    if not text.strip() or len(text) > MAX_PROGRAM:
        raise StoreError(
            f"An edited program has 1 to {MAX_PROGRAM:,} characters; this one has {len(text):,}."
        )
    why = tidy(why).strip()[:MAX_WHY]
    append_line(folder, EDITS_FILE, {"text": text, "parent": str(parent), "why": why})


def tidy(text: str) -> str:
    """`text` with plain line ends and nothing that UTF-8 cannot write.

    >>> tidy("a" + chr(13) + chr(10)).count(chr(13))
    0
    """
    return text.replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8")


def _edit(line: bytes, number: int) -> Edit | None:
    content = parsed(line) or {}
    text, why = content.get("text"), content.get("why", "")
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_PROGRAM:
        return None
    try:
        parent = read_id(str(content.get("parent")))
    except StoreError:
        return None
    return Edit(text=tidy(text), parent=parent, why=tidy(str(why))[:MAX_WHY], line=number)
