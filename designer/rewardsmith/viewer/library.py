"""The runs below one folder, opened for reading and kept while their files do not change.

Invariant: a name that comes from outside leads to a real folder directly below the runs folder
that holds a `run.json`, or nowhere; links lead nowhere.
"""

import os
import stat
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rewardsmith.errors import StoreError
from rewardsmith.store.artifacts import inside
from rewardsmith.store.calls import CALLS_FILE
from rewardsmith.store.journal import Reading, read_sound
from rewardsmith.store.layout import EVENTS_FILE, RUN_FILE
from rewardsmith.store.run import Run
from rewardsmith.viewer.calls import Calls, calls_of
from rewardsmith.viewer.index import Index, index_of

KEPT_RUNS: Final = 16
"""Opened runs that are kept in memory."""

Stamp = tuple[int, int]
"""Size and time of change of a file, in bytes and nanoseconds; zeros when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A run as it was at one moment."""

    run: Run
    index: Index
    problem: str = ""
    """What is wrong with its journal after the last event that could be read."""
    stamp: Stamp = (0, 0)
    """Of the journal."""


@dataclass(slots=True)
class _Shelf:
    reading: Reading
    opened: Opened
    inode: int


@dataclass(slots=True)
class _CallShelf:
    reading: Reading
    calls: Calls
    stamp: Stamp
    inode: int


@dataclass(slots=True)
class Library:
    """Opens the runs below `runs_dir`; safe to use from several threads."""

    runs_dir: Path
    _shelves: OrderedDict[str, _Shelf] = field(default_factory=OrderedDict)
    _calls: OrderedDict[str, _CallShelf] = field(default_factory=OrderedDict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def folder(self, name: str) -> Path | None:
        """The run folder called `name`; None when there is none."""
        if not name or name in (".", "..") or any(c in name for c in "/\\\0"):
            return None
        folder = self.runs_dir / name
        return folder if is_run(folder) else None

    def open(self, folder: Path) -> Opened:
        """The run in `folder`, read anew only where its journal has grown.

        Raises:
            StoreError: It is damaged beyond its journal, or comes from a newer rewardsmith.
        """
        with self._turn:
            status = _status(folder / EVENTS_FILE)
            stamp = stamp_of(status)
            shelf = self._shelves.get(folder.name)
            if shelf is not None and shelf.opened.stamp == stamp:
                self._shelves.move_to_end(folder.name)
                return shelf.opened
            inode = status.st_ino if status else 0
            known = shelf.reading if shelf is not None and shelf.inode == inode else None
            shelf = _read(folder, stamp, inode, known)
            self._shelves[folder.name] = shelf
            while len(self._shelves) > KEPT_RUNS:
                self._shelves.popitem(last=False)
            return shelf.opened

    def calls(self, folder: Path) -> Calls:
        """The calls to models of the run in `folder`, read anew only where there are more."""
        path = folder / CALLS_FILE
        with self._turn:
            status, shelf = _status(path), self._calls.get(folder.name)
            if status is None:
                return Calls()
            stamp = stamp_of(status)
            if shelf is None or (shelf.stamp, shelf.inode) != (stamp, status.st_ino):
                known = shelf.reading if shelf and shelf.inode == status.st_ino else None
                try:
                    reading = read_sound(path, known)
                except StoreError as error:
                    return Calls(problem=str(error))
                shelf = _CallShelf(reading, calls_of(reading), stamp, status.st_ino)
                self._calls[folder.name] = shelf
            self._calls.move_to_end(folder.name)
            while len(self._calls) > KEPT_RUNS:
                self._calls.popitem(last=False)
            return shelf.calls


def is_run(folder: Path) -> bool:
    """Whether `folder` is a run of ours; a link to one is not."""
    try:
        return stat.S_ISDIR(folder.lstat().st_mode) and (folder / RUN_FILE).is_file()
    except (OSError, ValueError):
        return False


def regular_file(root: Path, relative: str) -> Path | None:
    """The file `relative` of the run in `root`; None when there is none; a link is none."""
    try:
        path = inside(root, relative)
        return path if stat.S_ISREG(path.lstat().st_mode) else None
    except (StoreError, OSError, ValueError):
        return None


def file_stamp(path: Path) -> Stamp:
    """Size and time of change of a file."""
    return stamp_of(_status(path))


def stamp_of(status: os.stat_result | None) -> Stamp:
    """Size and time of change; zeros when there is no file."""
    return (status.st_size, status.st_mtime_ns) if status else (0, 0)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


def _read(folder: Path, stamp: Stamp, inode: int, known: Reading | None) -> _Shelf:
    path = folder / EVENTS_FILE
    reading = read_sound(path, known) if inode else Reading(events=(), n_bytes=0)
    run = Run.read(folder, events=reading.events)
    problem = reading.problem if inode else "The run holds no journal yet."
    opened = Opened(run=run, index=index_of(run), problem=problem, stamp=stamp)
    return _Shelf(reading=reading, opened=opened, inode=inode)
