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
    first, _, last = (steps or "").partition(":")
    try:
        return Span(episode=episode or 0, first_step=int(first), last_step=int(last or first))
    except ValueError as error:
        raise UsageError(
            f"--steps {steps or ''!r} names no steps of an episode. Write the first and the last, "
            "counted from 0, as in --episode 2 --steps 40:80."
        ) from error
