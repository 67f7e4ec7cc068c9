"""Rollouts that no reward shaped: who acts in them, and that they are recorded once."""

from pathlib import Path

import numpy as np
import pytest

from rewardsmith.config import RunConfig, load_config, to_mapping
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.errors import RewardsmithError, StoreError
from rewardsmith.isolation.frames import RESULT, Frame
from rewardsmith.isolation.job import Job, JobEnd
from rewardsmith.messages import Outcome, Task
from rewardsmith.store.run import Run
from rewardsmith.testing import InProcessEngine, write_line_card
from rewardsmith.training.reference_rollouts import (
    FILE,
    N_RANDOM,
    ReferenceRollouts,
    record_references,
)

CONFIG: RunConfig = load_config(None, {"require_sandbox": "any"})
TWO_DOORS = str(Path(__file__).parent / "two_doors")


def line_task(folder: Path) -> Task:
    return task_of(load_card(write_line_card(folder / "LineWorld")))


def new_run(folder: Path, task: Task) -> Run:
    return Run.create(folder / "runs", name="t", config=to_mapping(CONFIG), task=task, versions={})


def recorded(folder: Path, task: Task) -> tuple[ReferenceRollouts, InProcessEngine, Run]:
    engine, run = InProcessEngine(), new_run(folder, task)
    with run:
        return record_references(run, engine, task, CONFIG), engine, run


def test_nothing_random_and_both_extremes_are_recorded(tmp_path: Path) -> None:
    rollouts, _, _ = recorded(tmp_path, line_task(tmp_path))
    nothing, *random, right, left = rollouts.trajectories
    assert len(random) == N_RANDOM
    assert np.all(nothing.actions == 0.0)
    assert np.all(right.actions == 1.0)
    assert np.all(left.actions == -1.0)
    assert all(np.ptp(one.actions) > 0.5 for one in random)
    assert rollouts.named["do_nothing"] is nothing


def test_the_shortest_episode_that_terminated_is_the_early_end(tmp_path: Path) -> None:
    rollouts, _, _ = recorded(tmp_path, line_task(tmp_path))
    assert "early_end" not in rollouts.named  # twelve steps of a quarter metre end at 3 m
    ended = [t for t in rollouts.trajectories if t.terminated]
    assert ended == []


def test_discrete_extremes_are_the_first_and_the_last_choice(tmp_path: Path) -> None:
    rollouts, _, _ = recorded(tmp_path, task_of(load_card(TWO_DOORS)))
    nothing, *random, last, first = rollouts.trajectories
    assert set(nothing.actions.tolist()) == set(first.actions.tolist()) == {0}
    assert set(last.actions.tolist()) == {1}
    assert {a for one in random for a in one.actions.tolist()} == {0, 1}


def test_a_resumed_run_reads_them_and_starts_no_process(tmp_path: Path) -> None:
    task = line_task(tmp_path)
    first, _, run = recorded(tmp_path, task)
    engine = InProcessEngine()
    with Run.open(run.folder) as again:
        second = record_references(again, engine, task, CONFIG)
    assert engine.jobs == []
    assert second.obs_dim == first.obs_dim == 2
    for before, after in zip(first.trajectories, second.trajectories, strict=True):
        assert (before.seed, before.terminated) == (after.seed, after.terminated)
        np.testing.assert_array_equal(before.fields["position"], after.fields["position"])


def test_rollouts_that_were_changed_are_not_used(tmp_path: Path) -> None:
    task = line_task(tmp_path)
    _, _, run = recorded(tmp_path, task)
    (run.folder / FILE).write_bytes(b"other")
    with Run.open(run.folder) as again, pytest.raises(StoreError, match="SHA-256"):
        record_references(again, InProcessEngine(), task, CONFIG)


class Answering(InProcessEngine):
    """Every job ends in the same way."""

    def __init__(self, end: JobEnd) -> None:
        super().__init__()
        self._end = end

    def _do(self, job: Job) -> JobEnd:
        self.jobs.append(job)
        return self._end


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (JobEnd(outcome=Outcome.CRASHED, text="no MuJoCo here"), "no MuJoCo here"),
        (JobEnd(outcome=None, frames=(Frame(RESULT, b"{}"),)), "answered"),
        (JobEnd(outcome=None), "answered"),
    ],
)
def test_an_environment_that_does_not_run_is_named(tmp_path: Path, end: JobEnd, says: str) -> None:
    task = line_task(tmp_path)
    with new_run(tmp_path, task) as run, pytest.raises(RewardsmithError, match=says) as caught:
        record_references(run, Answering(end), task, CONFIG)
    assert "LineWorld" in str(caught.value)
