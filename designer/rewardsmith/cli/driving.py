"""Drives a run under a person's eyes: progress while it goes, its conclusion at the end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from rewardsmith import session
from rewardsmith.cli.conclusion import show_conclusion
from rewardsmith.cli.drafting import card_for
from rewardsmith.cli.entry import Interrupted, RunFailed
from rewardsmith.cli.fitness_page import success_beyond_chance, threshold_words
from rewardsmith.cli.pauses import show_pause
from rewardsmith.cli.progress import progress_of
from rewardsmith.cli.request import NEVER, Request
from rewardsmith.cli.terminal import console, safe
from rewardsmith.cli.training_page import show_training
from rewardsmith.cli.video import save_video
from rewardsmith.config import RunConfig, parse_setting
from rewardsmith.environments.cards import load_card
from rewardsmith.errors import UsageError
from rewardsmith.evaluation.jobs import openings_of
from rewardsmith.feedback.selection import WaitingForPerson
from rewardsmith.isolation.lock import forecast, is_enough
from rewardsmith.messages import Task
from rewardsmith.model_team import OFFLINE
from rewardsmith.pausing import PauseAfter, Paused
from rewardsmith.report.page import write_report
from rewardsmith.store.run import Run
from rewardsmith.tracking.opening import check_trackers, tracking

FIRST = "First, rollouts of doing nothing, of chance and of known exploits are recorded."


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a run is driven; nothing of it changes what the run does."""

    quiet: bool = False
    """Whether no progress is shown."""
    with_video: bool = True
    """Whether the winner is filmed."""
    pause_after: PauseAfter | None = None
    trackers: tuple[str, ...] = ()
    """Experiment trackers that are told what happens."""
    on_stderr: bool = False
    """Whether everything is said on standard error: standard output is another one's."""

    def console(self) -> Console:
        """Where things are said."""
        return console(stderr=self.on_stderr)


def begin(request: Request, runs_dir: Path, manner: Manner) -> Path:
    """Start the run that was asked for and drive it to its end; returns its folder.

    Raises:
        UsageError: Something that was asked for does not exist or has no meaning; nothing was made.
        Interrupted: A person stopped it.
        RunFailed: It came to its end, and no candidate could be scored.
    """
    check_trackers(manner.trackers)
    config = request.resolve_config()
    with card_for(request.env, request.env_args, keeps=True, quiet=manner.quiet) as card:
        task = _task_of(replace(request, env=card.ref), config)
        _look_at_sandbox(task.env, config.require_sandbox)
        run = session.start_run(runs_dir, task, config, keeps_card=card.is_draft)
    with run:
        _drive(run, manner)
    return run.folder


def _task_of(request: Request, config: RunConfig) -> Task:
    """The task; a success criterion that nobody gave is measured, and said."""
    task = request.resolve_task()
    if task.success != NEVER or task.is_ranked or task.is_drafted:
        return task
    threshold = success_beyond_chance(task, config)
    measured = replace(task, success=threshold.success)
    said = f"No --success was given, so an episode succeeds where: {measured.success}"
    said += threshold_words(threshold)
    console(stderr=True).print(safe(said), soft_wrap=True)
    return measured


def proceed(folder: Path, settings: Sequence[str], manner: Manner) -> None:
    """Continue the run in `folder`, with other `KEY=VALUE` settings of its model.

    Raises:
        UsageError: A setting is not valid, or not one that may change.
        StoreError: It is damaged, or driven by another process.
        Interrupted: A person stopped it.
        RunFailed: It came to its end, and no candidate could be scored.
    """
    check_trackers(manner.trackers)
    changed = dict(parse_setting(text) for text in settings)
    with session.resume_run(folder, changed) as run:
        _look_at_sandbox(run.manifest.task.env, str(run.manifest.config["require_sandbox"]))
        _drive(run, manner)


def _look_at_sandbox(env: str, required: str) -> None:
    """Say what this machine lacks to hold reward code.

    Raises:
        UsageError: It lacks more than is allowed.
    """
    expected = forecast(openings_of(load_card(env)))
    lacks = f"{'; '.join(expected.notes)}. SECURITY.md says what remains."
    if not is_enough(expected.level, required):
        raise UsageError(
            f"The sandbox would be {expected.level}, and {required!r} is required: {lacks} "
            f"`--require-sandbox {'any' if expected.level == 'none' else expected.level}` runs "
            "with it nevertheless."
        )
    if expected.level != "strict":
        said = f"Warning: the sandbox is {expected.level}: {lacks}"
        console(stderr=True).print(safe(said, "yellow"), soft_wrap=True)


def _drive(run: Run, manner: Manner) -> None:
    out = manner.console()
    if not manner.quiet:
        task = run.manifest.task
        out.print(safe(f"{run.id}: {task.instruction}", "bold"), soft_wrap=True)
        out.print(safe(_designer_of(run), "dim"), soft_wrap=True)
        if run.recall("references_recorded") is None:
            out.print(safe(FIRST, "dim"), soft_wrap=True)
    try:
        _finish(run, out, manner)
    except KeyboardInterrupt:
        where = _reference(run)
        raise Interrupted(f"Interrupted. Continue with `rewardsmith resume {where}`") from None
    except Paused as paused:
        show_pause(run, paused, _reference(run), out)
        return
    except WaitingForPerson as waiting:
        out.print(safe(str(waiting), "bold"), soft_wrap=True)
        return
    if manner.with_video:
        out.print(safe(save_video(run)), soft_wrap=True)
    is_search = session.config_of(run).evaluation.conclusion == "claim"
    is_scored = True  # a training's status is its command's
    if is_search:
        is_scored = show_conclusion(run, out)
    else:
        show_training(run, out)
    out.print(safe(f"One page with everything: {run.folder / write_report(run)}"), soft_wrap=True)
    if not is_scored:
        raise RunFailed(
            f"No candidate could be scored. `rewardsmith inspect {_reference(run)}` says why."
        )


def _finish(run: Run, out: Console, manner: Manner) -> None:
    def tell(line: str) -> None:
        out.print(safe(line, "yellow"), soft_wrap=True)

    with tracking(run, manner.trackers, tell), _progress(run, out, manner):
        session.finish_run(run, tell=tell, pause_after=manner.pause_after)


@contextmanager
def _progress(run: Run, out: Console, manner: Manner) -> Iterator[None]:
    if manner.quiet:
        yield
        return
    with progress_of(run, out):
        yield


def _designer_of(run: Run) -> str:
    config = session.config_of(run)
    model = config.model.model
    if config.evaluation.conclusion != "claim":
        return f"One training of your program, judged on {config.evaluation.conclusion} episodes."
    if model == "manual":
        return "Rewards are designed by whoever answers the prompts below; all is in llm.jsonl."
    if model != OFFLINE:
        return f"Rewards are designed by {model}; every prompt and answer is in llm.jsonl."
    return (
        "Rewards are designed offline, without a language model; `--model NAME` asks one, and "
        "`rewardsmith models` says which."
    )


def _reference(run: Run) -> str:
    """What `resume` takes, from where the person is now."""
    return run.folder.name if str(run.folder.parent) == "runs" else str(run.folder)
