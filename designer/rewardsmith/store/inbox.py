"""Files of a run that people and their commands append to, beside its driver.

One line is one JSON object and one write, under a lock of the file, so that several may write at
once. The driver never writes them; it reads them at recorded points.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rewardsmith.errors import StoreError
from rewardsmith.store import disk, spelling
from rewardsmith.store.artifacts import inside, read_artifact
from rewardsmith.store.layout import RUN_FILE


class Lines(NamedTuple):
    """Whole lines of a file and how far it was read."""

    lines: tuple[tuple[int, bytes], ...]
    """(number from 1, content without its end)."""
    up_to_line: int


def read_lines(folder: Path, name: str, *, after_line: int) -> Lines:
    """Read the whole lines of `name` behind line `after_line` (0 for all).

    Raises:
        StoreError: The file is no regular file, or cannot be read.
    """
    if not (folder / name).exists():
        return Lines((), after_line)
    whole = read_artifact(folder, name).split(b"\n")[:-1]
    new = tuple(enumerate(whole[after_line:], start=after_line + 1))
    return Lines(new, max(after_line, len(whole)))


def parsed(line: bytes) -> dict[str, Any] | None:
    """The JSON object that a line holds; None when it holds none."""
    try:
        content = spelling.parse(line.decode("utf-8"))
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def append_line(folder: Path, name: str, content: dict[str, Any]) -> None:
    """Add `content` as the last line of the run's file `name`.

    Raises:
        StoreError: `folder` is no run, or the file cannot be written.
    """
    with appending(folder, name) as append:
        append(content)


class Append:
    """Writes lines to a file whose lock is held."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __call__(self, content: dict[str, Any]) -> None:
        """Add one line; it is on the disk afterwards."""
        disk.write_all(self._fd, _line_end_before(self._fd) + spelling.one_line(content))
        os.fsync(self._fd)


@contextmanager
def appending(folder: Path, name: str) -> Iterator[Append]:
    """Hold the lock of the run's file `name`, for who has to read it before adding to it.

    Raises:
        StoreError: `folder` is no run, or the file cannot be written.
    """
    if not (folder / RUN_FILE).is_file():
        raise StoreError(f"{str(folder)!r} is not a run: it holds no {RUN_FILE}.")
    path = inside(folder, name)
    with disk.refusing(path, "write"):
        fd = disk.open_regular(path, os.O_RDWR | os.O_APPEND)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield Append(fd)
        finally:
            os.close(fd)


def _line_end_before(fd: int) -> bytes:
    """A line end where an editor has left none: two entries on one line would be none."""
    size = os.fstat(fd).st_size
    return b"\n" if size and os.pread(fd, 1, size - 1) != b"\n" else b""
