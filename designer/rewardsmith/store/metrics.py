"""A candidate's `metrics.jsonl`: training statistics of all its seeds, in one file.

The driver is the only writer. Appending is idempotent: a segment that starts again replaces what
its lost attempt had written from there on. Losing the last lines is harmless, so nothing is
synced.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rewardsmith.messages import MetricPoint
from rewardsmith.store import disk, spelling


class SeedPoint(NamedTuple):
    """A point and the training seed it belongs to."""

    seed: int
    point: MetricPoint


class MetricsFile:
    """One candidate's metrics, open for appending."""

    def __init__(self, path: Path) -> None:
        """Look at what a former process left at `path`, if anything."""
        self._path = path
        self._last: dict[int, int] = {}
        for seed, point in read_metrics(path):
            self._last[seed] = max(point.step, self._last.get(seed, -1))
        self._is_torn = _ends_torn(path)

    def append(self, seed: int, points: Sequence[MetricPoint]) -> None:
        """Add `points` of the training with `seed`; older ones from the first step on give way.

        Raises:
            StoreError: The disk is full or read-only.
        """
        if not points:
            return
        if self._is_torn or points[0].step <= self._last.get(seed, -1):
            self._rewind(seed, points[0].step)
        self._write(b"".join(_line(seed, point) for point in points))
        self._last[seed] = points[-1].step

    def _rewind(self, seed: int, step: int) -> None:
        kept = [p for p in read_metrics(self._path) if p.seed != seed or p.point.step < step]
        disk.replace_file(self._path, b"".join(_line(*entry) for entry in kept))
        self._is_torn = False

    def _write(self, lines: bytes) -> None:
        self._is_torn = True  # until the write is known to be whole
        with disk.refusing(self._path, "write"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fd = disk.open_regular(self._path, os.O_WRONLY | os.O_APPEND)
            try:
                disk.write_all(fd, lines)
            finally:
                os.close(fd)
        self._is_torn = False


def read_metrics(path: Path) -> tuple[SeedPoint, ...]:
    """Every whole and valid line at `path`, in order; none when there is no such file.

    A line that is no metric is left out: statistics are for looking at, and decide nothing.
    """
    if not path.exists():
        return ()
    lines = disk.read_regular(path).split(b"\n")[:-1]
    points = (_parse(line) for line in lines)
    return tuple(point for point in points if point is not None)


def _parse(line: bytes) -> SeedPoint | None:
    try:
        entry = spelling.parse(line)
        values = {str(name): float(value) for name, value in entry["values"].items()}
        return SeedPoint(int(entry["seed"]), MetricPoint(step=int(entry["step"]), values=values))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _line(seed: int, point: MetricPoint) -> bytes:
    values = {name: float(value) for name, value in point.values.items() if math.isfinite(value)}
    return spelling.one_line({"seed": seed, "step": point.step, "values": values})


def _ends_torn(path: Path) -> bool:
    return path.exists() and disk.read_regular(path)[-1:] not in (b"", b"\n")
