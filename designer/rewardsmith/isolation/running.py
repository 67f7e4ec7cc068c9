"""A child that runs: its frames, its text, its CPU time, and its end.

Nothing here blocks. A child that breaks the protocol or floods its text is killed on the spot; its
whole process group goes with it.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Final, Literal, Self

from rewardsmith.isolation.child import EXIT_MEMORY
from rewardsmith.isolation.frames import MIB, Caps, Frame, FrameError, FrameReader
from rewardsmith.isolation.limits import Limits
from rewardsmith.isolation.text import KEPT_BYTES, clean_text

Reason = Literal["ok", "crashed", "over_limit", "killed"]

MAX_TEXT_BYTES: Final = 4 * MIB
"""What a child may write to stderr in its life; far more than any traceback."""

LOOK_S: Final = 0.5
"""Seconds between two looks at whether a child computes."""
ABSENT_S: Final = 5.0
"""Seconds without a look after which the driver was away: then a child may have waited for it."""

_CHUNK: Final = 64 * 1024
_PER_READ: Final = 4 * MIB
_MICRO: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitStatus:
    """How a child ended."""

    returncode: int
    """As of `subprocess`: negative for a signal."""
    signal: int | None
    """The signal that ended it, if one did."""
    cpu_s: float
    """CPU-seconds, user and system, of it and of children that it waited for."""
    max_rss_bytes: int
    """Largest resident memory."""
    reason: Reason
    """over_limit: CPU, memory, file size, or too much said. killed: by us, or by the machine for
    reasons of its own; the child did nothing wrong that we know of."""


class Child:
    """A running child process. Close it by `kill`, or use it as a context manager."""

    def __init__(self, process: subprocess.Popen[bytes], *, limits: Limits, caps: Caps) -> None:
        self._process = process
        self._limits = limits
        self._frames = FrameReader(caps)
        self._text = bytearray()
        self._text_bytes = 0
        self._end_text = ""
        self._status: ExitStatus | None = None
        self._is_over = False
        self._looked_at, self._busy_s, self._idle_s = time.monotonic(), 0.0, 0.0
        self._selector = selectors.DefaultSelector()
        self._fileno: int = self._selector.fileno()
        assert process.stdout is not None
        assert process.stderr is not None
        self._stdout: IO[bytes] = process.stdout
        self._stderr: IO[bytes] = process.stderr
        for pipe in (self._stdout, self._stderr):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ)

    @property
    def pid(self) -> int:
        """Process id, which is also that of its group."""
        return self._process.pid

    @property
    def has_ended_well(self) -> bool:
        """Whether it said that it was done: without that, exit status 0 means nothing."""
        return self._frames.has_ended

    @property
    def stderr_text(self) -> str:
        """The end of what it printed, cleaned; see `clean_text`."""
        text = self._text.decode(errors="replace")
        text += self._end_text
        if self._text_bytes > MAX_TEXT_BYTES:
            text += f"\nIt wrote more than {MAX_TEXT_BYTES} bytes of text."
        return clean_text(text)

    def fileno(self) -> int:
        """Readable when there is something to `read`: for an outer selector.

        The number stays the same when the child has been killed, though it is closed then.
        """
        return self._fileno

    def read(self) -> list[Frame]:
        """The frames that arrived; never blocks. Also drains the text.

        Raises:
            FrameError: It broke the protocol; it has been killed.
        """
        frames: list[Frame] = []
        try:
            for chunk in self._available(self._stdout, _PER_READ):
                frames += self._frames.feed(chunk)
        except FrameError:
            self._is_over = True
            self.kill()
            raise
        self._read_text()
        self._look_whether_idle()
        return frames

    def poll(self) -> ExitStatus | None:
        """How it ended; None while it runs. Its last frames are still there to `read`."""
        if self._status is None:
            self._reap(os.WNOHANG)
            self._look_whether_idle()
        return self._status

    def kill(self) -> ExitStatus:
        """End it and its process group now, wait for that, and close everything.

        Harmless when it has ended already.
        """
        if self._status is None:
            self._signal_group()
            self._reap()
            self._read_text()
        for pipe in (self._stdout, self._stderr):
            self._close(pipe)
        self._selector.close()
        assert self._status is not None
        return self._status

    def cpu_seconds(self) -> float:
        """CPU-seconds so far; 0.0 where the system does not tell before the end."""
        if self._status is not None:
            return self._status.cpu_s
        try:
            with open(f"/proc/{self.pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def idle_seconds(self) -> float:
        """Seconds in which it neither computed nor waited for a core, as far as anybody looked."""
        return self._idle_s

    def _look_whether_idle(self) -> None:
        """End a child that has slept through its limit: signs of life alone are no work."""
        elapsed = time.monotonic() - self._looked_at
        if elapsed < LOOK_S or self._status is not None:
            return
        busy_s = self.cpu_seconds() + self._waited_for_core()
        # Where the system does not tell, a child is not blamed.
        if busy_s and elapsed < ABSENT_S:
            self._idle_s += max(0.0, elapsed - max(0.0, busy_s - self._busy_s))
        self._looked_at, self._busy_s = time.monotonic(), busy_s
        most = self._limits.idle_s
        if most is not None and self._idle_s > most and not self._is_over:
            self._is_over = True
            self._end_text = f"It neither computed nor waited for a core for {most:.0f} s."
            self._signal_group()

    def _waited_for_core(self) -> float:
        """Seconds that its threads were ready to run and did not: a busy machine is no fault."""
        waited_ns = 0
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{self.pid}/task"):
                with open(f"/proc/{self.pid}/task/{task}/schedstat", "rb") as file:
                    waited_ns += int(file.read().split()[1])
        return waited_ns * 1e-9

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def _available(self, pipe: IO[bytes], most: int) -> "list[bytes]":
        """Chunks that can be had without waiting, at most about `most` bytes."""
        chunks: list[bytes] = []
        while most > 0 and not pipe.closed:
            try:
                chunk = os.read(pipe.fileno(), _CHUNK)
            except BlockingIOError:
                break
            if not chunk:
                self._close(pipe)
                break
            chunks.append(chunk)
            most -= len(chunk)
        return chunks

    def _read_text(self) -> None:
        for chunk in self._available(self._stderr, _PER_READ):
            self._text_bytes += len(chunk)
            self._text = (self._text + chunk)[-4 * KEPT_BYTES :]
        if self._text_bytes > MAX_TEXT_BYTES and self._status is None:
            self._is_over = True
            self._signal_group()

    def _close(self, pipe: IO[bytes]) -> None:
        if not pipe.closed:
            self._selector.unregister(pipe)
            pipe.close()

    def _signal_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _reap(self, flags: int = 0) -> None:
        """Collect the child and what it used; with WNOHANG only if it has exited.

        What is left of its group is killed while it is a zombie: later its id may be another's.
        """
        if hasattr(os, "waitid"):  # not on macOS
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | flags) is None:
                return
            self._signal_group()
        reaped, status, usage = os.wait4(self.pid, flags)
        if reaped == 0:
            return
        self._process.returncode = code = os.waitstatus_to_exitcode(status)
        cpu_s = usage.ru_utime + usage.ru_stime
        self._status = ExitStatus(
            returncode=code,
            signal=-code if code < 0 else None,
            cpu_s=cpu_s,
            max_rss_bytes=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            reason=self._reason(code, cpu_s),
        )

    def _reason(self, code: int, cpu_s: float) -> Reason:
        if self._is_over or code in {-signal.SIGXCPU, -signal.SIGXFSZ, EXIT_MEMORY}:
            return "over_limit"
        if code == -signal.SIGKILL:
            # A child that caught SIGXCPU is killed by the kernel a little later.
            return "over_limit" if cpu_s >= self._limits.cpu_s else "killed"
        return "ok" if code == 0 else "crashed"


def collect(child: Child, *, stall_s: float) -> tuple[list[Frame], ExitStatus]:
    """Listen to one child until it ends; kill it after `stall_s` seconds of silence.

    Raises:
        FrameError: It broke the protocol.
    """
    frames: list[Frame] = []
    heard_at = time.monotonic()
    with child, selectors.DefaultSelector() as selector:
        selector.register(child.fileno(), selectors.EVENT_READ)
        while (status := child.poll()) is None:
            selector.select(min(0.05, stall_s))
            if arrived := child.read():
                frames += arrived
                heard_at = time.monotonic()
            if time.monotonic() - heard_at > stall_s:
                return frames, child.kill()
        return frames + child.read(), status
