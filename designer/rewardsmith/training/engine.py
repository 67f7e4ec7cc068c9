"""Runs jobs as subprocesses, a fixed number at a time, and drives chains of them.

A chain is a generator that yields jobs and is sent how each ended, so that what depends on what is
written as straight code. One job's death concerns its own chain only. Single-threaded on purpose: a
child dies with the thread that started it.
"""

import contextlib
import selectors
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Generic, Protocol, TypeVar

from rewardsmith.isolation.frames import METRIC, Frame, FrameError
from rewardsmith.isolation.job import Job, JobEnd
from rewardsmith.isolation.launch import Child, ExitStatus, start
from rewardsmith.messages import Outcome
from rewardsmith.training.cores import Cores

T = TypeVar("T")
Chain = Generator[Job, JobEnd, T]

POLL_S = 0.2
"""Longest wait between two looks at the children, in seconds."""


def insist(job: Job, attempts: int) -> Chain[JobEnd]:
    """Run `job`, and again while it is lost through no fault of its own."""
    for _ in range(attempts):
        end = yield job
        if not end.is_lost:
            break
    return end


class Engine(Protocol):
    """Somewhere to run jobs.

    `run` returns the chains' values in the order of the chains, whatever order they end in. It
    raises only what a chain raises; then no job of any chain is left running.
    """

    def run(self, chains: Sequence[Chain[T]]) -> list[T]:
        """Drive every chain to its end."""


@dataclass(slots=True)
class _Active:
    """A job that is running."""

    number: int
    job: Job
    child: Child
    fd: int
    """The child's, kept: a killed child no longer has one."""
    core: int | None
    frames: list[Frame] = field(default_factory=list)
    heard_at: float = field(default_factory=time.monotonic)


class LocalEngine:
    """Runs up to `slots` jobs of this machine at a time, each bound to a core of its own."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._cores = Cores()

    def run(self, chains: Sequence[Chain[T]]) -> list[T]:
        """Drive every chain to its end; see `Engine`."""
        round_ = _Round(chains, self._slots, self._cores)
        try:
            return round_.finish()
        finally:
            round_.kill_all()


class _Round(Generic[T]):
    """The state of one `run`."""

    def __init__(self, chains: Sequence[Chain[T]], slots: int, cores: Cores) -> None:
        self._chains = chains
        self._slots = slots
        self._cores = cores
        self._waiting: deque[tuple[int, Job]] = deque()
        self._active: dict[int, _Active] = {}
        self._values: dict[int, T] = {}
        self._selector = selectors.DefaultSelector()

    def finish(self) -> list[T]:
        for number, chain in enumerate(self._chains):
            self._advance(number, partial(next, chain), is_first=True)
        while self._waiting or self._active:
            self._start_waiting()
            self._listen()
            for active in list(self._active.values()):
                self._check(active)
        return [self._values[number] for number in range(len(self._chains))]

    def kill_all(self) -> None:
        for active in self._active.values():
            active.child.kill()
            self._cores.give_back(active.core)
        for chain in self._chains:
            chain.close()
        self._selector.close()

    def _advance(self, number: int, resume: Callable[[], Job], *, is_first: bool = False) -> None:
        try:
            job = resume()
        except StopIteration as end:
            self._values[number] = end.value
        else:
            # A chain that has begun goes on first, so that candidates finish one after another.
            place = self._waiting.append if is_first else self._waiting.appendleft
            place((number, job))

    def _start_waiting(self) -> None:
        while len(self._active) < self._slots and self._waiting:
            number, job = self._waiting.popleft()
            core = self._cores.take()
            child = start(job, cpu=core)
            active = _Active(number, job, child, child.fileno(), core)
            self._active[active.fd] = active
            self._selector.register(active.fd, selectors.EVENT_READ, active)

    def _listen(self) -> None:
        for key, _ in self._selector.select(POLL_S):
            self._hear(key.data)

    def _hear(self, active: _Active) -> None:
        try:
            frames = active.child.read()
            if frames:
                active.heard_at = time.monotonic()
            for frame in frames:
                self._take(active, frame)
        except FrameError as error:
            broken = f"It broke the protocol: {error}"
            self._end(active, JobEnd(outcome=Outcome.CRASHED, text=broken))

    def _take(self, active: _Active, frame: Frame) -> None:
        if frame.kind == METRIC and active.job.on_metric:
            active.job.on_metric(frame.payload)
        else:
            active.frames.append(frame)

    def _check(self, active: _Active) -> None:
        """Notice an exit, or a job that has gone silent for too long."""
        status = active.child.poll()
        if status is not None:
            self._hear(active)
            self._end(active, _end_of(active, status))
        elif time.monotonic() - active.heard_at > active.job.stall_s:
            silent = f"It sent nothing for {active.job.stall_s:.0f} s."
            self._end(active, JobEnd(outcome=Outcome.TIMED_OUT, text=silent))

    def _end(self, active: _Active, end: JobEnd) -> None:
        if self._active.pop(active.fd, None) is None:
            return
        self._forget(active.fd)
        cpu_s = active.child.kill().cpu_s
        self._cores.give_back(active.core)
        resume = self._chains[active.number].send
        self._advance(active.number, partial(resume, replace(end, cpu_s=cpu_s)))

    def _forget(self, fd: int) -> None:
        with contextlib.suppress(OSError):  # a killed child has closed it
            self._selector.unregister(fd)


def _end_of(active: _Active, status: ExitStatus) -> JobEnd:
    """Read an exit: well, crashed, over a limit, or lost through no fault of its own."""
    text = active.child.stderr_text
    frames = tuple(active.frames)
    match status.reason:
        case "ok" if not active.child.has_ended_well:
            unsaid = "It ended without its last word."
            return JobEnd(outcome=Outcome.CRASHED, text=unsaid)
        case "ok":
            return JobEnd(outcome=None, frames=frames)
        case "over_limit":
            return JobEnd(outcome=Outcome.OVER_LIMIT, text=text)
        case "killed":
            return JobEnd(outcome=Outcome.CRASHED, text=text, is_lost=True)
        case _:
            return JobEnd(outcome=Outcome.CRASHED, text=text)
