"""Editing a candidate's program on its page: the form, what became of it, and edits that wait.

What is sent is read, never executed; the search judges it like any other program.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rewardsmith.contributions import RefusedEdit, take_edit
from rewardsmith.errors import RewardsmithError, StoreError
from rewardsmith.messages import Candidate, CandidateId, Edit, Finding
from rewardsmith.store.edits import MAX_PROGRAM, read_edits
from rewardsmith.viewer.library import Opened


@dataclass(frozen=True, slots=True, kw_only=True)
class EditView:
    """The form for one candidate's program."""

    candidate: CandidateId
    text: str
    """What stands in the form."""
    why: str = ""
    is_open: bool = True
    """Whether an iteration may still read an edit."""
    waiting: tuple[Edit, ...] = ()
    """Edits of this candidate that none has read yet."""
    taken: tuple[CandidateId, ...] = ()
    """Candidates that became of edits of this one."""
    problem: str = ""
    """Why what was sent was not taken; empty otherwise."""
    findings: tuple[Finding, ...] = ()
    max_chars: int = MAX_PROGRAM


def edit_view(opened: Opened, candidate: Candidate) -> EditView:
    """The form with the candidate's own program."""
    run, rows = opened.run, opened.index.rows
    return EditView(
        candidate=candidate.id,
        text=candidate.text,
        is_open=run.recall("run_ended") is None,
        waiting=_waiting(opened, candidate.id),
        taken=tuple(r.id for r in rows if r.author == "human" and candidate.id in r.parents),
    )


def send_edit(opened: Opened, candidate: Candidate, form: Mapping[str, str]) -> EditView | None:
    """Take in what was sent; None when it was written down, else the form with what is wrong."""
    text, why = form.get("text", ""), form.get("why", "")
    view = replace(edit_view(opened, candidate), text=text, why=why)
    try:
        take_edit(opened.run, candidate, text, why)
    except RefusedEdit as refused:
        return replace(view, problem=str(refused), findings=refused.findings)
    except RewardsmithError as error:
        return replace(view, problem=str(error))
    return None


def _waiting(opened: Opened, candidate: CandidateId) -> tuple[Edit, ...]:
    read = (int(e.data["up_to_line"]) for e in opened.run.events("edits_read"))
    try:
        edits = read_edits(opened.run.folder, after_line=max(read, default=0)).edits
    except StoreError:
        return ()
    return tuple(edit for edit in edits if edit.parent == candidate)
