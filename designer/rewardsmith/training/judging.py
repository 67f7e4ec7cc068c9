"""Asks workers about programs: the probe before training, the scores of trajectories after it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from rewardsmith.config import RunConfig
from rewardsmith.environments.cards import load_card
from rewardsmith.evaluation.jobs import openings_of
from rewardsmith.isolation.frames import ARRAYS, RESULT, Frame, FrameError
from rewardsmith.isolation.job import Job
from rewardsmith.isolation.limits import Limits
from rewardsmith.isolation.strict_json import parse_json
from rewardsmith.isolation.tensors import dump_tensors, parse_arrays
from rewardsmith.isolation.trajectories import to_arrays
from rewardsmith.messages import COMPONENT_NAME, MAX_COMPONENTS, Outcome, Task, Trajectory
from rewardsmith.rewards.contract import RewardProgram
from rewardsmith.rewards.probe import ProbeReport, died, report
from rewardsmith.training.engine import Chain
from rewardsmith.training.requests import (
    ProbeRequest,
    Request,
    ScoreRequest,
    decode_measurements,
    encode,
)
from rewardsmith.training.trial import WORKER

Array = np.ndarray[Any, Any]


def probe(
    program: RewardProgram, trajectories: Sequence[Trajectory], *, task: Task, config: RunConfig
) -> Chain[ProbeReport]:
    """Probe a program on recorded transitions; a probe that died is a finding too."""
    request = ProbeRequest(task=task, program=program.text, sandbox=config.require_sandbox)
    end = yield _job(request, trajectories, config)
    if end.outcome is not None:
        return died(end.outcome, end.text)
    try:
        measurements = decode_measurements(parse_json(_only(end.frames, RESULT)))
    except (FrameError, ValidationError) as error:
        return died(Outcome.CRASHED, f"It answered nonsense: {error}")
    return report(measurements, program)


def score(
    program: str, trajectories: Sequence[Trajectory], *, task: Task, gamma: float, config: RunConfig
) -> Chain[tuple[Trajectory, ...] | None]:
    """The trajectories with components and rewards filled in; None when the program failed."""
    request = ScoreRequest(task=task, program=program, gamma=gamma, sandbox=config.require_sandbox)
    end = yield _job(request, trajectories, config)
    if end.outcome is not None:
        return None
    arrays = parse_arrays(_only(end.frames, ARRAYS))
    return tuple(_scored(t, arrays, f"{i}/") for i, t in enumerate(trajectories))


def _job(request: Request, trajectories: Sequence[Trajectory], config: RunConfig) -> Job:
    bare = [replace(t, components={}, rewards=None) for t in trajectories]
    return Job(
        module=WORKER,
        request=encode(request),
        tensors=dump_tensors(to_arrays(bare)),
        limits=Limits(
            cpu_s=max(1, round(config.limits.probe_cpu_s)),
            memory_bytes=config.limits.memory_mb * 1024 * 1024,
        ),
        openings=openings_of(load_card(request.task.env)),
        stall_s=config.limits.stall_s,
    )


def _only(frames: Sequence[Frame], kind: bytes) -> bytes:
    payloads = [frame.payload for frame in frames if frame.kind == kind]
    if len(payloads) != 1:
        raise FrameError(f"{len(payloads)} frames of kind {kind!r} instead of one")
    return payloads[0]


def _scored(trajectory: Trajectory, arrays: Mapping[str, Array], prefix: str) -> Trajectory:
    mine = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
    rewards = mine.pop("rewards", None)
    components = {name.removeprefix("component."): values for name, values in mine.items()}
    if rewards is None or rewards.shape != (trajectory.length,):
        raise FrameError("scores without one reward per step")
    if len(components) > MAX_COMPONENTS or not all(map(COMPONENT_NAME.fullmatch, components)):
        raise FrameError("scores with unknown components")
    try:
        return replace(trajectory, components=components, rewards=rewards)
    except ValueError as error:
        raise FrameError(str(error)) from error
