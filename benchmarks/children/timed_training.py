"""The worker's own training job, timed after its warm-up, with or without the lock.

Runs as a child of `benchmarks/lock_cost.py`; the request is `{"locked": bool, "train": {...}}`.
"""

import time
from collections.abc import Mapping
from typing import Any

from rewardsmith.isolation.child import Workplace, open_workplace
from rewardsmith.isolation.tensors import dump_tensors
from rewardsmith.training.requests import TrainRequest, decode
from rewardsmith.training.train_job import train_segment


class Sink:
    """Sends what a worker would send."""

    def __init__(self, place: Workplace) -> None:
        self._place = place

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        self._place.send_metric({"step": step, "values": dict(values)})

    def checkpoint(self, step: int, tensors: Mapping[str, Any]) -> None:
        self._place.send_tensors(dump_tensors(tensors))

    def experience(self, tensors: Mapping[str, Any]) -> None:
        self._place.send_tensors(dump_tensors(tensors))


def main() -> None:
    place = open_workplace()
    request = decode(place.request["train"])
    assert isinstance(request, TrainRequest)
    marks: list[float] = []

    def lock() -> None:
        marks.append(time.process_time())
        if place.request["locked"]:
            place.lock("strict")
        marks.append(time.process_time())

    train_segment(request, None, Sink(place), lock=lock)
    end = time.process_time()
    place.send_result({"lock_cpu_s": marks[1] - marks[0], "train_cpu_s": end - marks[1]})


if __name__ == "__main__":
    main()
