"""What people say of single rollouts: read from `labels.jsonl`, and added to it.

The file is written by the viewer or the command line, never by the driver, and only ever grows. A
line says good or bad of a rollout, `{"undo": true}` takes back the last that stands, and
`{"choose": 1}` says which drafted fitness it shall be.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args

from rewardsmith.store.inbox import append_line, appending, parsed, read_lines

LABELS_FILE: Final = "labels.jsonl"

Saying = Literal["good", "bad", "skip"]
SAYINGS: Final[tuple[Saying, ...]] = get_args(Saying)
Sheet = Literal["clip", "winner"]
"""Which rollouts: those that a fitness is chosen by, or the winner's at the end."""
SHEETS: Final[tuple[Sheet, ...]] = get_args(Sheet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What was said of one rollout."""

    sheet: Sheet
    number: int
    """Index of the rollout on its sheet."""
    saying: Saying
    source: str = ""
    """Where it was said: `page`, `terminal`, ..."""


class Labels(NamedTuple):
    """The labels that stand, the draft that was chosen last, and how far the file was read."""

    standing: tuple[Label, ...]
    """In the order in which they were given."""
    chosen: int | None
    up_to_line: int

    def of(self, sheet: Sheet) -> dict[int, Saying]:
        """The last label of every rollout of a sheet."""
        return {one.number: one.saying for one in self.standing if one.sheet == sheet}


def read_labels(folder: Path) -> Labels:
    """Read what stands in `labels.jsonl`; a line that says nothing sensible is passed over.

    Raises:
        StoreError: The file is no regular file, or cannot be read.
    """
    read = read_lines(folder, LABELS_FILE, after_line=0)
    standing: list[Label] = []
    chosen: int | None = None
    for _, line in read.lines:
        content = parsed(line) or {}
        if content.get("undo") is True:
            del standing[-1:]
        elif type(content.get("choose")) is int:
            chosen = content["choose"]
        elif (one := _label(content)) is not None:
            standing.append(one)
    return Labels(tuple(standing), chosen, read.up_to_line)


def append_label(folder: Path, label: Label) -> None:
    """Add a label as the last line; several may write at once.

    Raises:
        StoreError: It is no run, or the file cannot be written.
    """
    said = {"sheet": label.sheet, "number": label.number, "saying": label.saying}
    append_line(folder, LABELS_FILE, said | {"source": label.source})


def append_choice(folder: Path, draft: int, *, source: str) -> None:
    """Choose a drafted fitness; the last choice before the run goes on counts.

    Raises:
        StoreError: It is no run, or the file cannot be written.
    """
    append_line(folder, LABELS_FILE, {"choose": draft, "source": source})


def append_label_undo(folder: Path) -> Label | None:
    """Take back the last label that stands; returns it, or None when there is none.

    Raises:
        StoreError: It is no run, or the file cannot be written.
    """
    with appending(folder, LABELS_FILE) as append:
        last = read_labels(folder).standing[-1:]
        if not last:
            return None
        append({"undo": True})
    return last[0]


def _label(content: dict[str, Any]) -> Label | None:
    number = content.get("number")
    sheet = next((known for known in SHEETS if known == content.get("sheet")), None)
    saying = next((known for known in SAYINGS if known == content.get("saying")), None)
    if sheet is None or saying is None or type(number) is not int or number < 0:
        return None
    source = str(content.get("source") or "")
    return Label(sheet=sheet, number=number, saying=saying, source=source)
