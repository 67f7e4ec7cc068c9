"""Shows what a task's fitness and success say of behaviour whose worth is known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from rewardsmith.cli.drafting import card_for
from rewardsmith.cli.patience import patience
from rewardsmith.cli.request import ad_hoc
from rewardsmith.cli.terminal import console, safe
from rewardsmith.config import RunConfig
from rewardsmith.environments.cards import EnvCard, load_card, task_of
from rewardsmith.environments.fingerprint import fingerprint
from rewardsmith.environments.judging import own_success
from rewardsmith.environments.outer import when_judged
from rewardsmith.errors import UsageError
from rewardsmith.evaluation.surveyor import survey_measure
from rewardsmith.messages import Task
from rewardsmith.training.engine import LocalEngine
from rewardsmith.training.yardstick import (
    Judgement,
    Reading,
    Threshold,
    beyond_chance,
    judge,
    readings_chain,
)

FAILED = 1
"""Exit status when a measure does not separate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What the options of `envs fitness` said."""

    task: str | None = None
    fitness: str | None = None
    success: str | None = None


def show_fitness(env: str, measure: Measure, env_args: Sequence[str] = ()) -> int:
    """Print fitness and success of known behaviour, task by task; returns the exit status.

    Raises:
        UsageError: There is no such environment or task, or an expression is not valid.
    """
    with card_for(env, env_args) as found:
        card = load_card(found.ref)
        judged = [_show(task, card, has_success=s) for task, s in _tasks(card, measure)]
    return FAILED if any(j.separates is False for j in judged) else 0


def success_beyond_chance(task: Task, config: RunConfig) -> Threshold:
    """The success criterion of a task that came without one; takes a few seconds.

    Raises:
        RewardsmithError: The fitness is never finite, or the environment does not run.
    """
    fingerprint(task, load_card(task.env))  # a mistake in the fitness is said before anything runs
    survey_measure(task)
    if own := _own_threshold(task):
        return own
    with patience("trying what a success has to be beyond"):
        readings = LocalEngine(1).run([readings_chain(task, config)])[0]
    return beyond_chance(task.fitness, readings)


def threshold_words(threshold: Threshold) -> str:
    """What a success that nobody gave begins beyond, to stand after it; empty where it is given."""
    if not threshold.best:
        return ""
    return (
        f"\n  That is beyond all aimless behaviour; the best of it, {threshold.best!r}, came to "
        f"{threshold.fitness:.4g}. Say --success where you know better."
    )


def _own_threshold(task: Task) -> Threshold | None:
    """What the environment itself says success is, where its word is the fitness."""
    own = own_success(task.fitness)
    return Threshold(success=own) if own else None


def _tasks(card: EnvCard, measure: Measure) -> list[tuple[Task, bool]]:
    """The tasks that are meant, and whether each says what success is."""
    if measure.fitness is None:
        if measure.success is not None:
            raise UsageError("--fitness is missing: --success alone measures nothing graded.")
        names = [measure.task] if measure.task is not None else list(card.tasks)
        if not names:
            raise UsageError(f"{card.id!r} has no task in its card. Give --fitness and --success.")
        return [(task_of(card, name), True) for name in names]
    task = ad_hoc(card, measure.task or "", measure.fitness, measure.success)
    return [(task, measure.success is not None)]


def _show(task: Task, card: EnvCard, *, has_success: bool) -> Judgement:
    out = console()
    digest = fingerprint(task, card)
    survey_measure(task)
    with patience(f"playing what the fitness of {task.name!r} is tried on"):
        readings = LocalEngine(1).run([readings_chain(task, RunConfig())])[0]
    out.print(safe(f"{task.name}: {task.instruction}".rstrip(": "), "bold"), soft_wrap=True)
    out.print(safe(f"  fitness  {task.fitness}"), soft_wrap=True)
    if has_success:
        when = when_judged(task.success, task.semantics, task.held_steps)
        out.print(safe(f"  success  {task.success}  ({when})"), soft_wrap=True)
    out.print(safe(f"  hash     {digest}", "dim"))
    out.print(_table(readings, has_success=has_success))
    known = card.tasks.get(task.name)
    solved_by = known.solved_by if known is not None and known.success == task.success else ()
    judged = judge(readings, solved_by=solved_by)
    out.print(safe(_verdict(judged, solved_by), _STYLES[judged.separates]), soft_wrap=True)
    if not has_success:
        taken = _own_threshold(task) or beyond_chance(task.fitness, readings)
        said = f"Without --success, `design` would take: {taken.success}{threshold_words(taken)}"
        out.print(safe(said), soft_wrap=True)
    return judged


_STYLES = {True: "green", False: "red", None: "yellow"}


def _table(readings: Sequence[Reading], *, has_success: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("behaviour")
    for title in ("fitness", "success", "steps", "episodes"):
        table.add_column(title, justify="right")
    for reading in readings:
        fitness = reading.fitness
        lengths = [episode.length for episode in reading.episodes]
        shown = str(fitness) if fitness.n > 1 and math.isfinite(fitness.low) else None
        cells = (
            reading.name,
            shown or f"{fitness.estimate:.3g}",
            f"{reading.success_rate:.0%}" if has_success else "-",
            f"{sum(lengths) / len(lengths):.0f}",
            str(len(lengths)),
        )
        table.add_row(*map(safe, cells))
    return table


def _verdict(judged: Judgement, solved_by: Sequence[str]) -> str:
    but = f" but {', '.join(map(repr, solved_by))}, which does the task too" if solved_by else ""
    said = {
        True: f"Separates: the competent rollout stands above everything else{but}.",
        False: "Does not separate",
        None: "Unknown whether it separates",
    }[judged.separates]
    return f"{said}: {'; '.join(judged.reasons)}." if judged.reasons else said
