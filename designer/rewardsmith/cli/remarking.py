"""`rewardsmith feedback`: a person's remark on a run, which its next iteration reads."""

from pathlib import Path

from rewardsmith.cli.candidate_page import find_candidate
from rewardsmith.cli.terminal import console, safe
from rewardsmith.errors import UsageError
from rewardsmith.feedback.spans import remark_on_span
from rewardsmith.messages import Span
from rewardsmith.store.remarks import append_remark
from rewardsmith.store.run import Run


def remark(
    folder: Path, text: str, candidate: str | None, episode: int | None, steps: str | None
) -> None:
    """Write a remark down and say when it will be read.

    Args:
        folder: The run's.
        text: What is said.
        candidate: What it is about; the run by default.
        episode: Recorded episode of the candidate that it is about.
        steps: Of that episode, as in `40:80`.

    Raises:
        UsageError: There is no such candidate, episode or step.
        StoreError: The remark is empty or too long, or cannot be written.
    """
    run = Run.read(folder)
    about = find_candidate(run, candidate).id if candidate else None
    span = _span(episode, steps)
    if span is None:
        append_remark(folder, text, candidate=about)
    elif about is None:
        raise UsageError("Say whose episode that is: --candidate, as in 001/2.")
    else:
        remark_on_span(run, text, about, span)
    has_ended = run.recall("run_ended") is not None
    read = (
        "The run has ended: nothing will read it." if has_ended else "The next iteration reads it."
    )
    console().print(safe(f"Written down. {read}"), soft_wrap=True)


def _span(episode: int | None, steps: str | None) -> Span | None:
    if episode is None and steps is None:
        return None
    first, last = _steps(steps or "")
    if first > last:
        raise UsageError(
            f"--steps {steps!r}: the first step comes after the last. "
            f"Write the earlier one first: --steps {last}:{first}."
        )
    return Span(episode=episode or 0, first_step=first, last_step=last)


def _steps(written: str) -> tuple[int, int]:
    """The first and the last; `40` alone is both.

    Raises:
        UsageError: They are no two counts.
    """
    first, _, last = written.partition(":")
    try:
        found = int(first), int(last or first)
    except ValueError:
        found = (-1, -1)
    if min(found) < 0:
        raise UsageError(
            f"--steps {written!r} names no steps of an episode. Write the first and the last, "
            "counted from 0, as in --episode 2 --steps 40:80."
        )
    return found
