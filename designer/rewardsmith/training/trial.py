"""One segment of one contender: trained in a locked worker, then judged by the evaluator.

The journal is asked before anything is paid for. A crash, a time-out or an exceeded limit closes
the contender and is never tried again; only what was lost through no fault of its own is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rewardsmith.config import LimitsConfig
from rewardsmith.errors import StoreError
from rewardsmith.evaluation.jobs import evaluation_job, openings_of, read_judgement
from rewardsmith.evaluation.requests import PolicyRequest
from rewardsmith.isolation.frames import ARRAYS, TENSORS, Caps, FrameError
from rewardsmith.isolation.job import Job, JobEnd
from rewardsmith.isolation.limits import Limits
from rewardsmith.isolation.strict_json import parse_json
from rewardsmith.isolation.tensors import TensorSpec, dump_tensors, parse_tensors
from rewardsmith.messages import (
    Evaluation,
    MetricPoint,
    Outcome,
    SeedSet,
    Task,
    Training,
    Trajectory,
)
from rewardsmith.rewards.contract import read_program
from rewardsmith.store.codec import load
from rewardsmith.store.events import written_key
from rewardsmith.store.layout import checkpoint_path, experience_path, recorded_name
from rewardsmith.training.arena import Arena
from rewardsmith.training.checkpoint import blob_bytes, checkpoint_tensors, experience_tensors
from rewardsmith.training.contender import Contender
from rewardsmith.training.engine import Chain, insist
from rewardsmith.training.preset import preset_mapping
from rewardsmith.training.requests import METRIC_NAMES, TrainRequest, encode
from rewardsmith.training.segments import Segment, segment_seed

Array = np.ndarray[Any, Any]

WORKER = "rewardsmith.training.worker"
SLOWEST_STEPS_PER_S = 400
"""Training steps per CPU-second of the slowest environment the CPU limit has to allow."""
SLOWEST_GRADIENT_STEP_S = 0.02
"""CPU-seconds of a gradient step that it has to allow: SAC's on 256 x 256 units took 0.02 on a busy
core. Next to nothing for PPO, which takes one in a hundred timesteps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEnd:
    """What one segment came to."""

    training: Training
    evaluations: tuple[Evaluation, ...] = ()
    """One per checkpoint, in order; empty when the training did not reach its end."""
    outcome: Outcome | None = None
    """None while the contender may go on."""
    text: str = ""


def run_segment(
    arena: Arena,
    contender: Contender,
    segment: Segment,
    *,
    seed: int,
    seed_set: SeedSet,
    salt: int = 0,
) -> Chain[SegmentEnd]:
    """Train one segment and judge its checkpoints; what the journal holds is not done again.

    Args:
        arena: The conditions.
        contender: Who is trained.
        segment: Which link of the training.
        seed: Of the whole training.
        seed_set: Episodes to judge on.
        salt: Another one gives other episodes of the set.
    """
    training = yield from _train(arena, contender, segment, seed)
    if training.outcome is not None:
        return SegmentEnd(training=training, outcome=training.outcome, text=training.text)
    seeds = arena.episodes(seed_set, salt=salt)
    return (yield from _judge(arena, contender, training, seed, seed_set, seeds))


# ------------------------------------------------------------------- training


def _train(arena: Arena, contender: Contender, segment: Segment, seed: int) -> Chain[Training]:
    key = contender.key(seed=seed, start_step=segment.start_step)
    recalled = arena.run.recall("segment_ended", **key)
    if recalled is not None:
        return load(Training, recalled["training"])
    for attempt in range(arena.config.limits.attempts):
        arena.run.record("segment_started", key=key, end_step=segment.end_step, attempt=attempt)
        end = yield _train_job(arena, contender, segment, seed)
        if not end.is_lost:
            break
    training = _settle(arena, contender, segment, seed, end)
    arena.run.record("segment_ended", key=key, training=training, attempt=attempt)
    return training


def _train_job(arena: Arena, contender: Contender, segment: Segment, seed: int) -> Job:
    request = TrainRequest(
        task=arena.task,
        reward=contender.reward,
        program=contender.program,
        preset=preset_mapping(arena.preset),
        seed=segment_seed(seed, segment.start_step),
        start_step=segment.start_step,
        end_step=segment.end_step,
        checkpoint_steps=segment.checkpoint_steps,
        goes_on=segment.goes_on,
        device=arena.device,
        backend=arena.backend,
        sandbox=arena.config.require_sandbox,
    )
    return Job(
        module=WORKER,
        request=encode(request),
        tensors=_start_of(arena, contender, segment, seed),
        limits=_training_limits(arena, segment),
        caps=_training_caps(arena, segment),
        openings=openings_of(arena.card),
        stall_s=arena.config.limits.stall_s,
        on_metric=_MetricSink(arena, contender, segment, seed),
    )


def _start_of(arena: Arena, contender: Contender, segment: Segment, seed: int) -> bytes:
    """What the segment before ended with, as its event names it; empty at 0."""
    start = segment.start_step
    if not start:
        return b""
    mine = written_key(contender.key(seed=seed)).items()
    for event in reversed(arena.run.events("segment_ended")):
        if mine <= event.key.items():
            training = load(Training, event.data["training"])
            for step, sha in training.checkpoints:
                if step == start:
                    checkpoint = load_checkpoint(arena, contender, seed, step, sha)
                    return dump_tensors(
                        {**checkpoint, **_load_experience(arena, contender, training)}
                    )
    raise StoreError(f"The run holds no checkpoint of {contender.name} at step {start}.")


def _load_experience(arena: Arena, contender: Contender, training: Training) -> Mapping[str, Array]:
    if training.experience is None:
        return {}
    path = experience_path(contender.folder, training.seed, training.end_step)
    blob = arena.run.load_artifact(path, training.experience)
    return parse_tensors(blob, experience_tensors(arena.spec, arena.preset, training.end_step))


class _MetricSink:
    """Checks every point that a worker claims, and appends it to the contender's curves."""

    def __init__(self, arena: Arena, contender: Contender, segment: Segment, seed: int) -> None:
        self._arena, self._contender, self._seed = arena, contender, seed
        self._last_step, self._end_step = segment.start_step, segment.end_step
        self._components = _components_of(contender, arena)

    def __call__(self, payload: bytes) -> None:
        point = read_metric(parse_json(payload), self._components)
        if not self._last_step < point.step <= self._end_step:
            raise FrameError(f"a metric at step {point.step}, after {self._last_step}")
        self._last_step = point.step
        self._arena.run.append_metrics(self._contender.folder, self._seed, [point])


def _components_of(contender: Contender, arena: Arena) -> tuple[str, ...]:
    if contender.program is None:
        return ()
    program = read_program(contender.program, arena.card.state).program
    return program.components if program else ()


def read_metric(content: object, components: Sequence[str] = ()) -> MetricPoint:
    """A point of the curves, from what a worker sent.

    Args:
        content: As parsed.
        components: Of the program that pays.

    Raises:
        FrameError: It is not one: wrong keys, names or values.
    """
    if not isinstance(content, dict) or content.keys() != {"step", "values"}:
        raise FrameError("a metric without exactly `step` and `values`")
    step, values = content["step"], content["values"]
    if type(step) is not int or not isinstance(values, dict) or len(values) > 64:
        raise FrameError("a metric whose step or values have the wrong type")
    for name, value in values.items():
        section, _, rest = name.partition("/")
        known = rest in components if section == "reward" else name in METRIC_NAMES
        if not known:
            raise FrameError("a metric with an unknown name")
        if type(value) not in (int, float):
            raise FrameError("a metric that is no number")
    return MetricPoint(step=step, values={k: float(v) for k, v in values.items()})


class _Saved(NamedTuple):
    """What of a worker's answer was kept, as in `Training`."""

    checkpoints: tuple[tuple[int, str], ...] = ()
    experience: str | None = None


def _settle(
    arena: Arena, contender: Contender, segment: Segment, seed: int, end: JobEnd
) -> Training:
    """Save what a worker handed in, if it is exactly what was asked for."""
    outcome, text = end.outcome, end.text
    saved = _Saved()
    if outcome is None:
        try:
            saved = _save(arena, contender, segment, seed, end)
        except FrameError as error:
            outcome, text = Outcome.CRASHED, f"Its checkpoints were refused: {error}"
    return Training(
        contender=contender.name,
        seed=seed,
        start_step=segment.start_step,
        end_step=segment.end_step,
        outcome=outcome,
        text=text,
        cpu_s=end.cpu_s,
        checkpoints=saved.checkpoints,
        experience=saved.experience,
    )


def _save(arena: Arena, contender: Contender, segment: Segment, seed: int, end: JobEnd) -> _Saved:
    blobs = [frame.payload for frame in end.frames if frame.kind == TENSORS]
    expected = _expected(arena, segment)
    if len(blobs) != len(expected):
        raise FrameError(f"{len(blobs)} checkpoints instead of {len(expected)}")
    for blob, tensors in zip(blobs, expected, strict=True):
        parse_tensors(blob, tensors)
    steps, save = segment.checkpoint_steps, arena.run.save_artifact
    checkpoints = tuple(
        (step, save(checkpoint_path(contender.folder, seed, step), blob))
        for step, blob in zip(steps, blobs, strict=False)
    )
    if len(blobs) == len(steps):
        return _Saved(checkpoints)
    path = experience_path(contender.folder, seed, segment.end_step)
    return _Saved(checkpoints, save(path, blobs[-1]))


def _expected(arena: Arena, segment: Segment) -> list[Mapping[str, TensorSpec]]:
    """What a segment hands in: its checkpoints, then what a next one needs beside the last."""
    checkpoints = [checkpoint_tensors(arena.spec) for _ in segment.checkpoint_steps]
    if not segment.goes_on:
        return [*checkpoints]
    experience = experience_tensors(arena.spec, arena.preset, segment.end_step)
    return [*checkpoints, *([experience] if experience else [])]


def _training_limits(arena: Arena, segment: Segment) -> Limits:
    limits = arena.config.limits
    n_steps = segment.end_step - segment.start_step
    per_step = 1.0 / SLOWEST_STEPS_PER_S + SLOWEST_GRADIENT_STEP_S * arena.preset.gradient_share
    cpu_s = limits.cpu_s or 60.0 + limits.cpu_factor * n_steps * per_step
    return _limits(limits, cpu_s, is_cuda=arena.device == "cuda")


def _limits(limits: LimitsConfig, cpu_s: float, *, is_cuda: bool = False) -> Limits:
    memory = None if is_cuda else limits.memory_mb * 1024 * 1024
    return Limits(
        cpu_s=max(1, round(cpu_s)),
        memory_bytes=memory,
        open_files=limits.open_files,
        idle_s=limits.idle_s,
    )


def _training_caps(arena: Arena, segment: Segment) -> Caps:
    """Room for what this segment has to send, and for nothing else."""
    usual, expected = Caps(), [blob_bytes(tensors) for tensors in _expected(arena, segment)]
    sizes = {**usual.sizes, TENSORS: max(expected)}
    del sizes[ARRAYS]
    beside = 16 * 1024 * 1024  # curves, text, the result
    return Caps(
        sizes=sizes,
        counts={**usual.counts, TENSORS: len(expected)},
        total_bytes=sum(expected) + beside,
    )


# ----------------------------------------------------------------- evaluation


def _judge(
    arena: Arena,
    contender: Contender,
    training: Training,
    seed: int,
    seed_set: SeedSet,
    seeds: tuple[int, ...],
) -> Chain[SegmentEnd]:
    recalled = _recall_evaluations(arena, contender, training, seed, seed_set)
    if recalled is not None:
        return _segment_end(training, recalled)
    n_recorded = arena.n_recorded if contender.purpose is None else 0
    policies = [
        PolicyRequest(kind="mlp", seeds=seeds, record=n_recorded) for _ in training.checkpoints
    ]
    job = _evaluation_job(arena, contender, training, seed, policies)
    end = yield from insist(job, arena.config.limits.attempts)
    if end.outcome is not None:
        text = f"Its evaluation did not end well. {end.text}"
        return SegmentEnd(training=training, outcome=end.outcome, text=text)
    try:
        judgement = read_judgement(end.frames, policies)
    except FrameError as error:
        text = f"Its evaluation was refused: {error}"
        return SegmentEnd(training=training, outcome=Outcome.CRASHED, text=text)
    evaluations = tuple(
        Evaluation(step=step, seed_set=seed_set, episodes=episodes, cpu_s=end.cpu_s / len(policies))
        for (step, _), episodes in zip(training.checkpoints, judgement.reply.episodes, strict=True)
    )
    if not all(evaluation.is_finite for evaluation in evaluations):
        text = "Its fitness is not a finite number."
        return SegmentEnd(training=training, outcome=Outcome.INVALID, text=text)
    _record_evaluations(arena, contender, seed, evaluations, judgement.recorded)
    return _segment_end(training, evaluations)


def _evaluation_job(
    arena: Arena,
    contender: Contender,
    training: Training,
    seed: int,
    policies: Sequence[PolicyRequest],
) -> Job:
    task_card = arena.task_card
    return evaluation_job(
        arena.task,
        policies,
        audit=task_card.audit if task_card else {},
        spec=arena.spec,
        tensors=[
            load_checkpoint(arena, contender, seed, step, sha) for step, sha in training.checkpoints
        ],
        limits=evaluation_limits(arena.config.limits, arena.task, policies),
        openings=openings_of(arena.card),
        stall_s=arena.config.limits.stall_s,
        sandbox=arena.config.require_sandbox,
    )


def load_checkpoint(
    arena: Arena, contender: Contender, seed: int, step: int, sha: str
) -> Mapping[str, Array]:
    """Read a checkpoint back from the run, checked against its hash and the preset."""
    blob = arena.run.load_artifact(checkpoint_path(contender.folder, seed, step), sha)
    return parse_tensors(blob, checkpoint_tensors(arena.spec))


def evaluation_limits(
    limits: LimitsConfig, task: Task, policies: Sequence[PolicyRequest]
) -> Limits:
    """What a process that judges `policies` may use."""
    n_steps = task.horizon * sum(len(policy.seeds) for policy in policies)
    return _limits(limits, 60.0 + limits.cpu_factor * n_steps / SLOWEST_STEPS_PER_S)


def _recall_evaluations(
    arena: Arena, contender: Contender, training: Training, seed: int, seed_set: SeedSet
) -> tuple[Evaluation, ...] | None:
    found = [
        arena.run.recall(
            "candidate_evaluated", **contender.key(seed=seed, step=step, seed_set=seed_set)
        )
        for step, _ in training.checkpoints
    ]
    if any(data is None for data in found):
        return None
    return tuple(load(Evaluation, data["evaluation"]) for data in found if data is not None)


def _record_evaluations(
    arena: Arena,
    contender: Contender,
    seed: int,
    evaluations: tuple[Evaluation, ...],
    recorded: tuple[Trajectory, ...],
) -> None:
    sha = None
    if recorded:
        name = recorded_name(seed, evaluations[-1].step)
        sha = arena.run.save_trajectories(contender.folder, recorded, name=name)
    for evaluation in evaluations:
        key = contender.key(seed=seed, step=evaluation.step, seed_set=evaluation.seed_set)
        if arena.run.recall("candidate_evaluated", **key) is None:
            is_last = evaluation is evaluations[-1]
            arena.run.record(
                "candidate_evaluated",
                key=key,
                evaluation=evaluation,
                recorded=sha if is_last else None,
            )


def _segment_end(training: Training, evaluations: tuple[Evaluation, ...]) -> SegmentEnd:
    return SegmentEnd(training=training, evaluations=evaluations)
