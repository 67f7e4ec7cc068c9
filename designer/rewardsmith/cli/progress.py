"""Shows a run while it goes: a bar for every training, a line for every decision.

On a terminal the bars stay at the bottom; elsewhere there are plain lines and no control
characters. It only listens: a run goes the same with or without it.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from rewardsmith.cli.decisions import contender_of, decision, evaluation_line, measures
from rewardsmith.cli.terminal import safe
from rewardsmith.messages import MetricPoint
from rewardsmith.store.events import read_id
from rewardsmith.store.journal import Event
from rewardsmith.store.layout import place_path
from rewardsmith.store.run import Run

PLAIN_EVERY_S: Final = 30.0
"""Seconds between two plain lines about one training."""
REFRESH_HZ: Final = 2.0
"""Redrawing is the driver's largest cost: twice a second stays below 1 % of a core."""

Training = tuple[str, int]
"""A contender's folder and the training seed."""


class Display(Protocol):
    """Where progress is shown."""

    def say(self, line: Text) -> None:
        """Print a decision."""

    def start(self, training: Training, name: str, *, at: int, end: int) -> None:
        """A training runs from timestep `at` to `end`."""

    def advance(self, training: Training, step: int) -> None:
        """It has reached `step`."""

    def judge(self, training: Training, event: Event) -> None:
        """One of its checkpoints was evaluated, says a `candidate_evaluated`."""

    def stop(self, training: Training) -> None:
        """Its segment has ended."""


class Watcher:
    """Turns a run's events and curves into calls of a display."""

    def __init__(self, display: Display, *, is_measured: bool = True) -> None:
        self._display, self._is_measured = display, is_measured

    def event(self, event: Event) -> None:
        """Something happened in the run."""
        if event.event == "segment_started":
            at, end = event.key["start_step"], event.data["end_step"]
            self._display.start(_training(event.key), contender_of(event.key), at=at, end=end)
        elif event.event == "segment_ended":
            self._display.stop(_training(event.key))
        elif event.event == "candidate_evaluated" and self._is_measured:
            self._display.judge(_training(event.key), event)
        line = decision(event)
        if line is not None:
            self._display.say(line)

    def point(self, folder: str, seed: int, point: MetricPoint) -> None:
        """A training has reached a step."""
        self._display.advance((folder, seed), point.step)


@contextmanager
def progress_of(run: Run, console: Console) -> Iterator[None]:
    """Show the progress of `run` while the block drives it."""
    is_measured = not run.manifest.task.is_ranked  # a fitness yet to be chosen measures by then
    if not console.is_terminal:
        _listen(run, Watcher(PlainDisplay(console), is_measured=is_measured))
        yield
        return
    with _bars(console) as bars:
        _listen(run, Watcher(BarDisplay(bars), is_measured=is_measured))
        yield


class BarDisplay:
    """Bars at the bottom of a terminal, one for every training that has reported a step.

    Trainings that wait for a free core are said to have started, too: they get no bar yet.
    """

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._names: dict[Training, tuple[str, int]] = {}
        self._tasks: dict[Training, TaskID] = {}
        self._fitness: dict[Training, str] = {}

    def say(self, line: Text) -> None:
        """Print a decision above the bars."""
        self._bars.console.print(line)

    def start(self, training: Training, name: str, *, at: int, end: int) -> None:
        """Note a training."""
        self.stop(training)
        self._names[training] = name, end

    def advance(self, training: Training, step: int) -> None:
        """Move a bar; the first step makes it."""
        if training in self._tasks:
            self._bars.update(self._tasks[training], completed=step)
        elif training in self._names:
            name, end = self._names[training]
            fitness = self._fitness.get(training, "")
            task = self._bars.add_task(name, total=end, completed=step, fitness=fitness)
            self._tasks[training] = task

    def judge(self, training: Training, event: Event) -> None:
        """Keep the fitness for the bar of the training's next segment; a claim has no next one."""
        self._fitness[training] = f"fitness {measures(event)[0]:.3g}"
        if "purpose" in event.key:
            self.say(evaluation_line(event))

    def stop(self, training: Training) -> None:
        """Take a bar away."""
        self._names.pop(training, None)
        task = self._tasks.pop(training, None)
        if task is not None:
            self._bars.remove_task(task)


@dataclass(slots=True)
class _Running:
    """A training as the plain display knows it."""

    name: str
    end: int
    first: int = 0
    """The first step that was reported."""
    since: float | None = None
    """When it was; None while the training waits for a core."""
    said: float = 0.0


class PlainDisplay:
    """Plain lines, for files and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._running: dict[Training, _Running] = {}

    def say(self, line: Text) -> None:
        """Print a decision."""
        self._console.print(line, soft_wrap=True)

    def start(self, training: Training, name: str, *, at: int, end: int) -> None:
        """Note a training."""
        self._running[training] = _Running(name, end)

    def advance(self, training: Training, step: int) -> None:
        """Say how far it is, now and then."""
        running, now = self._running.get(training), time.monotonic()
        if running is None:
            return
        if running.since is None:
            running.first, running.since, running.said = step, now, now
        elif now - running.said >= PLAIN_EVERY_S:
            running.said = now
            speed = (step - running.first) / (now - running.since)
            done = f"{step:,} of {running.end:,} steps, {speed:,.0f} steps/s"
            self.say(safe(f"{running.name}: {done}"))

    def judge(self, training: Training, event: Event) -> None:
        """Say what was measured."""
        self.say(evaluation_line(event))

    def stop(self, training: Training) -> None:
        """Forget a training."""
        self._running.pop(training, None)


class _SpeedColumn(ProgressColumn):
    """Timesteps per second, over the last moments."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} steps/s" if task.speed else "", style="dim")


class _StepsColumn(ProgressColumn):
    """Timesteps done, of all in this segment."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.completed:,.0f}/{task.total or 0:,.0f}")


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        _StepsColumn(),
        _SpeedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[fitness]}", markup=False),
        console=console,
        refresh_per_second=REFRESH_HZ,
        transient=True,
    )


def _listen(run: Run, watcher: Watcher) -> None:
    run.subscribe(watcher.event)
    run.subscribe_metrics(watcher.point)


def _training(key: Mapping[str, Any]) -> Training:
    who = contender_of(key)
    return place_path(who if "purpose" in key else read_id(who)), key["seed"]
