"""The worker process: the only place where reward code runs.

It reads one job from standard input, locks itself before it reads a program, and answers through
one pipe. It has no writable path, starts no process and knows no secret.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rewardsmith.environments.cards import load_card
from rewardsmith.isolation.child import Workplace, open_workplace
from rewardsmith.isolation.tensors import dump_tensors
from rewardsmith.isolation.trajectories import from_arrays
from rewardsmith.rewards.contract import require_program
from rewardsmith.rewards.measuring import measure
from rewardsmith.training.requests import (
    ProbeRequest,
    ScoreRequest,
    TrainRequest,
    decode,
    encode_measurements,
)
from rewardsmith.training.score_job import score_program

Array = np.ndarray[Any, Any]


def answer(place: Workplace) -> None:
    """Do the one job of this process."""
    request = decode(place.request)
    match request:
        case TrainRequest():
            _train(place, request)
        case ProbeRequest():
            _probe(place, request)
        case ScoreRequest():
            _score(place, request)


class _PipeSink:
    """Sends a training's results to the driver."""

    def __init__(self, place: Workplace) -> None:
        self._place = place

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        self._place.send_metric({"step": step, "values": dict(values)})

    def checkpoint(self, step: int, tensors: Mapping[str, Array]) -> None:
        self._place.send_tensors(dump_tensors(tensors))

    def experience(self, tensors: Mapping[str, Array]) -> None:
        self._place.send_tensors(dump_tensors(tensors))


def _train(place: Workplace, request: TrainRequest) -> None:
    from rewardsmith.training.train_job import train_segment

    tensors = place.arrays() or None
    train_segment(
        request,
        tensors,
        _PipeSink(place),
        lock=lambda: place.lock(request.sandbox),
        confine=place.confine,
    )
    place.send_result({})


def _probe(place: Workplace, request: ProbeRequest) -> None:
    import array_api_compat.torch  # noqa: F401 - nothing can be imported lazily after the lock

    spec = load_card(request.task.env).state
    trajectories = from_arrays(place.arrays())
    place.lock(request.sandbox)
    program = require_program(request.program, spec)
    measured = measure(program, trajectories, spec, gamma=request.gamma)
    place.send_result(encode_measurements(measured))


def _score(place: Workplace, request: ScoreRequest) -> None:
    spec = load_card(request.task.env).state
    trajectories = from_arrays(place.arrays())
    place.lock(request.sandbox)
    program = require_program(request.program, spec)
    scored = score_program(program, trajectories, spec, gamma=request.gamma)
    place.send_arrays(dump_tensors(scored))
    place.send_result({})


if __name__ == "__main__":
    answer(open_workplace())
