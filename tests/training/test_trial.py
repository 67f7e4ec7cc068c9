"""What a worker claims of its training, and what of it the driver takes."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from rewardsmith.errors import StoreError
from rewardsmith.isolation.frames import METRIC, TENSORS, Frame, FrameError
from rewardsmith.isolation.job import Job, JobEnd
from rewardsmith.isolation.strict_json import dump_json
from rewardsmith.isolation.tensors import dump_tensors
from rewardsmith.messages import CandidateId, Judged, Outcome
from rewardsmith.store.layout import checkpoint_path
from rewardsmith.testing import InProcessEngine
from rewardsmith.training.arena import Arena
from rewardsmith.training.checkpoint import checkpoint_tensors
from rewardsmith.training.compete import compete
from rewardsmith.training.contender import candidate_contender
from rewardsmith.training.segments import Segment
from rewardsmith.training.trial import read_metric, run_segment

MakeArena = Callable[..., Arena]
MakeJudged = Callable[..., tuple[Judged, ...]]

CANDIDATE = CandidateId(0, 0)


def point(**values: object) -> dict[str, object]:
    return {"step": 64, "values": {name.replace("__", "/"): v for name, v in values.items()}}


def test_a_point_of_known_curves_is_read() -> None:
    content = point(rollout__reward_mean=1, train__loss=-0.5, reward__near=2.0)
    read = read_metric(content, ["near"])
    assert read.step == 64
    assert read.values == {"rollout/reward_mean": 1.0, "train/loss": -0.5, "reward/near": 2.0}


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"step": 1},
        {"step": 1, "values": {}, "more": 1},
        {"step": True, "values": {}},
        {"step": 1.0, "values": {}},
        {"step": 1, "values": []},
        point(reward__far=1.0),
        point(reward__near=True),
        point(reward__near="1"),
        point(reward__near=None),
        point(fitness=1.0),
        point(train__anything=1.0),
        point(eval__fitness=1.0),
        {"step": 1, "values": {"reward/near\n": 1.0}},
        {"step": 1, "values": {f"reward/{i}": 0.0 for i in range(65)}},
    ],
)
def test_a_point_that_is_anything_else_is_refused(content: object) -> None:
    with pytest.raises(FrameError):
        read_metric(content, ["near"])


class Worker(InProcessEngine):
    """Answers the training with given frames; metrics go the engine's way."""

    def __init__(self, frames: Callable[[Job], Iterator[Frame]]) -> None:
        super().__init__()
        self._frames = frames

    def _do(self, job: Job) -> JobEnd:
        self.jobs.append(job)
        kept = []
        try:
            for frame in self._frames(job):
                if frame.kind == METRIC and job.on_metric:
                    job.on_metric(frame.payload)
                else:
                    kept.append(frame)
        except FrameError as error:
            return JobEnd(outcome=Outcome.CRASHED, text=str(error))
        return JobEnd(outcome=None, frames=tuple(kept))


def train(arena: Arena, program: str) -> Any:
    segment = Segment(start_step=0, end_step=64, checkpoint_steps=(64,))
    contender = candidate_contender(CANDIDATE, program)
    chain = run_segment(arena, contender, segment, seed=1, seed_set="selection")
    (end,) = arena.engine.run([chain])
    return end


def tensors(arena: Arena, **changed: Any) -> dict[str, Any]:
    found = {
        name: np.ones(spec.shape, np.float32 if spec.dtype == "F32" else np.float64)
        for name, spec in checkpoint_tensors(arena.spec).items()
    }
    return found | {name.replace("__", "."): value for name, value in changed.items()}


@pytest.mark.parametrize(
    ("steps", "says"),
    [([64, 64], "64"), ([128], "128"), ([0], "0"), ([-5], "-5"), ([32, 16], "16")],
)
def test_steps_of_the_curves_only_rise_within_the_segment(
    make_arena: MakeArena, judged: MakeJudged, steps: list[int], says: str
) -> None:
    def frames(job: Job) -> Iterator[Frame]:
        for step in steps:
            yield Frame(METRIC, dump_json({"step": step, "values": {}}))

    end = train(make_arena({}, engine=Worker(frames)), judged("x")[0].candidate.text)
    assert end.outcome == Outcome.CRASHED
    assert f"step {says}" in end.text


@pytest.mark.parametrize(
    "changed",
    [
        {"obs__mean": np.full(2, np.nan)},
        {"obs__var": np.zeros(2)},
        {"obs__var": np.ones(3)},
        {"actor__0__bias": np.full(64, 1e9, np.float32)},
        {"extra": np.ones(1)},
        {"adam__step": np.asarray(np.inf)},
    ],
)
def test_a_checkpoint_that_is_not_as_expected_closes_its_candidate_and_is_not_kept(
    make_arena: MakeArena, judged: MakeJudged, changed: dict[str, Any]
) -> None:
    def frames(job: Job) -> Iterator[Frame]:
        yield Frame(TENSORS, dump_tensors(tensors(arena, **changed)))

    arena = make_arena({}, engine=Worker(frames))
    end = train(arena, judged("x")[0].candidate.text)
    assert end.outcome == Outcome.CRASHED
    assert "refused" in end.text
    assert not (arena.run.folder / checkpoint_path(CANDIDATE, 1, 64)).exists()


@pytest.mark.parametrize("n", [0, 2])
def test_other_than_the_checkpoints_asked_for_are_refused(
    make_arena: MakeArena, judged: MakeJudged, n: int
) -> None:
    def frames(job: Job) -> Iterator[Frame]:
        return iter([Frame(TENSORS, dump_tensors(tensors(arena)))] * n)

    arena = make_arena({}, engine=Worker(frames))
    assert train(arena, judged("x")[0].candidate.text).outcome == Outcome.CRASHED


def test_an_evaluation_that_answers_nonsense_closes_its_candidate(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    def frames(job: Job) -> Iterator[Frame]:
        if "job" in job.request:
            yield Frame(TENSORS, dump_tensors(tensors(arena)))

    arena = make_arena({}, engine=Worker(frames))
    end = train(arena, judged("x")[0].candidate.text)
    assert end.outcome == Outcome.CRASHED
    assert "evaluation was refused" in end.text


def test_a_training_goes_on_only_from_the_checkpoint_that_its_event_names(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena({"x": [1.0]}, **{"search.rungs": [0.5]})

    def tamper(event: object) -> None:
        if getattr(event, "event", "") == "rung_decided":
            path = checkpoint_path(CANDIDATE, arena.seed(CANDIDATE), 256)
            (arena.run.folder / path).write_bytes(
                dump_tensors(tensors(arena, obs__count=np.asarray(5.0)))
            )

    arena.run.subscribe(tamper)
    with pytest.raises(StoreError, match="SHA-256"):
        compete(judged("x"), arena)
