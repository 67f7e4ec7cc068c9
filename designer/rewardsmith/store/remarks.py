"""What people wrote into `feedback.jsonl`: read from a given line on, and added to.

The file is written by the viewer, the command line or an editor, never by the driver. A line is
`{"text": "...", "candidate": "002/1"}`, `candidate` being optional; a line that is no JSON object
is taken as the text itself, so that a person may simply write one.
"""

from pathlib import Path
from typing import NamedTuple

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId, Feedback
from rewardsmith.store.events import read_id
from rewardsmith.store.inbox import append_line, parsed, read_lines
from rewardsmith.store.layout import FEEDBACK_FILE

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
    new, up_to_line = read_lines(folder, FEEDBACK_FILE, after_line=after_line)
    found = [_remark(line, number) for number, line in new]
    return Remarks(tuple(r for r in found if r is not None), up_to_line)


def append_remark(folder: Path, text: str, *, candidate: CandidateId | None = None) -> None:
    """Add a remark as the last line of `feedback.jsonl`, in one write; several may write at once.

    The driver reads it where its next iteration begins.

    Raises:
        StoreError: It is empty or too long, it is no run, or the file cannot be written.
    """
    text = text.replace("\r\n", "\n").strip().encode("utf-8", "replace").decode("utf-8")
    if not text or len(text) > MAX_TEXT:
        raise StoreError(f"A remark has 1 to {MAX_TEXT:,} characters; this one has {len(text):,}.")
    content = {"text": text} | ({"candidate": str(candidate)} if candidate else {})
    append_line(folder, FEEDBACK_FILE, content)


def _remark(line: bytes, number: int) -> Feedback | None:
    written = line.decode("utf-8", "replace").strip()
    content = parsed(line)
    text, candidate = written, None
    if content is not None:
        text, candidate = str(content.get("text") or "").strip(), _candidate(content)
    return Feedback(text=text[:MAX_TEXT], candidate=candidate, line=number) if text else None


def _candidate(content: dict[str, object]) -> CandidateId | None:
    try:
        return read_id(str(content["candidate"]))
    except (KeyError, StoreError):
        return None
