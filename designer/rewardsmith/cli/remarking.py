"""`rewardsmith feedback`: a person's remark on a run, which its next iteration reads."""

from pathlib import Path

from rewardsmith.cli.candidate_page import find_candidate
from rewardsmith.cli.terminal import console, safe
from rewardsmith.store.remarks import append_remark
from rewardsmith.store.run import Run


def remark(folder: Path, text: str, candidate: str | None) -> None:
    """Write a remark down and say when it will be read.

    Raises:
        UsageError: There is no such candidate.
        StoreError: The remark is empty or too long, or cannot be written.
    """
    run = Run.read(folder)
    about = find_candidate(run, candidate).id if candidate else None
    append_remark(folder, text, candidate=about)
    has_ended = run.recall("run_ended") is not None
    read = (
        "The run has ended: nothing will read it." if has_ended else "The next iteration reads it."
    )
    console().print(safe(f"Written down. {read}"), soft_wrap=True)
