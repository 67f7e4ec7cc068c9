"""One driver a run, and no lock that outlives its driver."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rewardsmith.errors import StoreError
from rewardsmith.store.lock import RunLock

HOLDER = """
import os, subprocess, sys
from pathlib import Path
from rewardsmith.store.lock import RunLock

lock = RunLock(Path(sys.argv[1]))
if sys.argv[2] == "orphan":
    child = subprocess.Popen(["sleep", "60"], close_fds=False, stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    os._exit(0)
print(os.getpid(), flush=True)
sys.stdin.read()
"""


def hold(folder: Path, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_second_driver_is_refused_and_told_who_drives(tmp_path: Path) -> None:
    with hold(tmp_path, "wait") as holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        with pytest.raises(StoreError, match=f"is being driven by process {pid}"):
            RunLock(tmp_path)
    RunLock(tmp_path).release()


def test_second_driver_in_the_same_process_is_refused(tmp_path: Path) -> None:
    lock = RunLock(tmp_path)
    with pytest.raises(StoreError, match=f"process {os.getpid()}"):
        RunLock(tmp_path)
    lock.release()
    RunLock(tmp_path).release()


def test_child_that_outlives_its_driver_does_not_keep_the_run_locked(tmp_path: Path) -> None:
    with hold(tmp_path, "orphan") as driver:
        assert driver.stdout is not None
        orphan = int(driver.stdout.readline())
        driver.wait()
    try:
        os.kill(orphan, 0)
        RunLock(tmp_path).release()
    finally:
        os.kill(orphan, signal.SIGKILL)


def test_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fd: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError, match="has no locks"):
        RunLock(tmp_path)
