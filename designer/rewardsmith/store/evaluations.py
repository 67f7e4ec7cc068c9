"""Evaluations made after a search, in `evaluations.jsonl`, each on episodes that no other one used.

A block of episodes is reserved by a line of its own before it is used, so that also an evaluation
that died has used its episodes up. Written by `rewardsmith evaluate`, never by the driver.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewardsmith.messages import CandidateId, Evaluation
from rewardsmith.store.codec import dump, load
from rewardsmith.store.events import read_id
from rewardsmith.store.inbox import append_line, appending, parsed, read_lines
from rewardsmith.store.layout import EVALUATIONS_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterEvaluation:
    """A stored policy judged once more."""

    candidate: CandidateId
    block: int
    """Number of its block of episodes, from 0."""
    evaluation: Evaluation


def reserve_block(folder: Path, candidate: CandidateId, n_episodes: int) -> int:
    """Take the next block of episodes for an evaluation of `candidate`; returns its number.

    Raises:
        StoreError: `folder` is no run, or the file cannot be read or written.
    """
    with appending(folder, EVALUATIONS_FILE) as append:
        taken = [entry.get("block") for entry in _entries(folder)]
        block = 1 + max((b for b in taken if type(b) is int), default=-1)
        append({"block": block, "candidate": str(candidate), "episodes": n_episodes})
        return block


def append_evaluation(folder: Path, made: LaterEvaluation) -> None:
    """Add what an evaluation measured.

    Raises:
        StoreError: `folder` is no run, or the file cannot be written.
    """
    content = {"candidate": str(made.candidate), "block": made.block}
    append_line(folder, EVALUATIONS_FILE, content | {"evaluation": dump(made.evaluation)})


def read_evaluations(folder: Path) -> tuple[LaterEvaluation, ...]:
    """The evaluations that ended, in the order in which they did.

    Raises:
        StoreError: The file is no regular file, or holds what this version cannot read.
    """
    return tuple(
        LaterEvaluation(
            candidate=read_id(str(entry.get("candidate"))),
            block=int(entry["block"]),
            evaluation=load(Evaluation, entry["evaluation"]),
        )
        for entry in _entries(folder)
        if "evaluation" in entry and type(entry.get("block")) is int
    )


def _entries(folder: Path) -> Iterator[dict[str, Any]]:
    for _, line in read_lines(folder, EVALUATIONS_FILE, after_line=0).lines:
        entry = parsed(line)
        if entry is not None:
            yield entry
