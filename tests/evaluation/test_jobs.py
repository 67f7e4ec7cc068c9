"""What the evaluator is asked, and which answers are taken."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.evaluation import evaluator
from rewardsmith.evaluation.jobs import Judgement, evaluation_job, openings_of, read_judgement
from rewardsmith.evaluation.policy import PolicySpec, policy_tensors
from rewardsmith.evaluation.requests import PolicyRequest, decode_request
from rewardsmith.isolation.frames import ARRAYS, METRIC, RESULT, Frame, FrameError
from rewardsmith.isolation.job import Job, JobEnd
from rewardsmith.isolation.limits import Limits
from rewardsmith.isolation.strict_json import dump_json
from rewardsmith.isolation.tensors import dump_tensors, parse_arrays
from rewardsmith.isolation.trajectories import to_arrays
from rewardsmith.messages import Trajectory
from rewardsmith.testing import InProcessEngine, write_line_card
from rewardsmith.training.engine import Chain

POLICIES = (
    PolicyRequest(kind="constant", seeds=(5, 6, 7), record=2),
    PolicyRequest(kind="uniform", seeds=(5, 6, 7), record=0),
    PolicyRequest(kind="constant", value=1.0, seeds=(11,), record=3),
)


def job_of(folder: Path, policies: tuple[PolicyRequest, ...] = POLICIES, **more: Any) -> Job:
    card = load_card(write_line_card(folder))
    settings: dict[str, Any] = {"audit": {"reach": "max(position)"}, "spec": None, "tensors": []}
    return evaluation_job(
        task_of(card),
        policies,
        limits=Limits(),
        openings=openings_of(card),
        stall_s=60.0,
        sandbox="any",
        **{**settings, **more},
    )


def run(job: Job) -> JobEnd:
    def chain() -> Chain[JobEnd]:
        return (yield job)

    return InProcessEngine().run([chain()])[0]


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> tuple[Frame, ...]:
    """An honest answer to `POLICIES`."""
    end = run(job_of(tmp_path_factory.mktemp("line")))
    assert end.outcome is None, end.text
    return end.frames


def test_an_honest_answer_is_read(frames: tuple[Frame, ...]) -> None:
    judgement: Judgement = read_judgement(frames, POLICIES)
    assert [len(episodes) for episodes in judgement.reply.episodes] == [3, 3, 1]
    assert [t.seed for t in judgement.recorded] == [5, 6, 11]
    still, right = judgement.reply.episodes[0][0], judgement.reply.episodes[2][0]
    assert (still.fitness, still.length, still.terminated) == (-1.0, 12, False)
    assert right.audit["reach"] == pytest.approx(3.0)


def result_of(frames: tuple[Frame, ...]) -> Any:
    return json.loads(next(f.payload for f in frames if f.kind == RESULT))


def with_result(frames: tuple[Frame, ...], change: Any) -> tuple[Frame, ...]:
    content = result_of(frames)
    change(content)
    rest = [f for f in frames if f.kind != RESULT]
    return (*rest, Frame(RESULT, dump_json(content)))


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["episodes"].pop(),
        lambda c: c["episodes"][0].pop(),
        lambda c: c["episodes"][0].reverse(),
        lambda c: c["episodes"][1][2].update(seed=8),
        lambda c: c["episodes"][0][0].update(length=3),
        lambda c: c["episodes"][0][0].update(terminated=True),
        lambda c: c["episodes"][0][0].update(fitness="good"),
        lambda c: c["episodes"][0][0].update(rank=1),
        lambda c: c.update(obs_dim=0),
        lambda c: c.update(sandbox="Sandboxed perfectly."),
        lambda c: c.pop("obs_dim"),
    ],
)
def test_an_answer_to_another_question_is_refused(frames: tuple[Frame, ...], change: Any) -> None:
    with pytest.raises(FrameError):
        read_judgement(with_result(frames, change), POLICIES)


def test_an_answer_has_exactly_one_result(frames: tuple[Frame, ...]) -> None:
    for odd in ((), frames[:-1], (*frames, frames[-1]), (Frame(RESULT, b"{"),)):
        with pytest.raises(FrameError):
            read_judgement(odd, POLICIES)


def recording(*seeds: int, n_steps: int = 12) -> Frame:
    episodes = [
        Trajectory(
            seed=seed,
            fields={"position": np.zeros(n_steps + 1)},
            actions=np.zeros((n_steps, 1)),
            terminated=False,
        )
        for seed in seeds
    ]
    return Frame(ARRAYS, dump_tensors(to_arrays(episodes)))


@pytest.mark.parametrize(
    "recordings",
    [
        (),
        (recording(5, 6),),
        (recording(5, 6), recording(12)),
        (recording(11), recording(5, 6)),
        (recording(5, 6), recording(11, n_steps=11)),
        (recording(5, 6), recording(11), recording(11)),
        (Frame(ARRAYS, b"nonsense"),),
        (Frame(ARRAYS, dump_tensors({"seeds": np.zeros(2, np.int64)})),),
        (Frame(ARRAYS, dump_tensors({"0/seed": np.zeros((2, 2))})),),
    ],
)
def test_other_recordings_than_those_asked_for_are_refused(
    frames: tuple[Frame, ...], recordings: tuple[Frame, ...]
) -> None:
    result = next(f for f in frames if f.kind == RESULT)
    with pytest.raises(FrameError):
        read_judgement((*recordings, result), POLICIES)


def test_recordings_laid_out_as_asked_are_taken(frames: tuple[Frame, ...]) -> None:
    result = next(f for f in frames if f.kind == RESULT)
    judgement = read_judgement((recording(5, 6), recording(11), result), POLICIES)
    assert len(judgement.recorded) == 3


def test_only_what_acting_needs_is_sent(tmp_path: Path, rng: np.random.Generator) -> None:
    spec = PolicySpec(
        obs_dim=2, action=load_card(write_line_card(tmp_path)).state.action, hidden=(3,)
    )
    tensors = {name: np.ones(t.shape, np.float32) for name, t in policy_tensors(spec).items()}
    secret = {**tensors, "critic.0.weight": np.ones(1), "adam.step": np.ones(1)}
    policies = (PolicyRequest(kind="mlp", seeds=(1,)), PolicyRequest(kind="mlp", seeds=(1,)))
    job = job_of(tmp_path, policies, spec=spec, tensors=[secret, secret])
    sent = parse_arrays(job.tensors)
    assert sent.keys() == {f"{i}/{name}" for i in (0, 1) for name in tensors}
    assert decode_request(job.request).policies == policies


def test_each_network_acts_with_its_own_tensors(tmp_path: Path) -> None:
    spec = PolicySpec(
        obs_dim=2, action=load_card(write_line_card(tmp_path)).state.action, hidden=(2,)
    )

    def going(bias: float) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, tensor in policy_tensors(spec).items():
            kind = np.float32 if tensor.dtype == "F32" else np.float64
            found[name] = np.ones(tensor.shape, kind) * (name == "obs.var")
        found["actor.1.bias"] = np.array([bias], np.float32)
        return found

    policies = (
        PolicyRequest(kind="mlp", seeds=(1, 2), record=1),
        PolicyRequest(kind="constant", value=0.5, seeds=(1,), record=1),
        PolicyRequest(kind="mlp", seeds=(1, 2), record=1),
    )
    job = job_of(tmp_path, policies, spec=spec, tensors=[going(0.5), going(-1.0)])
    end = run(job)
    assert end.outcome is None, end.text
    first, middle, last = read_judgement(end.frames, policies).recorded
    assert [float(t.actions[0, 0]) for t in (first, middle, last)] == [0.5, 0.5, -1.0]


def test_a_long_evaluation_shows_that_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluator, "SIGN_OF_LIFE_S", 0.0)
    end = run(job_of(tmp_path))
    assert sum(frame.kind == METRIC for frame in end.frames) >= 12
    assert read_judgement(end.frames, POLICIES).recorded


def test_seeds_of_a_policy_are_consecutive() -> None:
    with pytest.raises(ValueError, match="consecutive"):
        replace(POLICIES[0], seeds=(1, 3))
