"""The append-only journal: one event, one line, one write.

A line is `{"seq", "crc", "time", "event", "key", "data"}`; `crc` is the CRC-32 of the canonical
JSON of the other five. It detects damage, not tampering. Invariant: every line but a torn last
one is whole, and the sequence numbers run from 0 without a gap.
"""

import os
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rewardsmith.errors import StoreError
from rewardsmith.store import disk, spelling

_FIELDS = {"seq", "crc", "time", "event", "key", "data"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened in a run."""

    seq: int
    """Position in the journal, from 0."""
    time: str
    """ISO 8601, UTC, milliseconds."""
    event: str
    key: Mapping[str, Any]
    """What it concerns: `candidate`, `iteration`, `seed`, ...; JSON values."""
    data: Mapping[str, Any]
    """What is to be remembered; JSON values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a journal holds."""

    events: tuple[Event, ...]
    n_bytes: int
    """Length of the whole lines; what follows in the file is a torn tail."""
    problem: str = ""
    """What is wrong with the line after the last event; empty when nothing is."""


def read_journal(path: Path) -> Reading:
    """Read every whole line of the journal at `path`; a torn tail is left out.

    Raises:
        StoreError: The file cannot be read, or a line that is not the torn last one is damaged.
    """
    reading = _read(path, None, verified=True)
    if reading.problem:
        raise StoreError(reading.problem)
    return reading


def read_sound(path: Path, known: Reading | None = None) -> Reading:
    """Read the journal at `path` up to its first damaged line, for who only looks on.

    Twice as fast as `read_journal`: lines have to be whole and in sequence, but their checksums
    are left to who drives the run.

    Args:
        path: The journal's.
        known: What was read of the same file before; only what follows is parsed.

    Raises:
        StoreError: The file cannot be read.
    """
    return _read(path, known, verified=False)


def _read(path: Path, known: Reading | None, *, verified: bool) -> Reading:
    blob = disk.read_regular(path)
    if known is None or known.problem or len(blob) < known.n_bytes:
        known = Reading(events=(), n_bytes=0)
    new: list[Event] = []
    n_bytes, problem = known.n_bytes, ""
    for line in blob[n_bytes : blob.rfind(b"\n") + 1].split(b"\n")[:-1]:
        try:
            number = len(known.events) + len(new)
            new.append(_parse(line, number, path, verified=verified))
        except StoreError as error:
            problem = str(error)
            break
        n_bytes += len(line) + 1
    return Reading(events=(*known.events, *new), n_bytes=n_bytes, problem=problem)


class Journal:
    """A journal open for appending, by one process; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal at `path` and cut off a torn tail.

        Raises:
            StoreError: It cannot be written, or an inner line is damaged.
        """
        self.path = path
        self._fd = disk.open_regular(path, os.O_RDWR | os.O_APPEND)
        try:
            reading = read_journal(path)
            self._cut(reading.n_bytes)
        except BaseException:
            self.close()
            raise
        self.events = reading.events
        """What the journal held when it was opened."""
        self._n_events = len(reading.events)
        self._n_bytes = reading.n_bytes
        self._turn = threading.Lock()
        self._is_broken = False

    def append(
        self, event: str, key: Mapping[str, Any], data: Mapping[str, Any], *, sync: bool = True
    ) -> Event:
        """Write one event and, with `sync`, return only when it is on the disk.

        Raises:
            StoreError: The disk is full or read-only. The journal is then as it was before, and
                accepts nothing more until it is opened anew.
        """
        with self._turn:
            if self._is_broken:
                raise StoreError(
                    f"{str(self.path)!r} failed to write before and is closed. Resume the run."
                )
            entry = Event(seq=self._n_events, time=_now(), event=event, key=key, data=data)
            self._write(_line(entry), sync=sync)
            self._n_events += 1
            return entry

    def close(self) -> None:
        """Close the file; nothing can be appended afterwards."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, line: bytes, *, sync: bool) -> None:
        try:
            disk.write_all(self._fd, line)
            if sync:
                os.fsync(self._fd)
        except OSError as error:
            # After a failed fsync the kernel may have dropped the pages: never write on as if not.
            self._is_broken = True
            with suppress(OSError):
                os.ftruncate(self._fd, self._n_bytes)
            raise StoreError(disk.wording(self.path, "write", error)) from error
        self._n_bytes += len(line)

    def _cut(self, n_bytes: int) -> None:
        with disk.refusing(self.path, "write"):
            if os.fstat(self._fd).st_size != n_bytes:
                os.ftruncate(self._fd, n_bytes)
                os.fsync(self._fd)
            disk.sync_folder(self.path.parent)


def _line(entry: Event) -> bytes:
    body = _body(entry)
    return spelling.one_line({"seq": entry.seq, "crc": _checksum(body)} | body)


def _parse(line: bytes, number: int, path: Path, *, verified: bool) -> Event:
    try:
        body = spelling.parse_marked(line) if verified else spelling.parse_quickly(line)
        if not isinstance(body, dict) or set(body) != _FIELDS:
            raise ValueError("it is not an event")
        crc = body.pop("crc")
        if verified and crc != f"{zlib.crc32(spelling.canonical_marked(body)):08x}":
            raise ValueError("its checksum does not match")
        if b'"number"' in line:  # else nothing is marked: most lines, and the walk is slow
            body = spelling.unmarked(body)
        if body["seq"] != number:
            raise ValueError(f"its sequence number is {body['seq']!r}, expected {number}")
        return Event(**body)
    except (ValueError, TypeError) as error:
        raise StoreError(
            f"{str(path)!r}, line {number + 1} is damaged: {error}. Restore the file from a copy, "
            f"or cut it before that line (`head -n {number}`) and resume the run from there."
        ) from error


def _body(entry: Event) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "time": entry.time,
        "event": entry.event,
        "key": dict(entry.key),
        "data": dict(entry.data),
    }


def _checksum(body: Mapping[str, Any]) -> str:
    return f"{zlib.crc32(spelling.canonical(body)):08x}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
