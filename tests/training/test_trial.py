"""What a worker claims of its training, and what of it the driver takes."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from rewardsmith.errors import StoreError
from rewardsmith.isolation.frames import METRIC, TENSORS, Frame, FrameError
from rewardsmith.isolation.job import Job, JobEnd
from rewardsmith.isolation.strict_json import dump_json
from rewardsmith.isolation.tensors import dump_tensors, parse_arrays
from rewardsmith.messages import CandidateId, Judged, Outcome
from rewardsmith.store.layout import checkpoint_path, experience_path
from rewardsmith.testing import InProcessEngine
from rewardsmith.training.arena import Arena
from rewardsmith.training.checkpoint import checkpoint_tensors, experience_tensors
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


def train(arena: Arena, program: str, *, goes_on: bool = False) -> Any:
    segment = Segment(start_step=0, end_step=64, checkpoint_steps=(64,), goes_on=goes_on)
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


SAC = {
    "training.preset.algorithm": "sac",
    "training.preset.hidden": 8,
    "training.preset.buffer_size": 1000,
}


def jobs(arena: Arena) -> list[Job]:
    assert isinstance(arena.engine, InProcessEngine)
    return arena.engine.jobs


def transitions(arena: Arena, **changed: Any) -> dict[str, Any]:
    found = {
        name: np.zeros(spec.shape, bool if spec.dtype == "BOOL" else np.float32)
        for name, spec in experience_tensors(arena.spec, arena.preset, 64).items()
    }
    return found | {f"replay.{name}": value for name, value in changed.items()}


def test_transitions_as_expected_are_kept_beside_the_checkpoint_and_not_evaluated(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena, text = make_arena({"x": [1.0]}, **SAC), judged("x")[0].candidate.text
    end = train(arena, text, goes_on=True)
    assert end.outcome is None
    sha = end.training.experience
    kept = arena.run.load_artifact(experience_path(CANDIDATE, 1, 64), sha)
    assert kept == dump_tensors(transitions(arena))
    evaluation = parse_arrays(jobs(arena)[-1].tensors)
    assert {name.split(".")[0] for name in evaluation} == {"0/actor", "0/obs"}


@pytest.mark.parametrize(
    "changed",
    [
        {"obs": np.full((64, 2), np.nan, np.float32)},
        {"rewards": np.full(64, 1e13, np.float32)},
        {"rewards": np.zeros(64)},
        {"rewards": np.zeros(65, np.float32)},
        {"next_obs": np.zeros((64, 3), np.float32)},
        {"terminated": np.zeros(64, np.uint8)},
        {"infos": np.zeros(64, np.float32)},
    ],
)
def test_transitions_that_are_not_as_expected_close_their_candidate_and_are_not_kept(
    make_arena: MakeArena, judged: MakeJudged, changed: dict[str, Any]
) -> None:
    def frames(job: Job) -> Iterator[Frame]:
        yield Frame(TENSORS, dump_tensors(tensors(arena)))
        yield Frame(TENSORS, dump_tensors(transitions(arena, **changed)))

    arena = make_arena({}, engine=Worker(frames), **SAC)
    end = train(arena, judged("x")[0].candidate.text, goes_on=True)
    assert end.outcome == Outcome.CRASHED
    assert "refused" in end.text
    for path in (checkpoint_path(CANDIDATE, 1, 64), experience_path(CANDIDATE, 1, 64)):
        assert not (arena.run.folder / path).exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"log_ent_coef": np.full(1, np.inf, np.float32)},
        {"target1__0__weight": np.zeros((8, 2), np.float32)},
        {"adam__step": np.asarray(1.0)},
        {"replay__rewards": np.zeros(64, np.float32)},
    ],
)
def test_a_checkpoint_of_sac_that_is_not_as_expected_is_refused(
    make_arena: MakeArena, judged: MakeJudged, changed: dict[str, Any]
) -> None:
    def frames(job: Job) -> Iterator[Frame]:
        yield Frame(TENSORS, dump_tensors(tensors(arena, **changed)))

    arena = make_arena({}, engine=Worker(frames), **SAC)
    assert train(arena, judged("x")[0].candidate.text).outcome == Outcome.CRASHED


@pytest.mark.parametrize(("goes_on", "n"), [(False, 1), (True, 0), (True, 2)])
def test_transitions_come_exactly_when_a_next_segment_needs_them(
    make_arena: MakeArena, judged: MakeJudged, goes_on: bool, n: int
) -> None:
    def frames(job: Job) -> Iterator[Frame]:
        yield Frame(TENSORS, dump_tensors(tensors(arena)))
        yield from [Frame(TENSORS, dump_tensors(transitions(arena)))] * n

    arena = make_arena({}, engine=Worker(frames), **SAC)
    end = train(arena, judged("x")[0].candidate.text, goes_on=goes_on)
    assert end.outcome == Outcome.CRASHED


def test_a_worker_has_room_for_its_transitions_and_for_nothing_else(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena, text = make_arena({"x": [1.0]}, **SAC), judged("x")[0].candidate.text
    train(arena, text, goes_on=True)
    job = jobs(arena)[0]
    sizes = [len(dump_tensors(found(arena))) for found in (tensors, transitions)]
    assert job.caps.counts[TENSORS] == 2
    assert max(sizes) < job.caps.sizes[TENSORS] < max(sizes) + 70_000


def test_a_resumed_training_goes_on_from_the_transitions_that_its_event_names(
    make_arena: MakeArena, judged: MakeJudged
) -> None:
    arena = make_arena({"x": [1.0]}, **{**SAC, "search.rungs": [0.5]})

    def tamper(event: object) -> None:
        if getattr(event, "event", "") == "rung_decided":
            path = experience_path(CANDIDATE, arena.seed(CANDIDATE), 256)
            (arena.run.folder / path).write_bytes(b"other")

    arena.run.subscribe(tamper)
    with pytest.raises(StoreError, match="SHA-256"):
        compete(judged("x"), arena)


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
