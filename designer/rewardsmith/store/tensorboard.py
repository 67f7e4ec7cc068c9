"""Curves as TensorBoard event files, written by the driver from what it accepted.

Derived from `metrics.jsonl`, never read back. A file is written anew when a training is continued,
so that no step of a lost attempt stays in it. No thread: records are written as they come.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rewardsmith.messages import MetricPoint
from rewardsmith.store import disk


class EventFile:
    """The event file of one training."""

    def __init__(self, path: Path, past: Sequence[MetricPoint]) -> None:
        """Write what was accepted so far to `path`; `add` appends to it."""
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._path = path
        self.last_step = -1
        """Step of the last point; -1 before the first."""
        with disk.refusing(path, "write"):
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = disk.open_regular(path, os.O_WRONLY)
            os.ftruncate(fd, 0)
            self._records = RecordWriter(os.fdopen(fd, "wb"))
        self._write(_event(file_version="brain.Event:2"))
        for point in past:
            self.add(point.step, point.values)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Append scalars at `step`."""
        self.last_step = step
        self._write(_scalars(step, values))

    def close(self) -> None:
        """Close the file."""
        self._records.close()

    def _write(self, record: bytes) -> None:
        with disk.refusing(self._path, "write"):
            self._records.write(record)
            self._records.flush()


def _scalars(step: int, values: Mapping[str, float]) -> bytes:
    from tensorboard.compat.proto.summary_pb2 import Summary

    entries = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
    return _event(step=step, summary=Summary(value=entries))


def _event(**content: Any) -> bytes:
    from tensorboard.compat.proto.event_pb2 import Event

    # The wall time is left at 0: equal runs give equal files, and steps are what counts.
    return bytes(Event(**content).SerializeToString())
