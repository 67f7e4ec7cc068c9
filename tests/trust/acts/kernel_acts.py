"""What code that owns its process would try, each act in a process of its own, layer by layer.

Runs as a child: `victim` is somebody else's process, `folder` somebody else's files; both belong to
the user that the child becomes, so that only the layers stand in between. Every act is harmless
where it succeeds.
"""

import array
import contextlib
import ctypes
import errno
import fcntl
import json
import mmap
import os
import resource
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from rewardsmith.isolation import landlock, lock, seccomp
from rewardsmith.isolation.limits import Limits, Openings, limit_rest, limit_start

LIMITS = Limits(cpu_s=5, memory_bytes=256 * 2**20, open_files=64)
PATIENCE_S = 30.0
LIBC = ctypes.CDLL(None, use_errno=True)
ABSENT = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENODEV, errno.EAFNOSUPPORT)
"""What a kernel says to a call that it does not have."""


class Victim(NamedTuple):
    """Whom the acts are aimed at."""

    pid: int
    folder: str
    tcp_port: int
    udp_port: int
    abstract: str

    def path(self, name: str) -> str:
        """A file of the victim's."""
        return f"{self.folder}/{name}"


Do = Callable[[Victim], object]


class Act(NamedTuple):
    """One thing that is tried."""

    layers: str
    """Each of them stops it alone, and no other layer does; the kernel asks them in this order."""
    do: Do
    user_layers: str = ""
    """What stops it besides where the user is an ordinary one: rlimits that root is exempt from,
    or `rights`, which it never had."""


def call(number: int, *arguments: int) -> int:
    """A system call of x86-64 by its number."""
    result = LIBC.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def reached(number: int, *arguments: int) -> str:
    """A call that fails on its made-up arguments only once it is allowed."""
    try:
        return str(call(number, *arguments))
    except OSError as error:
        if error.errno in (errno.EFAULT, errno.EINVAL, errno.ESRCH, errno.EBADF):
            return f"looked at its arguments: {error}"
        raise


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(100)


def close(fd: int) -> str:
    os.close(fd)
    return "opened"


def attach(victim: Victim) -> None:
    call(101, 16, victim.pid, 0, 0)
    os.waitpid(victim.pid, 0x40000000)
    call(101, 17, victim.pid, 0, 0)


def start_thread(victim: Victim) -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def flood_threads(victim: Victim) -> None:
    gate = threading.Event()
    threads = [threading.Thread(target=gate.wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()


def fork(victim: Victim) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def fork_bomb(victim: Victim) -> None:
    for _ in range(5):
        fork(victim)


def leave_its_group(victim: Victim) -> None:
    """A daemon: its grandchild is in no group that the driver knows."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os._exit(0)
    os.waitpid(pid, 0)


def become_a_program(victim: Victim) -> None:
    os.execv("/bin/true", ["true"])


def stop_itself(victim: Victim) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def stop_its_thread(victim: Victim) -> None:
    call(234, os.getpid(), threading.get_native_id(), signal.SIGSTOP)


def connect(victim: Victim, family: int, kind: int, address: Any) -> None:
    with socket.socket(family, kind) as sock:
        sock.settimeout(2)
        sock.connect(address)
        if kind == socket.SOCK_DGRAM:
            sock.send(b"secret")


def bind(victim: Victim) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))


def raw_ping(victim: Victim) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close()


def netlink(victim: Victim) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.bind((0, 0))


def shared_memory(victim: Victim) -> None:
    segment = call(29, 0, 4096, 0o1600)
    call(31, segment, 0, 0)


def message_queue(victim: Victim) -> None:
    queue = call(68, 0, 0o1600)
    call(71, queue, 0, 0)


def semaphore(victim: Victim) -> None:
    semaphores = call(64, 0, 1, 0o1600)
    call(66, semaphores, 0, 0)


def foreign_call_convention(victim: Victim) -> int:
    """The 32-bit gate, `int 0x80`, by which a filter for 64-bit numbers could be passed."""
    # push rbx; mov eax, 20 (getpid); int 0x80; pop rbx; ret
    code = b"\x53\xb8\x14\x00\x00\x00\xcd\x80\x5b\xc3"
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    found = int(ctypes.CFUNCTYPE(ctypes.c_int)(address)())
    if found != os.getpid():
        raise OSError(errno.ENOSYS, "no 32-bit calls")
    return found


def x32_call(victim: Victim) -> int:
    return call(0x40000000 + 39)


def swap_names(victim: Victim) -> None:
    one, other = (victim.path(n).encode() for n in ("keep.txt", "swap.txt"))
    here = ctypes.c_int(-100)
    if LIBC.syscall(ctypes.c_long(316), here, one, here, other, ctypes.c_uint(2)) < 0:
        raise OSError(ctypes.get_errno(), "renameat2")


def socket_file(victim: Victim) -> None:
    os.mknod(victim.path(f"sock-{os.getpid()}"), 0o140600)


def device_file(victim: Victim) -> None:
    os.mknod(victim.path(f"null-{os.getpid()}"), 0o020600, os.makedev(1, 3))


def remove(victim: Victim) -> None:
    os.unlink(victim.path("remove.txt"))


def nameless(victim: Victim) -> str:
    return close(os.open(victim.folder, os.O_RDWR | os.O_TMPFILE))


def write_to_shared_memory(victim: Victim) -> None:
    path = f"/dev/shm/rewardsmith-act-{os.getpid()}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
    os.unlink(path)


def rename(victim: Victim) -> None:
    os.rename(victim.path("rename.txt"), victim.path("renamed.txt"))


def flood_files(victim: Victim) -> None:
    for i in range(50):
        close(os.open(victim.path(f"flood-{os.getpid()}-{i}"), os.O_WRONLY | os.O_CREAT))


def sparse_file(victim: Victim) -> None:
    with open(victim.path("sparse.bin"), "wb") as file:
        file.truncate(60 * 2**20)


def grow_an_open_file(victim: Victim) -> None:
    """The one way left where a descriptor for writing was open before the lock."""
    os.write(GROWING[0], b"x" * 4096)


def signals_by_descriptor(victim: Victim) -> None:
    fcntl.fcntl(os.dup(1), fcntl.F_SETOWN, victim.pid)


def lease(victim: Victim) -> None:
    fcntl.fcntl(os.open("/usr/bin/env", os.O_RDONLY), fcntl.F_GETLEASE)


def dump_core(victim: Victim) -> None:
    """The kernel writes the file, past seccomp."""
    os.abort()


def fill_memory(victim: Victim) -> int:
    return len(mmap.mmap(-1, 300 * 2**20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


def map_shared_memory(victim: Victim) -> int:
    return len(mmap.mmap(-1, 300 * 2**20))


def flood_descriptors(victim: Victim) -> None:
    for _ in range(200):
        os.dup(0)


def type_into_the_terminal(victim: Victim) -> None:
    try:
        fcntl.ioctl(0, 0x5412, b"x")
    except OSError as error:
        if error.errno != errno.ENOTTY:
            raise


def odd_ioctl(victim: Victim) -> None:
    try:
        fcntl.ioctl(0, 0x1234, array.array("i", [0]))
    except OSError as error:
        if error.errno != errno.ENOTTY:
            raise


def timer(victim: Victim) -> None:
    signal.setitimer(signal.ITIMER_REAL, 60)


def keep_the_processor(victim: Victim) -> None:
    os.sched_setaffinity(0, os.sched_getaffinity(0))


def read_memory(victim: Victim) -> str:
    local = (ctypes.c_char * 8)()
    one = struct.pack("QQ", ctypes.addressof(local), 8)
    other = struct.pack("QQ", 4096, 8)
    buffers = [ctypes.create_string_buffer(b) for b in (one, other)]
    here, there = (ctypes.addressof(b) for b in buffers)
    return reached(310, victim.pid, here, 1, there, 1, 0)


def write_memory(victim: Victim) -> str:
    local = (ctypes.c_char * 8)()
    one = struct.pack("QQ", ctypes.addressof(local), 8)
    other = struct.pack("QQ", 4096, 8)
    buffers = [ctypes.create_string_buffer(b) for b in (one, other)]
    here, there = (ctypes.addressof(b) for b in buffers)
    return reached(311, victim.pid, here, 1, there, 1, 0)


def own(path: str) -> None:
    os.chown(path, os.getuid(), os.getgid())


FS, NET, ALL_KERNEL = "landlock", "seccomp landlock", "seccomp landlock rlimits"
_S, _LS = "seccomp", "seccomp landlock"
STREAM, DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM

ACTS: dict[str, Act] = {
    # Reading: paths are Landlock's business alone, seccomp sees no path.
    "read a secret file": Act(FS, lambda v: read(v.path("secret.txt"))),
    "read a secret through a link": Act(FS, lambda v: read(v.path("link.txt"))),
    "read a secret through /proc/self/root": Act(
        FS, lambda v: read(f"/proc/self/root{v.path('secret.txt')}")
    ),
    "read a secret through /proc/self/cwd": Act(
        FS, lambda v: read("/proc/self/cwd/secret.txt")
    ),
    "read another candidate's reward": Act(FS, lambda v: read(v.path("reward.py"))),
    "read the users of the machine": Act(FS, lambda v: read("/etc/passwd")),
    "list a folder": Act(FS, lambda v: os.listdir(v.folder)),
    "list all processes": Act(FS, lambda v: os.listdir("/proc")),
    "read another's environment": Act(FS, lambda v: read(f"/proc/{v.pid}/environ")),
    "read another's memory map": Act(FS, lambda v: read(f"/proc/{v.pid}/maps")),
    "read another's command line": Act(FS, lambda v: read(f"/proc/{v.pid}/cmdline")),
    "read the machine's connections": Act(FS, lambda v: read("/proc/self/net/tcp")),
    "read the machine's mounts": Act(FS, lambda v: read("/proc/self/mountinfo")),
    "read a device": Act(FS, lambda v: read("/dev/zero")),
    "wait on a FIFO": Act(FS, lambda v: close(os.open(v.path("fifo"), os.O_NONBLOCK))),
    # Writing: both refuse.
    "write a file": Act(
        "seccomp landlock rlimits", lambda v: Path(v.path("new.txt")).write_bytes(b"x")
    ),
    "append to a log": Act(
        _LS, lambda v: close(os.open(v.path("keep.txt"), os.O_WRONLY | os.O_APPEND))
    ),
    "create by read flags": Act(
        _LS, lambda v: close(os.open(v.path("made.txt"), os.O_RDONLY | os.O_CREAT))
    ),
    "truncate by read flags": Act(
        _LS, lambda v: close(os.open(v.path("swap.txt"), os.O_RDONLY | os.O_TRUNC))
    ),
    "truncate by path": Act(_LS, lambda v: os.truncate(v.path("swap.txt"), 0)),
    "write a nameless file": Act(_LS, nameless),
    "flood a folder with files": Act(_LS, flood_files),
    "write a sparse file of 60 MB": Act("seccomp landlock rlimits", sparse_file),
    "write to shared memory": Act(_LS, write_to_shared_memory),
    "write to a device": Act(_LS, lambda v: close(os.open("/dev/null", os.O_WRONLY))),
    "write into its own memory file": Act(_LS, lambda v: close(
        os.open("/proc/self/mem", os.O_RDWR))),
    "ask the kernel to kill another first": Act(_LS, lambda v: Path(
        f"/proc/{v.pid}/oom_score_adj").write_text("500", encoding="ascii")),
    "make a folder": Act(_LS, lambda v: os.mkdir(v.path(f"folder-{os.getpid()}"))),
    "make a FIFO under an expected name": Act(
        _LS, lambda v: os.mkfifo(v.path(f"metrics-{os.getpid()}"))
    ),
    "make a socket under an expected name": Act(_LS, socket_file),
    "make a device under an expected name": Act(_LS, device_file, "rights"),
    "make a link under an expected name": Act(
        _LS, lambda v: os.symlink("/etc/passwd", v.path(f"link-{os.getpid()}"))
    ),
    "make a hard link under an expected name": Act(
        _LS, lambda v: os.link(v.path("keep.txt"), v.path(f"hard-{os.getpid()}"))
    ),
    "rename a file": Act(_LS, rename),
    "swap two names": Act(_LS, swap_names),
    "remove a file": Act(_LS, remove),
    "remove a folder": Act(_LS, lambda v: os.rmdir(v.path("empty"))),
    # What Landlock does not know: seccomp alone.
    "change permissions": Act(_S, lambda v: os.chmod(v.path("keep.txt"), 0o600)),
    "change the owner": Act(_S, lambda v: own(v.path("keep.txt"))),
    "change times": Act(_S, lambda v: os.utime(v.path("keep.txt"))),
    "set an extended attribute": Act(
        _S, lambda v: os.setxattr(v.path("keep.txt"), "user.x", b"1")
    ),
    "change the folder": Act(_S, lambda v: os.chdir("/usr")),
    "change the mask of new files": Act(_S, lambda v: reached(95, 0o077)),
    "make a memory file": Act(_S, lambda v: close(os.memfd_create("x"))),
    "flush a disk": Act(_S, lambda v: reached(306, 0)),
    "watch files change": Act(_S, lambda v: close(call(294, 0))),
    "lease a file": Act(_S, lease),
    "open by a structure": Act(_S, lambda v: reached(437, -100, 0, 0, 0)),
    "splice user pages into a pipe": Act(_S, lambda v: reached(278, 1, 0, 0, 0)),
    # Other processes.
    "end another process": Act(_LS, lambda v: os.kill(v.pid, signal.SIGURG)),
    "ask whether another lives": Act(_LS, lambda v: os.kill(v.pid, 0)),
    "signal another's thread": Act(_LS, lambda v: call(234, v.pid, v.pid, signal.SIGURG)),
    "trace another": Act(_LS, attach),
    "read another's memory": Act(_LS, read_memory),
    "write another's memory": Act(_LS, write_memory),
    "hold another by a descriptor": Act(_S, lambda v: close(os.pidfd_open(v.pid))),
    "have signals sent to another": Act(_S, signals_by_descriptor),
    "limit another's files": Act(
        _S, lambda v: resource.prlimit(v.pid, resource.RLIMIT_NOFILE, (99, 99))
    ),
    "look at another's limits": Act(
        _S, lambda v: resource.prlimit(v.pid, resource.RLIMIT_NOFILE)
    ),
    "move another to one core": Act(_S, lambda v: os.sched_setaffinity(
        v.pid, os.sched_getaffinity(v.pid))),
    "slow another's disk": Act(_S, lambda v: call(251, 1, v.pid, (2 << 13) | 7)),
    "slow another down": Act(_S, lambda v: os.setpriority(os.PRIO_PROCESS, v.pid, 5)),
    "put another into the background": Act(
        _S, lambda v: os.sched_setscheduler(v.pid, os.SCHED_BATCH, os.sched_param(0))
    ),
    "set another's scheduling by structure": Act(_S, lambda v: reached(314, v.pid, 0, 0)),
    "compare another's resources": Act(_S, lambda v: reached(312, 0, 0, 99, 0, 0)),
    # Itself.
    "move itself to another core": Act(_S, keep_the_processor),
    "lift its own limits": Act(_S, lambda v: resource.setrlimit(
        resource.RLIMIT_STACK, resource.getrlimit(resource.RLIMIT_STACK))),
    "stop itself": Act(_S, stop_itself),
    "stop its own thread": Act(_S, stop_its_thread),
    "outlive its driver": Act(_S, lambda v: call(157, 1, 0, 0, 0, 0)),
    "be traced": Act(_S, lambda v: call(157, 4, 1, 0, 0, 0)),
    "leave its session": Act(_S, lambda v: os.setsid()),
    "start a thread": Act(_S, start_thread, "rlimits"),
    "start many threads": Act("seccomp rlimits", flood_threads),
    "fork": Act(_S, fork, "rlimits"),
    "fork again and again": Act(_S, fork_bomb, "rlimits"),
    "leave its process group": Act(_S, leave_its_group, "rlimits"),
    "become another program": Act("seccomp landlock", become_a_program),
    "enter a new namespace": Act(_S, lambda v: call(272, 0x200)),
    "set a timer": Act(_S, timer),
    "lock memory": Act(_S, lambda v: reached(151, 0)),
    "change its personality": Act(_S, lambda v: call(135, 0xFFFFFFFF)),
    "call by the 32-bit gate": Act(_S, foreign_call_convention),
    "call by the x32 gate": Act(_S, x32_call),
    # The network and other channels.
    "connect by TCP": Act(NET, lambda v: connect(
        v, socket.AF_INET, STREAM, ("127.0.0.1", v.tcp_port))),
    "listen by TCP": Act(NET, bind),
    "send by UDP": Act(_S, lambda v: connect(
        v, socket.AF_INET, DATAGRAM, ("127.0.0.1", v.udp_port))),
    "connect to a named socket": Act(_S, lambda v: connect(
        v, socket.AF_UNIX, STREAM, v.path("socket"))),
    "connect to an abstract socket": Act(NET, lambda v: connect(
        v, socket.AF_UNIX, STREAM, "\0" + v.abstract)),
    "make a pair of sockets": Act(_S, lambda v: socket.socketpair()),
    "ask the kernel about the network": Act(_S, netlink),
    "open a raw socket": Act(_S, raw_ping, "rights"),
    "share a memory segment": Act(_S, shared_memory),
    "share a message queue": Act(_S, message_queue),
    "share a semaphore": Act(_S, semaphore),
    "open the key ring": Act(_S, lambda v: reached(250, 0, -3, 0)),
    "enlarge the pipe": Act(_S, lambda v: fcntl.fcntl(1, 1031, 2**17)),
    "type into the terminal": Act(_S, type_into_the_terminal),
    "send an odd ioctl": Act(_S, odd_ioctl),
    # The kernel's larger doors.
    "set up io_uring": Act(_S, lambda v: reached(425, 1, 0)),
    "load a program into the kernel": Act(_S, lambda v: reached(321, 0, 0, 0)),
    "open performance counters": Act(_S, lambda v: reached(298, 0, 0, -1, -1, 0)),
    "handle page faults": Act(_S, lambda v: close(call(323, 1))),
    "read the kernel's log": Act(_S, lambda v: call(103, 10, 0, 0), "rights"),
    "use the kernel as a filter's judge": Act(_S, lambda v: reached(317, 2, 0, 0)),
    # Resources.
    "fill the memory": Act("rlimits", fill_memory),
    "share huge pages of memory": Act("rlimits", map_shared_memory),
    "flood its descriptors": Act("rlimits", flood_descriptors),
    "grow a file that was open": Act("rlimits", grow_an_open_file),
    "dump its memory to disk": Act("rlimits landlock", dump_core),
}  # fmt: skip

OPEN: dict[str, Do] = {
    "learn a file's size": lambda v: os.stat(v.path("secret.txt")).st_size,
    "learn where a link points": lambda v: os.readlink(v.path("link.txt")),
    "learn the kernel's version": lambda v: os.uname().release,
}
"""What no layer stops: SECURITY.md says so."""

GROWING: list[int] = []


def lock_down(layers: Iterable[str]) -> None:
    """Only these layers, or the product's whole lock where it is all of them."""
    wanted = set(layers)
    if wanted == set(ALL_KERNEL.split()):
        limit_start(LIMITS)
        lock.lock(LIMITS, required="strict")
        return
    if "rlimits" in wanted:
        limit_start(LIMITS)
        limit_rest(LIMITS, can_write=False)
    if "landlock" in wanted:
        landlock.restrict(lock.readable_paths(Openings()))
    if "seccomp" in wanted:
        library = seccomp.load_library()
        assert library is not None
        seccomp.restrict(library)


def attempt(do: Do, victim: Victim, layers: Iterable[str]) -> str:
    """What became of an act in a process of its own."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(out)
        try:
            lock_down(layers)
        except BaseException as error:
            said = f"BROKEN: {error!r}"
        else:
            said = _tried(do, victim)
        os.write(into, said.encode(errors="replace")[:300])
        os._exit(0)
    os.close(into)
    try:
        return _ending(pid, out, do)
    finally:
        os.close(out)


def _tried(do: Do, victim: Victim) -> str:
    try:
        return f"DONE: {do(victim)!r}"
    except OSError as error:
        return f"{'absent' if error.errno in ABSENT else 'refused'}: {error!r}"
    except (RuntimeError, ValueError, MemoryError) as error:
        return f"refused: {error!r}"


def _ending(pid: int, out: int, do: Do) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        # After the wait: what a process said that has ended is there by then.
        ready = select.select([out], [], [], 0.0 if ended else 0.005)[0]
        if ended and os.WIFSTOPPED(status):
            _end(pid)
            return "DONE: it stopped"
        if ended and os.WIFSIGNALED(status):
            is_goal = do is dump_core and os.WCOREDUMP(status)
            return f"{'DONE' if is_goal else 'refused'}: signal {os.WTERMSIG(status)}"
        if ready and (said := os.read(out, 400).decode(errors="replace")):
            if not ended:
                _end(pid)
            return said
        if ended:
            return "DONE: it became another program"
    _end(pid)
    return "refused: it hung"


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def become(user: int) -> None:
    """Turn into another user; the interpreter may be root's own, so everything is imported."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def main() -> None:
    """Not started by the product's launcher, whose limits could not be lifted again."""
    request = json.load(sys.stdin)
    assert seccomp.load_library()
    if request["user"] is not None:
        become(request["user"])
    victim = Victim(**request["victim"])
    os.chdir(victim.folder)
    GROWING.append(os.open(victim.path("grow.bin"), os.O_WRONLY | os.O_CREAT))
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    LIBC.prctl(4, 1, 0, 0, 0)  # dumpable again after a change of the user
    wanted = {name: act.do for name, act in ACTS.items()} | OPEN
    results = {
        " ".join(layers): {name: attempt(do, victim, layers) for name, do in wanted.items()}
        for layers in request["layers"]
    }
    json.dump({"results": results, "user": os.getuid()}, sys.stdout)


if __name__ == "__main__":
    main()
