"""Locks this process for good: from here on it computes, and writes to what is already open.

Import and warm up everything before: what the lock refuses includes lazy work such as starting a
thread. The lock does not hide names and sizes of files, and does not protect the process from
itself: code inside may still change what the process says.
"""

import ctypes
import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final, Literal

from rewardsmith.errors import RewardsmithError
from rewardsmith.isolation import landlock, seccomp
from rewardsmith.isolation.limits import Limits, Openings, limit_rest

Level = Literal["strict", "partial", "none"]

_RANKS: Final[Mapping[str, int]] = {"none": 0, "any": 0, "partial": 1, "strict": 2}
_NO_SECCOMP: Final = "no seccomp library on this system"
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_SYSTEM_PATHS: Final = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/proc/cpuinfo",
    "/sys/devices/system",
)
"""Read by the loader and by numeric libraries that look at the processor. `/proc/self` is absent:
below it lie the machine's mounts and network connections, and no training needs it."""


class LockError(RewardsmithError):
    """The lock cannot reach the level that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockReport:
    """What holds this process."""

    level: Level
    """strict: Landlock ABI >= 6, seccomp and limits, one thread, nothing opened. partial: Landlock
    or seccomp, and limits. none: limits at most."""
    landlock_abi: int
    """0 when Landlock is not in force."""
    has_seccomp: bool
    has_limits: bool
    notes: tuple[str, ...] = ()
    """Why the level is not higher, one reason each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What Landlock came to, for this thread and all that it starts from then on."""

    abi: int
    """0 when it is not in force."""
    notes: tuple[str, ...]
    """What is missing, one reason each."""


def confine(openings: Openings | None = None) -> Confinement:
    """Put Landlock in force ahead of `lock`, for an environment that has to start threads.

    Threads that are started from here on are confined as well; `lock` then brings the rest.

    Args:
        openings: What the environment's own code needs.
    """
    notes = _thread_notes()
    seccomp.load_library()  # it starts a process, which is refused from here on
    _forbid_gaining()
    return Confinement(abi=_apply_landlock(openings or Openings(), notes), notes=tuple(notes))


def lock(
    limits: Limits,
    *,
    openings: Openings | None = None,
    required: str = "any",
    extra_syscalls: Iterable[str] = (),
    confinement: Confinement | None = None,
) -> LockReport:
    """Lock this process; everything that is missing on this machine becomes a note.

    Args:
        limits: Those it was started with.
        openings: What the environment's own code still needs.
        required: Lowest level that is good enough: "any", "partial" or "strict".
        extra_syscalls: Further system calls, for a device; they lower the level.
        confinement: What `confine` came to, where it was called before.

    Raises:
        LockError: The level that was reached is below `required`. The process is locked
            nevertheless, and has to end.
    """
    _ = _RANKS[required]  # a wrong word must not wait until everything is locked
    opened = openings or Openings()
    notes = _openings_notes(opened, tuple(extra_syscalls))
    library = seccomp.load_library()
    has_limits = _apply_limits(limits, opened, notes)
    confined = confinement or confine(opened)
    notes += confined.notes
    abi = confined.abi
    has_seccomp = _apply_seccomp(library, opened, tuple(extra_syscalls), notes)
    report = LockReport(
        level=_level(abi, has_seccomp, has_limits, notes),
        landlock_abi=abi,
        has_seccomp=has_seccomp,
        has_limits=has_limits,
        notes=tuple(notes),
    )
    if not is_enough(report.level, required):
        reasons = "; ".join(notes)
        raise LockError(f"The sandbox is {report.level}, {required!r} is required: {reasons}.")
    return report


def forecast(openings: Openings | None = None) -> LockReport:
    """What a child of this machine should reach, told without locking anything.

    A container may still refuse what the kernel offers: what holds is what `lock` reports.
    """
    opened = openings or Openings()
    notes = _openings_notes(opened, ())
    abi, has_seccomp = landlock.abi(), seccomp.load_library() is not None
    has_limits = importlib.util.find_spec("resource") is not None
    notes += _abi_notes(abi)
    if not has_seccomp:
        notes.append(_NO_SECCOMP)
    if not has_limits:
        notes.append("no resource limits on this system")
    return LockReport(
        level=_level(abi, has_seccomp, has_limits, notes),
        landlock_abi=abi,
        has_seccomp=has_seccomp,
        has_limits=has_limits,
        notes=tuple(notes),
    )


def is_enough(level: Level, required: str) -> bool:
    """Whether `level` is not below what is required."""
    return _RANKS[level] >= _RANKS[required]


def readable_paths(openings: Openings) -> tuple[Path, ...]:
    """What stays readable: the interpreter, this package, system libraries, what was opened."""
    own = (sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(__file__).resolve().parents[1]))
    paths = dict.fromkeys(Path(p) for p in (*own, *_SYSTEM_PATHS, *openings.read))
    return tuple(path for path in paths if path != Path("/"))


def _openings_notes(openings: Openings, extra_syscalls: tuple[str, ...]) -> list[str]:
    notes = []
    if openings.scratch is not None:
        notes.append("a scratch folder is writable")
    if openings.network:
        notes.append("the network is open")
    if extra_syscalls:
        notes.append(f"extra system calls: {', '.join(extra_syscalls)}")
    return notes


def _thread_notes() -> list[str]:
    """Landlock covers the calling thread only; seccomp covers all."""
    try:
        n_threads = len(os.listdir("/proc/self/task"))
    except OSError:
        return ["threads cannot be counted"]
    return [f"{n_threads} threads at lock time instead of one"] if n_threads != 1 else []


def _apply_limits(limits: Limits, openings: Openings, notes: list[str]) -> bool:
    try:
        limit_rest(limits, can_write=openings.scratch is not None)
    except (ImportError, OSError, ValueError) as error:
        notes.append(f"no resource limits ({error})")
        return False
    return True


def _forbid_gaining() -> None:
    """No privileges by exec, and nobody of the same user reads our memory or dumps it."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _apply_landlock(openings: Openings, notes: list[str]) -> int:
    abi = landlock.abi()
    missing = _abi_notes(abi)
    if abi == 0:
        notes += missing
        return 0
    write = [Path(openings.scratch)] if openings.scratch is not None else []
    try:
        landlock.restrict(readable_paths(openings), write=write, network=openings.network)
    except OSError as error:
        notes.append(f"Landlock was refused ({error})")
        return 0
    notes += missing
    return abi


def _abi_notes(abi: int) -> list[str]:
    if abi == 0:
        return ["no Landlock on this system"]
    if abi < landlock.SIGNALS_SINCE:
        return [f"Landlock ABI {abi} instead of {landlock.SIGNALS_SINCE}"]
    return []


def _apply_seccomp(
    library: ModuleType | None,
    openings: Openings,
    extra_syscalls: tuple[str, ...],
    notes: list[str],
) -> bool:
    if library is None:
        notes.append(_NO_SECCOMP)
        return False
    try:
        seccomp.restrict(
            library,
            can_write=openings.scratch is not None,
            network=openings.network,
            extra_syscalls=extra_syscalls,
        )
    except OSError as error:
        notes.append(f"seccomp was refused ({error})")
        return False
    return True


def _level(abi: int, has_seccomp: bool, has_limits: bool, notes: list[str]) -> Level:
    if abi >= landlock.SIGNALS_SINCE and has_seccomp and has_limits and not notes:
        return "strict"
    return "partial" if has_limits and (abi or has_seccomp) else "none"
