"""What a child may use and what is opened for it, as plain values that travel to it.

The kernel enforces `Limits` by resource limits. CPU-seconds are counted, never wall time, so a
child that waits for a busy core is not punished for it.
"""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MIB = 1024 * 1024
GRACE_CPU_S = 2
"""CPU-seconds between SIGXCPU, which a child may catch, and SIGKILL, which it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one child may use. The defaults fit a laptop and one short training."""

    cpu_s: int = 900
    """CPU-seconds of all its threads, imports included."""
    memory_bytes: int | None = 8192 * MIB
    """Address space, not resident memory: an idle child with torch's CPU build maps 0.7 GiB.
    None for no limit, which CUDA needs: it reserves far more than it uses."""
    open_files: int = 256
    """File descriptors."""
    idle_s: float | None = 1800.0
    """Seconds in its whole life in which it may neither compute nor wait for a busy core: a child
    that sleeps between two signs of life would hold its place for ever. None where it may wait for
    somebody else, as a child with the network open does."""
    scratch_bytes: int = 64 * MIB
    """Size of one file in the scratch folder. Without one, no file can grow at all."""

    def __post_init__(self) -> None:
        if self.cpu_s < 1 or self.open_files < 8 or self.scratch_bytes < 0:
            raise ValueError("limits have to leave room for an interpreter")
        if self.idle_s is not None and not self.idle_s > 0:
            raise ValueError("a child waits at times, if only for its driver")
        if self.memory_bytes is not None and self.memory_bytes < 64 * MIB:
            raise ValueError("an interpreter needs 64 MiB of address space")


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """What a user's own environment code needs beyond the interpreter.

    `scratch` and `network` lower the level that the lock reaches and are refused under strict.
    """

    import_paths: tuple[str, ...] = ()
    """Folders appended to `sys.path`. They are not readable after the lock: see `read`."""
    read: tuple[str, ...] = ()
    """Files and folders readable after the lock, with everything below them."""
    scratch: str | None = None
    """The one folder that stays writable; also its TMPDIR and HOME."""
    network: bool = False
    """Whether sockets stay open, to anywhere."""


def limit_start(limits: Limits) -> None:
    """Set what has to hold from the first import on: CPU, memory, descriptors, no core file."""
    import resource  # not on Windows

    cpu = limits.cpu_s
    _lower(resource.RLIMIT_CPU, cpu, cpu + GRACE_CPU_S)
    _lower(resource.RLIMIT_CORE, 0, 0)
    _lower(resource.RLIMIT_NOFILE, limits.open_files, limits.open_files)
    if limits.memory_bytes is not None and sys.platform != "darwin":  # macOS refuses RLIMIT_AS
        _lower(resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes)


def limit_rest(limits: Limits, *, can_write: bool) -> None:
    """Set what trusted imports may still need and reward code may not: new processes, files.

    The kernel exempts root from the limit on processes; seccomp does not.
    """
    import resource

    size = limits.scratch_bytes if can_write else 0
    _lower(resource.RLIMIT_FSIZE, size, size)
    _lower(resource.RLIMIT_NPROC, 0, 0)


def to_plain(value: Limits | Openings) -> dict[str, Any]:
    """As JSON knows it."""
    return asdict(value)


def limits_from(plain: Mapping[str, Any]) -> Limits:
    """The inverse of `to_plain`."""
    return Limits(**plain)


def openings_from(plain: Mapping[str, Any]) -> Openings:
    """The inverse of `to_plain`; JSON turned tuples into lists."""
    as_tuples: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
    }
    return Openings(**as_tuples)


def _lower(which: int, soft: int, hard: int) -> None:
    """Set a limit, never above what the process was started with."""
    import resource

    inherited = resource.getrlimit(which)[1]
    if inherited != resource.RLIM_INFINITY:
        soft, hard = min(soft, inherited), min(hard, inherited)
    resource.setrlimit(which, (soft, hard))
