"""What people wrote into `feedback.jsonl`: read from a given line on, and added to.

The file is written by the viewer, the command line or an editor, never by the driver. A line is
`{"text": "...", "candidate": "002/1"}`, `candidate` being optional; a line that is no JSON object
is taken as the text itself, so that a person may simply write one.
"""

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId, Feedback
from rewardsmith.store import disk, spelling
from rewardsmith.store.artifacts import inside, read_artifact
from rewardsmith.store.events import read_id
from rewardsmith.store.layout import FEEDBACK_FILE, RUN_FILE

MAX_TEXT = 10_000
"""Characters of one remark; the rest is cut off."""


class Remarks(NamedTuple):
    """Remarks and how far the file was read."""

    remarks: tuple[Feedback, ...]
    up_to_line: int


def read_remarks(folder: Path, *, after_line: int) -> Remarks:
    """Read the whole lines of `feedback.jsonl` behind line `after_line` (0 for all).

    Raises:
        StoreError: The file is no regular file, or cannot be read.
    """
    if not (folder / FEEDBACK_FILE).exists():
        return Remarks((), after_line)
    lines = read_artifact(folder, FEEDBACK_FILE).split(b"\n")[:-1]
    new = enumerate(lines[after_line:], start=after_line + 1)
    found = [_remark(line, number) for number, line in new]
    return Remarks(tuple(r for r in found if r is not None), max(after_line, len(lines)))


def append_remark(folder: Path, text: str, *, candidate: CandidateId | None = None) -> None:
    """Add a remark as the last line of `feedback.jsonl`, in one write; several may write at once.

    The driver reads it where its next iteration begins.

    Raises:
        StoreError: It is empty or too long, it is no run, or the file cannot be written.
    """
    text = text.replace("\r\n", "\n").strip().encode("utf-8", "replace").decode("utf-8")
    if not text or len(text) > MAX_TEXT:
        raise StoreError(f"A remark has 1 to {MAX_TEXT:,} characters; this one has {len(text):,}.")
    if not (folder / RUN_FILE).is_file():
        raise StoreError(f"{str(folder)!r} is not a run: it holds no {RUN_FILE}.")
    content = {"text": text} | ({"candidate": str(candidate)} if candidate else {})
    path = inside(folder, FEEDBACK_FILE)
    with disk.refusing(path, "write"):
        fd = disk.open_regular(path, os.O_RDWR | os.O_APPEND)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            disk.write_all(fd, _line_end_before(fd) + spelling.one_line(content))
            os.fsync(fd)
        finally:
            os.close(fd)


def _line_end_before(fd: int) -> bytes:
    """A line end where an editor has left none: two remarks on one line would be none."""
    size = os.fstat(fd).st_size
    return b"\n" if size and os.pread(fd, 1, size - 1) != b"\n" else b""


def _remark(line: bytes, number: int) -> Feedback | None:
    written = line.decode("utf-8", "replace").strip()
    try:
        content = spelling.parse(written)
    except ValueError:
        content = None
    text, candidate = written, None
    if isinstance(content, dict):
        text, candidate = str(content.get("text") or "").strip(), _candidate(content)
    return Feedback(text=text[:MAX_TEXT], candidate=candidate, line=number) if text else None


def _candidate(content: dict[str, object]) -> CandidateId | None:
    try:
        return read_id(str(content["candidate"]))
    except (KeyError, StoreError):
        return None
