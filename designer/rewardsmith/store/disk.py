"""Calls to the file system, with refusals that say what to do next.

It knows nothing of runs. Every `OSError` leaves this room as a `StoreError` of one line.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rewardsmith.errors import StoreError

MAX_BYTES = 2**31
"""Largest file that is read back; a checkpoint with its replay buffer is far smaller."""

_NO_SURPRISE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_RIGHT = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def refusing(path: Path, action: str) -> Iterator[None]:
    """Turn an `OSError` of the block into a `StoreError` about `path`."""
    try:
        yield
    except OSError as error:
        raise StoreError(wording(path, action, error)) from error


def wording(path: Path, action: str, error: OSError) -> str:
    """Say in one line what failed, where, and what to do next."""
    if error.errno in _NO_SPACE:
        why, remedy = "no space is left", f"Free space, then `{_resume(path)}`."
    elif error.errno in _NO_RIGHT:
        why, remedy = "it is read-only", f"Make it writable, then `{_resume(path)}`."
    elif error.errno == errno.ENOENT:
        why, remedy = "it does not exist", "Check the path."
    else:
        why, remedy = error.strerror or str(error), f"Mend that, then `{_resume(path)}`."
    return f"Cannot {action} {str(path)!r}: {why}. {remedy}"


def run_folder_of(path: Path) -> Path | None:
    """The run folder that `path` lies in; None when it lies in none."""
    for folder in (path, *path.parents):
        if (folder / "run.json").is_file():
            return folder
    return None


def sync_folder(folder: Path) -> None:
    """Make a new or renamed entry of `folder` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def replace_file(path: Path, blob: bytes) -> None:
    """Write `path` whole or not at all: a temporary name, fsync, rename.

    Raises:
        StoreError: The disk is full or read-only.
    """
    partial = path.with_name(f".{path.name}.part")
    with refusing(path, "write"):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_synced(partial, blob)
            os.replace(partial, path)
            sync_folder(path.parent)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise


def read_regular(path: Path) -> bytes:
    """All of a regular file: no link, FIFO or device under its name is followed or waited for.

    Raises:
        StoreError: It is none, it is larger than `MAX_BYTES`, or it cannot be read.
    """
    with refusing(path, "read"):
        fd = os.open(path, os.O_RDONLY | _NO_SURPRISE)
        with os.fdopen(fd, "rb") as file:
            size = _regular(fd, path).st_size
            if size > MAX_BYTES:
                raise StoreError(f"{str(path)!r} has {size} bytes; the limit is {MAX_BYTES}.")
            return file.read(MAX_BYTES)


def open_regular(path: Path, flags: int) -> int:
    """Open or create a file of this run's own for writing; nothing is cut off.

    Raises:
        StoreError: It is no regular file, or has a second name elsewhere.
    """
    with refusing(path, "write"):
        fd = os.open(path, flags | os.O_CREAT | _NO_SURPRISE, 0o644)
        try:
            if _regular(fd, path).st_nlink > 1:
                raise StoreError(
                    f"{str(path)!r} has a second name elsewhere (a hard link), which would be "
                    "written to as well. Put a copy in its place."
                )
        except BaseException:
            os.close(fd)
            raise
        return fd


def _regular(fd: int, path: Path) -> os.stat_result:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise StoreError(f"{str(path)!r} is not a regular file. Restore it from a copy.")
    return status


def write_all(fd: int, blob: bytes) -> None:
    """Write all of `blob`; a short write that cannot be completed raises."""
    view = memoryview(blob)
    while view:
        view = view[os.write(fd, view) :]


def _write_synced(path: Path, blob: bytes) -> None:
    path.unlink(missing_ok=True)  # what a crash left, or a link that somebody put there
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        write_all(fd, blob)
        os.fsync(fd)
    finally:
        os.close(fd)


def _resume(path: Path) -> str:
    folder = run_folder_of(path)
    return f"rewardsmith resume {folder.name if folder else 'RUN'}"
