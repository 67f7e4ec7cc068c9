"""Programs that a person brings into a search: the one it starts with, and edits of candidates.

They are candidates like any other, by the author `human`. What was read is recorded before it is
used, so that a resumed run takes in the same programs, once.
"""

from collections.abc import Iterable

from rewardsmith.environments.cards import load_card
from rewardsmith.errors import UsageError
from rewardsmith.messages import Candidate, CandidateId, Edit, Finding
from rewardsmith.rewards.contract import read_program
from rewardsmith.store.edits import append_edit, tidy
from rewardsmith.store.run import Run


class RefusedEdit(UsageError):
    """An edited program that the search would refuse at once."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        n = sum(finding.severity == "error" for finding in findings)
        super().__init__(f"The program is refused: {n} error{'s' * (n != 1)}. Correct it.")


def take_edit(run: Run, parent: Candidate, text: str, why: str = "") -> str:
    """Write down a program that a person made of `parent`; returns it as it was written.

    Nothing of it is executed: it is read, and judged by the search like any other.

    Args:
        run: Opened for reading.
        parent: Whose program was edited.
        text: The edited program.
        why: What the person says of it.

    Raises:
        UsageError: The run has ended, or nothing was changed.
        RefusedEdit: It breaks the contract.
        StoreError: It is empty or too long, or cannot be written.
    """
    if run.recall("run_ended") is not None:
        raise UsageError(
            f"Run {run.folder.name!r} has ended: nothing would read an edit. `rewardsmith train "
            "FILE` trains a program of yours, `rewardsmith design --init FILE` improves it."
        )
    text = tidy(text)
    if text.strip() == tidy(parent.text).strip():
        raise UsageError(f"Nothing differs from {parent.id}, so nothing was written.")
    reading = read_program(text, load_card(run.manifest.task.env).state)
    if reading.program is None:
        raise RefusedEdit(reading.findings)
    append_edit(run.folder, text, parent=parent.id, why=why)
    return text


def opening(run: Run, init: str | None, iteration: int) -> list[Candidate]:
    """The person's programs that open an iteration: the one to start with, then new edits.

    Args:
        run: Open for writing.
        init: Text of the program that the search starts with.
        iteration: Index of the iteration, from 0.
    """
    brought = [] if init is None or iteration > 0 else [_first(init)]
    edits = run.new_edits(iteration, stage="propose")
    return [*brought, *_edited(edits, iteration, first=len(brought))]


def joining(run: Run, iteration: int, *, first: int) -> list[Candidate]:
    """Edits made while the run paused behind the critic: they join the iteration that goes on.

    Args:
        run: Open for writing.
        iteration: Index of the iteration, from 0.
        first: Number of the first of them.
    """
    if run.recall("paused", iteration=iteration, after="critic") is None:
        return []
    return _edited(run.new_edits(iteration, stage="judge"), iteration, first=first)


def is_edit(candidate: Candidate) -> bool:
    """Whether a person made it of another candidate."""
    return candidate.author == "human" and bool(candidate.parents)


def _first(text: str) -> Candidate:
    why = "The reward that the search was started with."
    return Candidate(id=CandidateId(0, 0), text=text, rationale=why, author="human")


def _edited(edits: Iterable[Edit], iteration: int, *, first: int) -> list[Candidate]:
    return [
        Candidate(
            id=CandidateId(iteration, number),
            text=edit.text,
            rationale=edit.why or f"A person's edit of {edit.parent}.",
            parents=(edit.parent,),
            author="human",
        )
        for number, edit in enumerate(edits, start=first)
    ]
