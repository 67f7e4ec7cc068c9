"""The loop on one screen: propose, judge, screen, compete, analyze, and again.

It knows no language model, no process and no file: every stage is a callable that takes and returns
values in candidate order, and asks the store first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rewardsmith.messages import (
    Analysis,
    Candidate,
    Design,
    Feedback,
    History,
    Iteration,
    Judged,
    Result,
    Task,
)


class Record(Protocol):
    """What the loop needs of a run: its past, the next iteration's place, a person's remarks."""

    def history(self) -> History:
        """Every finished iteration."""

    def open_iteration(self) -> History:
        """The history, with remarks that were made since its last iteration ended."""

    def new_feedback(self, iteration: int) -> tuple[Feedback, ...]:
        """Remarks that no iteration has read yet; read at this recorded point."""

    def finish_iteration(self, iteration: Iteration) -> History:
        """Write the iteration's end; returns the history that includes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The stages of one search. Each returns results in candidate order."""

    should_stop: Callable[[History], bool]
    propose: Callable[[Task, History], tuple[Candidate, ...]]
    judge: Callable[[tuple[Candidate, ...], Task, History], tuple[Judged, ...]]
    screen: Callable[[tuple[Judged, ...], History], tuple[Judged, ...]]
    """Returns those worth training."""
    compete: Callable[[tuple[Judged, ...], Task], tuple[Result, ...]]
    analyze: Callable[[tuple[Result, ...], Task], tuple[Analysis, ...]]


def design_reward(task: Task, stages: Stages, run: Record) -> Design:
    """Search for a reward program that makes a policy do what `task` asks.

    Every candidate is rejected as cheaply as possible, trained only while it may still win, and
    judged by the task's own fitness, never by its own reward. Every result is on disk before the
    next stage begins, so a run that stops anywhere continues from its folder.

    Raises:
        ModelError: The provider failed beyond its retries. The run can be resumed.
        StoreError: The run folder cannot be written. The run can be resumed.
    """
    history = run.history()
    while not stages.should_stop(history):
        history = run.open_iteration()
        number = len(history.iterations)
        proposed = stages.propose(task, history)
        judged = stages.judge(proposed, task, history)
        chosen = stages.screen(judged, history)
        results = stages.compete(chosen, task)
        analyses = stages.analyze(results, task)
        history = run.finish_iteration(
            Iteration(
                index=number,
                judged=judged,
                results=results,
                analyses=analyses,
                remarks=run.new_feedback(number),
            )
        )
    return Design(best=history.best, history=history)
