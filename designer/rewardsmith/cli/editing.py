"""`rewardsmith edit`: a person changes a candidate's program, and the search judges the result."""

import os
import shlex
import subprocess
import sys
import tempfile
from difflib import unified_diff
from pathlib import Path

from rewardsmith.cli.candidate_page import find_candidate
from rewardsmith.cli.checking import read_program_file, show_findings
from rewardsmith.cli.terminal import cleaned, console, diff, safe
from rewardsmith.contributions import RefusedEdit, take_edit
from rewardsmith.errors import UsageError
from rewardsmith.messages import Verdict
from rewardsmith.report.candidates import CandidateLine
from rewardsmith.session import config_of
from rewardsmith.store.run import Run

DEFAULT_EDITOR = "vi"


def edit_candidate(folder: Path, name: str, *, file: Path | None, why: str) -> None:
    """Take in a changed program of the candidate that `name` means.

    Args:
        folder: The run's.
        name: As `find_candidate` takes it.
        file: Holds the changed program; None opens an editor on the candidate's.
        why: What the person says of the change.

    Raises:
        UsageError: The run has ended, nothing was changed, or the program is refused.
        StoreError: The run cannot be read, or the edit not be written.
    """
    run = Run.read(folder)
    line = find_candidate(run, name)
    text = read_program_file(file) if file else _edited(line)
    try:
        text = take_edit(run, line.candidate, text, why)
    except RefusedEdit as refused:
        path = file or _kept(text)
        show_findings(Verdict(ok=False, findings=refused.findings), path)
        again = f"Then say `--file {shlex.quote(str(path))}`."
        raise UsageError(f"{refused} {again}") from refused
    _show_change(line, text)
    console().print(safe(_what_follows(run, folder)), soft_wrap=True)


def _edited(line: CandidateLine) -> str:
    """What the person's editor leaves of the candidate's program."""
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal for an editor. Give the program with --file FILE.")
    with tempfile.TemporaryDirectory(prefix="rewardsmith-") as folder:
        path = Path(folder) / f"{str(line.id).replace('/', '-')}.py"
        path.write_text(cleaned(line.candidate.text) + "\n", encoding="utf-8")
        _open_editor(path)
        return read_program_file(path)


def _open_editor(path: Path) -> None:
    """The person's own editor, as git finds it."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or DEFAULT_EDITOR
    try:
        done = subprocess.run([*shlex.split(editor), str(path)], check=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The editor {editor!r} cannot be started: {error}. Set EDITOR, or use --file FILE."
        ) from error
    if done.returncode != 0:
        raise UsageError(f"{editor!r} ended with status {done.returncode}; nothing was written.")


def _kept(text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix="rewardsmith-edit-", suffix=".py")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(name)


def _show_change(line: CandidateLine, text: str) -> None:
    before, after = cleaned(line.candidate.text).splitlines(), cleaned(text).splitlines()
    changed = unified_diff(before, after, str(line.id), "yours", lineterm="")
    console().print(diff("\n".join(changed)))


def _what_follows(run: Run, folder: Path) -> str:
    done, planned = len(run.history().iterations), config_of(run).search.iterations
    resume = f"rewardsmith resume {folder.name if str(folder.parent) == 'runs' else folder}"
    if run.recall("paused", iteration=done, after="critic") is not None and not _trains(run, done):
        return f"Written down. It joins iteration {done}, judged like any other: `{resume}`."
    started = run.recall("iteration_started", iteration=done) is not None
    read_by = done + 1 if started else done
    if read_by >= planned:
        more = f"`{resume} --set search.iterations={read_by + 1}` adds one."
        return f"Written down, but no iteration is left to read it. {more}"
    return (
        f"Written down. It becomes a candidate of iteration {read_by}, judged like any other; "
        f"`{resume}` goes on where a run has stopped."
    )


def _trains(run: Run, iteration: int) -> bool:
    """Whether the edits of an iteration that paused behind the critic were read already."""
    return run.recall("edits_read", iteration=iteration, stage="judge") is not None
