"""The system calls a locked process may make: an allow-list, everything else is EPERM.

The list is what real trainings (PPO and SAC with torch on MuJoCo) and NumPy rollouts make, plus
calls that only look at or manage the process itself, which other C libraries may prefer. What could
reach another process, start one, or change a file is absent or filtered by argument.
Filters see numbers, never the memory behind a pointer, so paths are Landlock's business.
"""

import os
import signal
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any, Final

MEMORY: Final = "brk madvise mmap mprotect mremap munmap get_mempolicy membarrier"
"""Its own address space. memfd_create is absent: it is a file."""
DESCRIPTORS: Final = (
    "close dup lseek pread64 preadv read readv write writev poll ppoll select pselect6 "
    "epoll_wait epoll_pwait fadvise64"
)
"""What is already open."""
LOOKING: Final = (
    "access faccessat faccessat2 fstat fstatfs getcwd getdents64 lstat newfstatat fstatat64 "
    "readlink readlinkat stat statfs statx"
)
"""Names, sizes and times: importing needs them, and they stay visible for every path."""
SELF: Final = (
    "arch_prctl getegid geteuid getgid getgroups getpgrp getpid getppid getrandom getresgid "
    "getresuid getrusage gettid getuid rseq set_robust_list set_tid_address sched_getaffinity "
    "sched_yield sysinfo times uname getcpu"
)
"""Who and where it is. arch_prctl is how oneDNN asks for AMX registers."""
TIME: Final = (
    "clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep time restart_syscall futex"
)
SIGNALS: Final = "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending sigaltstack"
"""Handling its own; sending is in `_add_filtered`."""
ENDING: Final = "exit exit_group"
WRITING: Final = (
    "open openat mkdir mkdirat unlink unlinkat rmdir rename renameat renameat2 ftruncate fsync "
    "fdatasync pwrite64 fallocate flock"
)
"""Opened only with a scratch folder; Landlock says where."""
NETWORK: Final = (
    "socket socketpair connect bind listen accept accept4 sendto recvfrom sendmsg recvmsg "
    "getsockopt setsockopt getsockname getpeername shutdown sendmmsg recvmmsg"
)
"""Opened only for an environment that says it needs the network."""

_ALWAYS: Final = " ".join((MEMORY, DESCRIPTORS, LOOKING, SELF, TIME, SIGNALS, ENDING))
_FILTERED: Final = "open openat fcntl ioctl prlimit64 tgkill clone3"

_WRITE_FLAGS: Final = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FCNTL_COMMANDS: Final = (0, 1, 2, 3, 1030)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC. F_SETOWN would send signals elsewhere."""
_IOCTL_REQUESTS: Final = (0x5401, 0x5413, 0x541B, 0x5450, 0x5451, 0x802C542A)
"""TCGETS and TCGETS2 (isatty), TIOCGWINSZ, FIONREAD, FIONCLEX, FIOCLEX."""


class SyscallUnknown(ValueError):
    """A name in the list that the library does not know: a typo would silently refuse it."""


def load_library() -> ModuleType | None:
    """The binding to libseccomp; None where either is missing. It starts a process: call early."""
    if sys.platform != "linux":
        return None
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError):
        return None
    module: ModuleType = pyseccomp
    return module


def allowed_names(*, can_write: bool = False, network: bool = False) -> tuple[str, ...]:
    """Every call that is allowed, some of them only with certain arguments."""
    opened = f"{WRITING if can_write else ''} {NETWORK if network else ''}"
    return tuple(f"{_ALWAYS} {_FILTERED} {opened}".split())


def restrict(
    library: ModuleType,
    *,
    can_write: bool = False,
    network: bool = False,
    extra_syscalls: Iterable[str] = (),
) -> None:
    """Install the filter on all threads of this process, for good.

    Args:
        library: From `load_library`.
        can_write: Open files for writing, make and remove them; where is Landlock's business.
        network: Open sockets.
        extra_syscalls: Further names, unfiltered: for a device whose driver needs them.

    Raises:
        SyscallUnknown: The library does not know a name.
        OSError: The kernel refused.
    """
    rules = library.SyscallFilter(library.ERRNO(1))  # EPERM
    rules.set_attr(library.Attr.CTL_TSYNC, 1)
    opened = f"{WRITING if can_write else ''} {NETWORK if network else ''}".split()
    for name in (*_ALWAYS.split(), *opened, *extra_syscalls):
        _add(rules, library, name, action=library.ALLOW)
    _add_filtered(rules, library, can_write=can_write)
    rules.load()


def _add_filtered(rules: Any, library: ModuleType, *, can_write: bool) -> None:
    def allow(name: str, *wanted: Any) -> None:
        _add(rules, library, name, *wanted, action=library.ALLOW)

    def equal(position: int, value: int) -> Any:
        return library.Arg(position, library.EQ, value)

    if not can_write:
        allow("open", library.Arg(1, library.MASKED_EQ, _WRITE_FLAGS, os.O_RDONLY))
        allow("openat", library.Arg(2, library.MASKED_EQ, _WRITE_FLAGS, os.O_RDONLY))
    for command in _FCNTL_COMMANDS:
        allow("fcntl", equal(1, command))
    for request in _IOCTL_REQUESTS:
        allow("ioctl", equal(1, request))
    allow("prlimit64", equal(0, 0), equal(2, 0))  # read its own limits, set none
    allow("tgkill", equal(0, os.getpid()), equal(2, signal.SIGABRT))  # abort(), nothing else
    # glibc tries clone3 first and falls back to clone, which is refused, only on ENOSYS.
    _add(rules, library, "clone3", action=library.ERRNO(38))


def _add(rules: Any, library: ModuleType, name: str, *wanted: Any, action: int) -> None:
    number = library.resolve_syscall(library.Arch.NATIVE, name)
    if number == -1:
        raise SyscallUnknown(f"libseccomp knows no system call {name!r}")
    if number >= 0:  # below -1: known, but not on this architecture
        rules.add_rule(action, number, *wanted)
