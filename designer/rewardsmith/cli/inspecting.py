"""`rewardsmith inspect` and `diff`: as pages for people, or as documents for scripts."""

from pathlib import Path

from rewardsmith.cli.candidate_page import diff_text, find_candidate, show_candidate
from rewardsmith.cli.documents import candidate_document, diff_document, run_document
from rewardsmith.cli.printing import print_json
from rewardsmith.cli.run_page import show_run
from rewardsmith.cli.terminal import console, diff, safe
from rewardsmith.store.run import Run


def inspect_run(
    folder: Path, candidate: str | None, *, with_compiled: bool = False, as_json: bool = False
) -> None:
    """Print a run, or the candidate of it that `candidate` means.

    Raises:
        UsageError: The run has no such candidate.
    """
    run = Run.read(folder)
    if as_json:
        found = find_candidate(run, candidate) if candidate else None
        print_json(candidate_document(run, found) if found else run_document(run))
    elif candidate:
        show_candidate(run, candidate, with_compiled=with_compiled)
    else:
        show_run(run)


def compare(folder: Path, old: str, new: str, *, as_json: bool = False) -> None:
    """Print the diff between two candidates' programs.

    Raises:
        UsageError: The run has no such candidate.
    """
    run = Run.read(folder)
    before, after = find_candidate(run, old), find_candidate(run, new)
    text = diff_text(before, after)
    if as_json:
        print_json(diff_document(run, before, after, text))
        return
    console().print(diff(text) if text else safe(f"{before.id} and {after.id} are the same text."))
