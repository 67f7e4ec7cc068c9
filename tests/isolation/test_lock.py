import json
import sys
from pathlib import Path

import pytest

from rewardsmith.isolation import landlock, lock, seccomp
from rewardsmith.isolation.limits import (
    Limits,
    Openings,
    limits_from,
    openings_from,
    to_plain,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


@linux
def test_library_knows_every_system_call_of_the_list() -> None:
    library = seccomp.load_library()
    if library is None:
        pytest.skip("no libseccomp here")
    names = seccomp.allowed_names(can_write=True, network=True)
    unknown = [n for n in names if library.resolve_syscall(library.Arch.NATIVE, n) == -1]
    assert unknown == []


@linux
def test_misspelt_system_call_is_an_error() -> None:
    library = seccomp.load_library()
    if library is None:
        pytest.skip("no libseccomp here")
    with pytest.raises(seccomp.SyscallUnknown, match="prlimit64_other"):
        seccomp.restrict(library, extra_syscalls=["prlimit64_other"])


def test_list_holds_nothing_that_reaches_other_processes_or_files() -> None:
    dangerous = """clone fork vfork execve execveat kill tkill pidfd_open pidfd_send_signal ptrace
        process_vm_readv process_vm_writev socket connect sendto mkdir unlink rename truncate
        memfd_create prctl sched_setaffinity setpriority ioprio_set setrlimit io_uring_setup bpf
        mount unshare setns shmget mq_open keyctl openat2 chmod sched_setattr setuid seccomp"""
    assert not set(dangerous.split()) & set(seccomp.allowed_names())


def test_machine_without_landlock_and_seccomp_is_said_to_have_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    monkeypatch.setattr(seccomp, "load_library", lambda: None)
    monkeypatch.setattr(lock, "limit_rest", lambda *a, **k: done.append("limits"))
    monkeypatch.setattr(lock, "_forbid_gaining", lambda: done.append("privileges"))
    report = lock.lock(Limits())
    assert report.level == "none"
    assert {"no Landlock on this system", "no seccomp library on this system"} <= {*report.notes}
    assert done == ["limits", "privileges"]
    with pytest.raises(lock.LockError, match=r"'partial' is required: .*no Landlock"):
        lock.lock(Limits(), required="partial")


@pytest.mark.parametrize(
    ("openings", "note"),
    [
        (Openings(scratch="/tmp/x"), "a scratch folder is writable"),
        (Openings(network=True), "the network is open"),
    ],
)
def test_what_an_environment_opens_lowers_the_level(
    monkeypatch: pytest.MonkeyPatch, openings: Openings, note: str
) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 7)
    monkeypatch.setattr(landlock, "restrict", lambda *a, **k: 7)
    monkeypatch.setattr(seccomp, "load_library", lambda: object())
    monkeypatch.setattr(seccomp, "restrict", lambda *a, **k: None)
    monkeypatch.setattr(lock, "limit_rest", lambda *a, **k: None)
    monkeypatch.setattr(lock, "_forbid_gaining", lambda: None)
    monkeypatch.setattr(lock, "_thread_notes", list)
    assert lock.lock(Limits()).level == "strict"
    report = lock.lock(Limits(), openings=openings)
    assert report.level == "partial"
    assert report.notes == (note,)


def test_the_root_folder_is_never_readable() -> None:
    assert Path("/") not in lock.readable_paths(Openings(read=("/",)))


def test_limits_and_openings_travel_as_json() -> None:
    limits = Limits(cpu_s=3, memory_bytes=None)
    openings = Openings(import_paths=("/a",), read=("/b", "/c"), scratch="/d", network=True)
    sent = json.loads(json.dumps({"l": to_plain(limits), "o": to_plain(openings)}))
    assert limits_from(sent["l"]) == limits
    assert openings_from(sent["o"]) == openings


def test_limits_that_leave_no_room_are_refused() -> None:
    with pytest.raises(ValueError, match="room for an interpreter"):
        Limits(cpu_s=0)
    with pytest.raises(ValueError, match="64 MiB"):
        Limits(memory_bytes=1000)
