"""Drives a run under a person's eyes: progress while it goes, its conclusion at the end."""

from pathlib import Path

from rich.console import Console

from rewardsmith import session
from rewardsmith.cli.conclusion import show_conclusion
from rewardsmith.cli.entry import Interrupted
from rewardsmith.cli.progress import progress_of
from rewardsmith.cli.request import Request
from rewardsmith.cli.terminal import console, safe
from rewardsmith.cli.video import save_video
from rewardsmith.store.run import Run


def begin(request: Request, runs_dir: Path, *, quiet: bool, with_video: bool) -> None:
    """Start the run that was asked for and drive it to its end.

    Raises:
        UsageError: Something that was asked for does not exist or has no meaning; nothing was made.
        Interrupted: A person stopped it.
    """
    task, config = request.resolve_task(), request.resolve_config()
    with session.start_run(runs_dir, task, config) as run:
        _drive(run, quiet=quiet, with_video=with_video)


def proceed(folder: Path, *, quiet: bool, with_video: bool) -> None:
    """Continue the run in `folder`.

    Raises:
        StoreError: It is damaged, or driven by another process.
        Interrupted: A person stopped it.
    """
    with Run.open(folder, versions=session.versions()) as run:
        _drive(run, quiet=quiet, with_video=with_video)


def _drive(run: Run, *, quiet: bool, with_video: bool) -> None:
    out = console()
    if not quiet:
        task = run.manifest.task
        out.print(safe(f"{run.id}: {task.instruction}", "bold"), soft_wrap=True)
    try:
        _finish(run, out, quiet=quiet)
    except KeyboardInterrupt:
        where = _reference(run)
        raise Interrupted(f"Interrupted. Continue with `rewardsmith resume {where}`") from None
    if with_video:
        out.print(safe(save_video(run)), soft_wrap=True)
    show_conclusion(run, out)


def _finish(run: Run, out: Console, *, quiet: bool) -> None:
    if quiet:
        session.finish_run(run)
        return
    with progress_of(run, out):
        session.finish_run(run)


def _reference(run: Run) -> str:
    """What `resume` takes, from where the person is now."""
    return run.folder.name if str(run.folder.parent) == "runs" else str(run.folder)
