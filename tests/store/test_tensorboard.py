"""TensorBoard's own reader on the files that a run writes."""

from pathlib import Path

import pytest

from rewardsmith.messages import CandidateId, MetricPoint
from rewardsmith.store.layout import tensorboard_path
from rewardsmith.store.run import Run
from rewardsmith.testing import toy_task


def points(*steps: int) -> list[MetricPoint]:
    return [MetricPoint(step=step, values={"rollout/ep_rew_mean": step / 10}) for step in steps]


def read(folder: Path) -> list[tuple[int, float]]:
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    ).EventAccumulator(str(folder))
    accumulator.Reload()
    return [(e.step, e.value) for e in accumulator.Scalars("rollout/ep_rew_mean")]


def test_tensorboard_reads_the_curves_and_no_step_of_a_lost_attempt(tmp_path: Path) -> None:
    run = Run.create(tmp_path, name="x", config={}, task=toy_task(), versions={})
    place = CandidateId(0, 1)
    folder = (run.folder / tensorboard_path(place, 7)).parent
    with run:
        run.append_metrics(place, 7, points(10, 20, 30))
    assert read(folder) == [(10, 1.0), (20, 2.0), (30, 3.0)]
    with Run.open(run.folder) as again:
        again.append_metrics(place, 7, points(20))
        again.append_metrics(place, 7, points(40))
    assert read(folder) == [(10, 1.0), (20, 2.0), (40, 4.0)]
