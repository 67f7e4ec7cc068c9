"""Asks workers about programs: the probe before training, the scores of trajectories after it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rewardsmith.config import RunConfig
from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.evaluation.jobs import openings_of
from rewardsmith.isolation.frames import ARRAYS, RESULT, Frame, FrameError
from rewardsmith.isolation.job import Job
from rewardsmith.isolation.limits import Limits
from rewardsmith.isolation.strict_json import parse_json
from rewardsmith.isolation.tensors import dump_tensors, parse_arrays
from rewardsmith.isolation.trajectories import to_arrays
from rewardsmith.messages import Outcome, Task, Trajectory
from rewardsmith.rewards.contract import Reading, RewardProgram, read_program
from rewardsmith.rewards.exploits import Lineup
from rewardsmith.rewards.goal_relabelling import read_relabelled
from rewardsmith.rewards.probe import ProbeReport, died, report
from rewardsmith.training.engine import Chain, insist
from rewardsmith.training.preset import Preset, is_relabelled
from rewardsmith.training.requests import (
    ProbeRequest,
    Request,
    ScoreRequest,
    decode_measurements,
    encode,
)
from rewardsmith.training.trial import WORKER

Array = np.ndarray[Any, Any]

MAX_SCORE = 1e12
"""Largest magnitude of a component or reward of a scored step."""


def read_trainable(text: str, card: EnvCard, preset: Preset) -> Reading:
    """Read a program, and refuse what could not be trained with this preset.

    Args:
        text: The program's.
        card: Of its environment.
        preset: Where it relabels goals, a program may read only what follows from them.
    """
    if is_relabelled(preset):
        return read_relabelled(text, card.state, card.goal_dim)
    return read_program(text, card.state)


def probe(
    program: RewardProgram, lineup: Lineup, *, task: Task, gamma: float, config: RunConfig
) -> Chain[ProbeReport]:
    """Probe a program on recorded rollouts; a probe that died is a finding too.

    The worker is sent their steps, and neither their fitness nor what they are called.
    """
    text = program.text
    request = ProbeRequest(task=task, program=text, gamma=gamma, sandbox=config.require_sandbox)
    end = yield from insist(_job(request, lineup.trajectories, config), config.limits.attempts)
    if end.outcome is not None:
        return died(end.outcome, end.text)
    try:
        measurements = decode_measurements(parse_json(_only(end.frames, RESULT)))
        if len(measurements.returns) != len(lineup.trajectories):
            raise FrameError("other returns than one a trajectory")
    except FrameError as error:
        return died(Outcome.CRASHED, f"It answered nonsense: {error}")
    return report(measurements, program, lineup, load_card(task.env).state)


def score(
    program: RewardProgram,
    trajectories: Sequence[Trajectory],
    *,
    task: Task,
    gamma: float,
    config: RunConfig,
) -> Chain[tuple[Trajectory, ...] | None]:
    """The trajectories with components and rewards filled in; None when the program failed."""
    text = program.text
    request = ScoreRequest(task=task, program=text, gamma=gamma, sandbox=config.require_sandbox)
    end = yield from insist(_job(request, trajectories, config), config.limits.attempts)
    if end.outcome is not None:
        return None
    try:
        return read_scores(_only(end.frames, ARRAYS), program.components, trajectories)
    except FrameError:
        return None


def read_scores(
    blob: bytes, components: Sequence[str], trajectories: Sequence[Trajectory]
) -> tuple[Trajectory, ...]:
    """The trajectories with the scores that a worker sent for all of them, laid end to end.

    Raises:
        FrameError: They are not one finite number a step for every component and the reward.
    """
    lengths = [t.length for t in trajectories]
    arrays = parse_arrays(blob, max_rows=sum(lengths), is_finite=True)
    if arrays.keys() != {"rewards", *(f"component.{name}" for name in components)}:
        raise FrameError("scores of other components than the program's")
    for values in arrays.values():
        if values.dtype != np.float64 or values.shape != (sum(lengths),):
            raise FrameError("scores without one number per step")
        if np.abs(values).max(initial=0.0) > MAX_SCORE:
            raise FrameError(f"scores beyond {MAX_SCORE:g}")
    ends = np.cumsum(lengths)[:-1]
    split = {name: np.split(values, ends) for name, values in arrays.items()}
    return tuple(
        replace(
            trajectory,
            components={name: split[f"component.{name}"][i] for name in components},
            rewards=split["rewards"][i],
        )
        for i, trajectory in enumerate(trajectories)
    )


def _job(request: Request, trajectories: Sequence[Trajectory], config: RunConfig) -> Job:
    bare = [replace(t, components={}, rewards=None) for t in trajectories]
    return Job(
        module=WORKER,
        request=encode(request),
        tensors=dump_tensors(to_arrays(bare)),
        limits=Limits(
            cpu_s=max(1, round(config.limits.probe_cpu_s)),
            memory_bytes=config.limits.memory_mb * 1024 * 1024,
            open_files=config.limits.open_files,
            idle_s=config.limits.idle_s,
        ),
        openings=openings_of(load_card(request.task.env)),
        stall_s=config.limits.stall_s,
    )


def _only(frames: Sequence[Frame], kind: bytes) -> bytes:
    payloads = [frame.payload for frame in frames if frame.kind == kind]
    if len(payloads) != 1:
        raise FrameError(f"{len(payloads)} frames of kind {kind!r} instead of one")
    return payloads[0]
