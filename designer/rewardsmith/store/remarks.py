"""What people wrote into `feedback.jsonl`: read from a given line on, and added to.

The file is written by the viewer, the command line or an editor, never by the driver. A line is
`{"text": "...", "candidate": "002/1", "span": {"episode": 0, "first_step": 40, "last_step": 80}}`,
all but the text being optional; a line that is no JSON object is taken as the text itself, so that
a person may simply write one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId, Departure, Feedback, Span
from rewardsmith.store.codec import M, dump, load
from rewardsmith.store.events import read_id
from rewardsmith.store.inbox import append_line, parsed, read_lines
from rewardsmith.store.layout import FEEDBACK_FILE

MAX_TEXT: Final = 10_000
"""Characters of one remark; the rest is cut off."""
MAX_SEEN: Final = 16
"""Quantities that are kept of one span."""


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


def append_remark(
    folder: Path,
    text: str,
    *,
    candidate: CandidateId | None = None,
    span: Span | None = None,
    seen: Sequence[Departure] = (),
) -> None:
    """Add a remark as the last line of `feedback.jsonl`, in one write; several may write at once.

    The driver reads it where its next iteration begins.

    Args:
        folder: The run's.
        text: What the person says.
        candidate: What it concerns; the whole run by default.
        span: The part of its recorded episodes that is meant.
        seen: What stands out in that part.

    Raises:
        StoreError: It is empty or too long, it is no run, or the file cannot be written.
    """
    text = text.replace("\r\n", "\n").strip().encode("utf-8", "replace").decode("utf-8")
    if not text or len(text) > MAX_TEXT:
        raise StoreError(f"A remark has 1 to {MAX_TEXT:,} characters; this one has {len(text):,}.")
    about = {"candidate": candidate, "span": span, "seen": tuple(seen)[:MAX_SEEN]}
    content = {"text": text} | {key: dump(value) for key, value in about.items() if value}
    append_line(folder, FEEDBACK_FILE, content)


def _remark(line: bytes, number: int) -> Feedback | None:
    content = parsed(line)
    if content is None:
        content = {"text": line.decode("utf-8", "replace")}
    text = str(content.get("text") or "").strip()[:MAX_TEXT]
    if not text:
        return None
    candidate = _candidate(content)
    span = _part(Span, content.get("span")) if candidate else None
    seen = _seen(content) if span else ()
    return Feedback(text=text, candidate=candidate, span=span, seen=seen, line=number)


def _candidate(content: Mapping[str, Any]) -> CandidateId | None:
    try:
        return read_id(str(content["candidate"]))
    except (KeyError, StoreError):
        return None


def _seen(content: Mapping[str, Any]) -> tuple[Departure, ...]:
    written = content.get("seen")
    parts = written[:MAX_SEEN] if isinstance(written, list) else ()
    return tuple(mean for mean in (_part(Departure, part) for part in parts) if mean is not None)


def _part(kind: type[M], written: object) -> M | None:
    """A part of a line; None where a hand has written none: the text counts all the same."""
    try:
        return load(kind, written)
    except StoreError:
        return None
