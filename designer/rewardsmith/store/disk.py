"""Calls to the file system, with refusals that say what to do next.

It knows nothing of runs. Every `OSError` leaves this room as a `StoreError` of one line.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rewardsmith.errors import StoreError

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


def write_all(fd: int, blob: bytes) -> None:
    """Write all of `blob`; a short write that cannot be completed raises."""
    view = memoryview(blob)
    while view:
        view = view[os.write(fd, view) :]


def _write_synced(path: Path, blob: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(path, flags, 0o644)
    try:
        write_all(fd, blob)
        os.fsync(fd)
    finally:
        os.close(fd)


def _resume(path: Path) -> str:
    folder = run_folder_of(path)
    return f"rewardsmith resume {folder.name if folder else 'RUN'}"
