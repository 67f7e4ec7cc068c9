"""The child's side: how it starts, reads its job, locks itself and answers.

`enter` is what the launcher's command line calls. A worker then takes its `Workplace`, imports and
warms up, locks, and only after that touches anything untrusted. From `open_workplace` on, what is
printed goes to stderr, so that a print cannot pass for a frame.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping
from runpy import run_module
from typing import TYPE_CHECKING, Any

from rewardsmith.isolation.frames import (
    ARRAYS,
    END,
    JOB_CAPS,
    METRIC,
    RESULT,
    TENSORS,
    TEXT,
    Frame,
    FrameError,
    FrameReader,
    write_frame,
)
from rewardsmith.isolation.limits import (
    Limits,
    Openings,
    limit_start,
    limits_from,
    openings_from,
)
from rewardsmith.isolation.strict_json import dump_json, parse_json

if TYPE_CHECKING:
    from rewardsmith.isolation.lock import Confinement, Level, LockReport
    from rewardsmith.isolation.tensors import Array

EXIT_MEMORY = 87
"""Exit status of a child that ran out of its memory limit."""

_PR_SET_PDEATHSIG = 1
_CHUNK = 1024 * 1024


class _Start:
    """What the launcher told this process; the defaults are those of a process it did not start."""

    limits = Limits()
    openings = Openings()


class Channel:
    """Writes frames to the driver."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write(self, kind: bytes, payload: bytes = b"") -> None:
        """Send one frame; blocks while the driver is busy."""
        write_frame(self._fd, kind, payload)


class Workplace:
    """One job, and the way to answer it."""

    def __init__(self, job: list[Frame], channel: Channel) -> None:
        self.channel = channel
        self.request = _request(job)
        self._blobs = tuple(f.payload for f in job if f.kind in {TENSORS, ARRAYS})
        self.report: LockReport | None = None
        self._confinement: Confinement | None = None

    def confine(self) -> None:
        """Put Landlock in force now, for an environment that has to start threads before the lock.

        Nothing can be written or read from here on that could not after the lock.
        """
        from rewardsmith.isolation.lock import confine

        self._confinement = confine(_Start.openings)

    def lock(self, required: str = "any") -> "Level":
        """Lock this process; see `isolation.lock`.

        Returns:
            The level that was reached; `report` says more.

        Raises:
            LockError: It is below `required`.
        """
        from rewardsmith.isolation.lock import lock

        self.report = lock(
            _Start.limits,
            openings=_Start.openings,
            required=required,
            confinement=self._confinement,
        )
        return self.report.level

    def arrays(self) -> "dict[str, Array]":
        """The job's tensors and arrays by name; empty when none came with it."""
        from rewardsmith.isolation.tensors import parse_arrays

        found: dict[str, Array] = {}
        for blob in self._blobs:
            found |= parse_arrays(blob, max_bytes=_LARGEST, max_arrays=100_000, max_rows=2**40)
        return found

    def send_metric(self, values: Mapping[str, Any]) -> None:
        """Send a point of the curves; it also shows that work goes on."""
        self.channel.write(METRIC, dump_json(values))

    def send_tensors(self, blob: bytes) -> None:
        """Send a checkpoint, as `dump_tensors` encoded it."""
        self.channel.write(TENSORS, blob)

    def send_arrays(self, blob: bytes) -> None:
        """Send trajectories or components, as `dump_tensors` encoded them."""
        self.channel.write(ARRAYS, blob)

    def send_text(self, text: str) -> None:
        """Send a log line; its end is cut off beyond 8 KiB."""
        self.channel.write(TEXT, text.encode(errors="replace")[: 8 * 1024])

    def send_result(self, content: Mapping[str, Any]) -> None:
        """Send what the job came to, and close the answer: nothing can be sent after it."""
        self.channel.write(RESULT, dump_json(content))
        self.channel.write(END)


def enter() -> None:
    """Run the module that the launcher asked for, tied to the launcher's life and limits."""
    told = json.loads(sys.argv.pop(1))
    _die_with(told["parent"])
    if told["cpu"] is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {told["cpu"]})
    _Start.limits = limits_from(told["limits"])
    _Start.openings = openings_from(told["openings"])
    limit_start(_Start.limits)
    sys.path.extend(_Start.openings.import_paths)
    try:
        run_module(told["module"], run_name="__main__", alter_sys=True)
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(EXIT_MEMORY)


def open_workplace() -> Workplace:
    """Take this process's job and its channel; call once, first of all."""
    channel = open_channel()
    return Workplace(read_job(), channel)


def open_channel() -> Channel:
    """Keep the frame pipe under a new number and turn stdout into stderr."""
    sys.stdout.flush()
    fd = os.dup(1)  # not inherited by processes that an environment may still start
    os.dup2(2, 1)
    return Channel(fd)


def read_job() -> list[Frame]:
    """All frames on stdin, which is closed after them.

    Raises:
        FrameError: They are malformed: a mistake of the launcher.
    """
    reader = FrameReader(JOB_CAPS)
    frames: list[Frame] = []
    while chunk := os.read(0, _CHUNK):
        frames += reader.feed(chunk)
    if reader.pending:
        raise FrameError("the job ends within a frame")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return frames


def limits() -> Limits:
    """What this process was started with."""
    return _Start.limits


def openings() -> Openings:
    """What was opened for this process."""
    return _Start.openings


_LARGEST = JOB_CAPS.sizes[TENSORS]


def _request(job: list[Frame]) -> Any:
    requests = [frame.payload for frame in job if frame.kind == RESULT]
    if len(requests) != 1:
        raise FrameError(f"a job with {len(requests)} requests instead of one")
    return parse_json(requests[0], max_bytes=_LARGEST)


def _die_with(parent: int) -> None:
    """Have the kernel end this process with its launcher's thread, also when that is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it was gone before the line above
        sys.exit("the process that started this one is gone")


def _is_out_of_memory(error: Exception) -> bool:
    """NumPy and Python raise MemoryError; torch raises RuntimeError and says so."""
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)
