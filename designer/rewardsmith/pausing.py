"""Stops a search at a point where a person wants to look: behind the critic, or an iteration.

A pause is recorded, and what stands before it is on the disk: the run is resumed like any other.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from rewardsmith.errors import RewardsmithError
from rewardsmith.loop import Stages
from rewardsmith.messages import Candidate, History, Judged, Task
from rewardsmith.store.run import Run

PauseAfter = Literal["iteration", "critic"]


class Paused(RewardsmithError):
    """The run stopped where it was asked to; it is no failure."""

    exit_code = 0

    def __init__(self, after: PauseAfter, iteration: int) -> None:
        where = "the critic of iteration" if after == "critic" else "iteration"
        super().__init__(f"Paused after {where} {iteration}.")
        self.after = after
        self.iteration = iteration


def pausing(stages: Stages, run: Run, after: PauseAfter) -> Stages:
    """The same stages, which raise `Paused` at the next such point.

    Args:
        stages: Of the search.
        run: Open for writing.
        after: `iteration`: once another one has ended; `critic`: once the programs of an iteration
            are judged, and before any of them is trained. An iteration pauses there only once.
    """
    if after == "critic":
        return replace(stages, judge=_behind_critic(stages, run))
    return replace(stages, should_stop=_behind_iteration(stages, run))


def _behind_critic(
    stages: Stages, run: Run
) -> Callable[[tuple[Candidate, ...], Task, History], tuple[Judged, ...]]:
    def judge(
        candidates: tuple[Candidate, ...], task: Task, history: History
    ) -> tuple[Judged, ...]:
        judged = stages.judge(candidates, task, history)
        iteration = len(history.iterations)
        if run.recall("paused", iteration=iteration, after="critic") is None:
            _pause(run, "critic", iteration)
        return judged

    return judge


def _behind_iteration(stages: Stages, run: Run) -> Callable[[History], bool]:
    n_before = len(run.history().iterations)

    def should_stop(history: History) -> bool:
        if len(history.iterations) > n_before:
            _pause(run, "iteration", len(history.iterations) - 1)
        return stages.should_stop(history)

    return should_stop


def _pause(run: Run, after: PauseAfter, iteration: int) -> None:
    run.record("paused", key={"iteration": iteration, "after": after})
    raise Paused(after, iteration)
