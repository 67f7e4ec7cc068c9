"""What a reward program would do if it got out of its language: run after the lock, one by one."""

import array
import ctypes
import encodings.idna  # noqa: F401  looked up lazily by name resolution
import fcntl
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from rewardsmith.isolation import lock, seccomp
from rewardsmith.isolation.child import open_workplace

LIBC = ctypes.CDLL(None, use_errno=True)
PARENT = os.getppid()


def call(number: int, *arguments: int) -> int:
    """A system call of x86-64 by its number."""
    result = LIBC.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def start_thread() -> None:
    threading.Thread(target=print).start()


def send_signals_to_the_parent() -> None:
    fd = os.dup(1)
    fcntl.fcntl(fd, fcntl.F_SETOWN, PARENT)


def executable_memory_file() -> int:
    return os.memfd_create("x")


def rewrite_the_job() -> None:
    fcntl.ioctl(0, 0x1234, array.array("i", [0]))


REFUSED: dict[str, Callable[[], object]] = {
    "read a system file": lambda: Path("/etc/passwd").read_bytes(),
    "read a key of the user": lambda: os.open(os.path.expanduser("~root/.bashrc"), os.O_RDONLY),
    "read the parent's environment": lambda: Path(f"/proc/{PARENT}/environ").read_bytes(),
    "read the parent's memory": lambda: open(f"/proc/{PARENT}/mem", "rb"),
    "list the root": lambda: os.listdir("/"),
    "list temporary files": lambda: os.listdir("/tmp"),
    "list processes": lambda: os.listdir("/proc"),
    "write in the current folder": lambda: open("pwn", "wb"),
    "write in /tmp": lambda: open("/tmp/pwn", "wb"),
    "write to /dev/shm": lambda: open("/dev/shm/pwn", "wb"),
    "write to a device": lambda: open("/dev/null", "wb"),
    "write into its own memory file": lambda: open("/proc/self/mem", "r+b"),
    "write into the interpreter": lambda: open(os.__file__, "ab"),
    "append to a log": lambda: os.open("/tmp/log", os.O_WRONLY | os.O_APPEND),
    "create by read flags": lambda: os.open("/tmp/pwn", os.O_RDONLY | os.O_CREAT),
    "truncate by read flags": lambda: os.open(os.__file__, os.O_RDONLY | os.O_TRUNC),
    "nameless file": lambda: os.open("/tmp", os.O_RDWR | os.O_TMPFILE),
    "open by structure": lambda: call(437, -100, 0, 0, 0),
    "memory file": executable_memory_file,
    "make a folder": lambda: os.mkdir("/tmp/pwn"),
    "make a fifo": lambda: os.mkfifo("/tmp/pwn"),
    "make a link": lambda: os.symlink("/etc/passwd", "/tmp/pwn"),
    "make a hard link": lambda: os.link(os.__file__, "/tmp/pwn"),
    "rename": lambda: os.rename(os.__file__, "/tmp/pwn"),
    "remove": lambda: os.unlink(os.__file__),
    "truncate": lambda: os.truncate(os.__file__, 0),
    "change permissions": lambda: os.chmod(os.__file__, 0o777),
    "change times": lambda: os.utime(os.__file__),
    "change the folder": lambda: os.chdir("/tmp"),
    "change the root": lambda: os.chroot("/tmp"),
    "extended attributes": lambda: os.setxattr(os.__file__, "user.x", b"1"),
    "TCP socket": lambda: socket.socket(),
    "UDP socket": lambda: socket.socket(type=socket.SOCK_DGRAM),
    "unix socket": lambda: socket.socket(socket.AF_UNIX),
    "socket pair": lambda: socket.socketpair(),
    "name look-up": lambda: socket.create_connection(("127.0.0.1", 80), timeout=1),
    "fork": os.fork,
    "run a program": lambda: subprocess.run(["/bin/true"], check=True),
    "become a program": lambda: os.execv("/bin/true", ["true"]),
    "start a thread": start_thread,
    "kill the parent": lambda: os.kill(PARENT, signal.SIGTERM),
    "ask whether the parent lives": lambda: os.kill(PARENT, 0),
    "kill everybody": lambda: os.kill(-1, signal.SIGTERM),
    "kill its group": lambda: os.killpg(0, signal.SIGTERM),
    "stop itself": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "stop its thread": lambda: call(234, os.getpid(), os.getpid(), signal.SIGSTOP),
    "signal the parent's thread": lambda: call(234, PARENT, PARENT, signal.SIGABRT),
    "queue a signal": lambda: call(129, PARENT, signal.SIGTERM, 0),
    "process descriptor": lambda: os.pidfd_open(PARENT),
    "signals by descriptor": send_signals_to_the_parent,
    "limits of the parent": lambda: resource.prlimit(PARENT, resource.RLIMIT_NOFILE, (3, 3)),
    "look at the parent's limits": lambda: resource.prlimit(PARENT, resource.RLIMIT_NOFILE),
    "lift its own limits": lambda: resource.setrlimit(resource.RLIMIT_CPU, (10**6, 10**6)),
    "affinity of the parent": lambda: os.sched_setaffinity(PARENT, {0}),
    "affinity of its own": lambda: os.sched_setaffinity(0, {0, 1}),
    "priority of the parent": lambda: os.setpriority(os.PRIO_PROCESS, PARENT, 19),
    "priority of its own": lambda: os.nice(-5),
    "scheduler": lambda: os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0)),
    "I/O priority of the parent": lambda: call(251, 1, PARENT, 0),
    "deadline scheduling": lambda: call(314, PARENT, 0, 0),
    "trace the parent": lambda: call(101, 16, PARENT, 0, 0),
    "read another's memory": lambda: call(310, PARENT, 0, 0, 0, 0, 0),
    "become another user": lambda: call(105, 0),
    "outlive the parent": lambda: call(157, 1, 0, 0, 0, 0),
    "new namespace": lambda: call(272, 0x10000000),
    "shared memory": lambda: call(29, 0, 4096, 0o1600),
    "message queue": lambda: call(68, 0, 0o1600),
    "key ring": lambda: call(250, 0, -1),
    "io_uring": lambda: call(425, 1, 0),
    "bpf": lambda: call(321, 0, 0, 0),
    "performance counters": lambda: call(298, 0, 0, -1, -1, 0),
    "odd ioctl": rewrite_the_job,
    "type into the terminal": lambda: fcntl.ioctl(0, 0x5412, b"x"),
    "write into the job": lambda: os.write(0, b"x"),
    "map the job for writing": lambda: mmap.mmap(0, 1),
    "larger pipe": lambda: fcntl.fcntl(1, 1031, 2**20),
    "timer": lambda: signal.setitimer(signal.ITIMER_REAL, 1),
    "mount": lambda: call(165, 0, 0, 0, 0, 0),
    "reboot": lambda: call(169, 0, 0, 0, 0),
}


def outcome(act: Callable[[], object]) -> str:
    try:
        return f"DONE: {act()!r}"[:200]
    except (OSError, RuntimeError, ValueError) as error:
        return f"refused: {error!r}"[:200]


def become(user: int) -> None:
    """Turn into another user; all imports come before, the interpreter may be root's own."""
    assert lock
    assert seccomp.load_library()
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def main() -> None:
    place = open_workplace()
    if place.request["user"] is not None:
        become(place.request["user"])
    names = place.request["acts"] or list(REFUSED)
    if not place.request["with_seccomp"]:
        seccomp.load_library = lambda: None
    level = place.lock(place.request["required"])
    open_fds = [fd for fd in range(64) if is_open(fd)]
    results = {name: outcome(REFUSED[name]) for name in names}
    report = {
        "level": level,
        "user": os.getuid(),
        "results": results,
        "environment": dict(os.environ),
        "descriptors": open_fds,
        "arguments": sys.argv,
    }
    place.send_result(report)


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
