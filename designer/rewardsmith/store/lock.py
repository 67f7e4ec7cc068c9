"""The run lock: one driver a run.

It is `flock` on `run.lock`: the kernel releases it when the driver dies, so no stale lock needs
breaking. Limits: it guards against a second rewardsmith, not against other programs, and it is
only as good as the file system's `flock` (network file systems differ).
"""

import errno
import fcntl
import os
from pathlib import Path

from rewardsmith.errors import StoreError
from rewardsmith.store import disk

_NO_FLOCK = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


class RunLock:
    """Holds the lock of one run folder from construction until `release`."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            StoreError: Another process holds it, or the folder cannot be written.
        """
        self._path = folder / "run.lock"
        with disk.refusing(self._path, "lock"):
            # Close-on-exec: a worker that outlives its driver must not keep the run locked.
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._fd = os.open(self._path, flags, 0o644)
        try:
            self._take()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let another driver have the run; the file stays."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _take(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(self._held_by(os.pread(self._fd, 32, 0))) from error
        except OSError as error:
            raise StoreError(_unlockable(self._path, error)) from error
        with disk.refusing(self._path, "lock"):
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode("ascii"), 0)

    def _held_by(self, written: bytes) -> str:
        pid = written.strip().decode("ascii", "replace")
        who = f"process {pid}" if pid.isdigit() else "another process"
        return (
            f"Run {self._path.parent.name!r} is being driven by {who}. Wait until it ends, or stop "
            "it; the viewer looks on without driving."
        )


def _unlockable(path: Path, error: OSError) -> str:
    if error.errno in _NO_FLOCK:
        return (
            f"The file system of {str(path)!r} has no locks, so two drivers could not be kept "
            "apart. Put the runs on a local disk with `--runs-dir`."
        )
    return disk.wording(path, "lock", error)
