"""Which of two rollouts a person preferred: read from `preferences.jsonl`, and added to it.

The file is written by the viewer, the command line or a script, never by the driver, and only ever
grows. A line says what was shown on which side and what was answered; a line `{"undo": true}` takes
back the last answer that still stands.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId
from rewardsmith.store.events import read_id
from rewardsmith.store.inbox import appending, parsed, read_lines

PREFERENCES_FILE: Final = "preferences.jsonl"

Choice = Literal["left", "right", "tie", "skip"]
CHOICES: Final[tuple[Choice, ...]] = get_args(Choice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two rollouts from one start state, as they were shown, and what was answered."""

    left: CandidateId
    right: CandidateId
    seed: int
    """What both episodes were reset with."""
    choice: Choice
    """The side that does the task better; `skip` says nothing of either."""
    source: str = ""
    """Where it was answered: `page`, `terminal`, ..."""

    @property
    def pair(self) -> frozenset[CandidateId]:
        """The two candidates, whatever the sides."""
        return frozenset((self.left, self.right))


class Comparisons(NamedTuple):
    """The answers that stand, and how far the file was read."""

    standing: tuple[Comparison, ...]
    """In the order in which they were given."""
    up_to_line: int


def read_comparisons(folder: Path) -> Comparisons:
    """Read what stands in `preferences.jsonl`; a line that says nothing sensible is passed over.

    Raises:
        StoreError: The file is no regular file, or cannot be read.
    """
    read = read_lines(folder, PREFERENCES_FILE, after_line=0)
    standing: list[Comparison] = []
    for _, line in read.lines:
        content = parsed(line) or {}
        if content.get("undo") is True:
            del standing[-1:]
        elif (one := _comparison(content)) is not None:
            standing.append(one)
    return Comparisons(tuple(standing), read.up_to_line)


def append_comparison(folder: Path, comparison: Comparison) -> None:
    """Add an answer as the last line; several may write at once.

    Raises:
        StoreError: It is no run, or the file cannot be written.
    """
    with appending(folder, PREFERENCES_FILE) as append:
        append(
            {
                "left": str(comparison.left),
                "right": str(comparison.right),
                "seed": comparison.seed,
                "choice": comparison.choice,
                "source": comparison.source,
            }
        )


def append_undo(folder: Path) -> Comparison | None:
    """Take back the last answer that stands; returns it, or None when there is none.

    Raises:
        StoreError: It is no run, or the file cannot be written.
    """
    with appending(folder, PREFERENCES_FILE) as append:
        last = read_comparisons(folder).standing[-1:]
        if not last:
            return None
        append({"undo": True})
    return last[0]


def _comparison(content: dict[str, Any]) -> Comparison | None:
    try:
        left, right = read_id(str(content["left"])), read_id(str(content["right"]))
        seed, choice = content["seed"], content["choice"]
    except (KeyError, StoreError):
        return None
    if left == right or type(seed) is not int or choice not in CHOICES:
        return None
    source = str(content.get("source") or "")
    return Comparison(left=left, right=right, seed=seed, choice=choice, source=source)
