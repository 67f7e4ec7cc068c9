"""Asks the evaluator process, and checks what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rewardsmith.environments.cards import EnvCard, card_names
from rewardsmith.evaluation.policy import PolicySpec, policy_tensors
from rewardsmith.evaluation.requests import (
    EvaluationReply,
    EvaluationRequest,
    PolicyRequest,
    decode_reply,
    encode_request,
)
from rewardsmith.isolation.frames import ARRAYS, RESULT, Frame, FrameError
from rewardsmith.isolation.job import Job
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.isolation.strict_json import parse_json
from rewardsmith.isolation.tensors import dump_tensors, parse_arrays
from rewardsmith.isolation.trajectories import from_arrays
from rewardsmith.messages import Task, Trajectory

Array = np.ndarray[Any, Any]

MODULE = "rewardsmith.evaluation.evaluator"
MAX_RECORDED_STEPS = 10_000_000
"""Timesteps of one policy's recorded episodes together; their bytes are capped besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an evaluator measured, and the episodes it recorded."""

    reply: EvaluationReply
    recorded: tuple[Trajectory, ...]
    """Of all policies, in their order."""


def evaluation_job(
    task: Task,
    policies: Sequence[PolicyRequest],
    *,
    audit: Mapping[str, str],
    spec: PolicySpec | None,
    tensors: Sequence[Mapping[str, Array]],
    limits: Limits,
    openings: Openings,
    stall_s: float,
    sandbox: str,
) -> Job:
    """A job that judges `policies`.

    Args:
        task: Its fitness is what counts.
        policies: Who acts; the MLPs among them take `tensors` in order.
        audit: Metrics to compute beside fitness.
        spec: Shape of the MLPs.
        tensors: Validated checkpoints, one per MLP; only what acting needs is sent.
        limits: CPU-seconds and memory of the process.
        openings: What the environment's own code needs.
        stall_s: Seconds of silence after which it counts as hung.
        sandbox: Level of isolation that is asked for.
    """
    request = EvaluationRequest(
        task=task, audit=dict(audit), policies=tuple(policies), spec=spec, sandbox=sandbox
    )
    needed = policy_tensors(spec) if spec else {}
    arrays = {f"{i}/{name}": mine[name] for i, mine in enumerate(tensors) for name in needed}
    return Job(
        module=MODULE,
        request=encode_request(request),
        tensors=dump_tensors(arrays) if arrays else b"",
        limits=limits,
        openings=openings,
        stall_s=stall_s,
    )


def openings_of(card: EnvCard) -> Openings:
    """What is opened for a card's environment: the code beside it, and what it says it needs.

    Not the whole folder: it may be a project's, or the user's home, and hold keys and other runs.
    """
    if card.ref in card_names() or card.folder is None:
        return Openings(read=card.needs.read, network=card.needs.network)
    home = card.home or card.folder
    needed = (str(card.folder / path) for path in card.needs.read)
    return Openings(
        import_paths=(str(home),),
        read=(*_code_in(home), *needed),
        network=card.needs.network,
    )


def _code_in(folder: Path) -> tuple[str, ...]:
    """Modules and packages of a folder, which an environment may still import after the lock."""
    found = (
        path
        for path in sorted(folder.iterdir() if folder.is_dir() else ())
        if path.suffix == ".py" or path.name == "__pycache__" or (path / "__init__.py").is_file()
    )
    return tuple(map(str, found))


def read_judgement(frames: Sequence[Frame], policies: Sequence[PolicyRequest]) -> Judgement:
    """What the evaluator's frames say.

    Raises:
        FrameError: They do not answer the request.
    """
    results = [frame.payload for frame in frames if frame.kind == RESULT]
    if len(results) != 1:
        raise FrameError(f"{len(results)} results instead of one")
    reply = decode_reply(parse_json(results[0]))
    asked = [policy.seeds for policy in policies]
    if [tuple(e.seed for e in episodes) for episodes in reply.episodes] != asked:
        raise FrameError("other episodes than those asked for")
    recorded = tuple(
        trajectory
        for frame in frames
        if frame.kind == ARRAYS
        for trajectory in _read_trajectories(frame.payload)
    )
    expected = [
        (episode.seed, episode.length, episode.terminated)
        for policy, episodes in zip(policies, reply.episodes, strict=True)
        for episode in episodes[: policy.record]
    ]
    if [(t.seed, t.length, t.terminated) for t in recorded] != expected:
        raise FrameError("other recordings than those asked for")
    return Judgement(reply=reply, recorded=recorded)


def _read_trajectories(blob: bytes) -> tuple[Trajectory, ...]:
    try:
        return from_arrays(parse_arrays(blob, max_rows=MAX_RECORDED_STEPS))
    except FrameError:
        raise
    except ValueError as error:
        raise FrameError(f"recordings that contradict themselves: {error}") from error
