"""The list of runs: one line a run, from the ends of its journal's lines, which are not parsed.

A run's page reads its journal in full; a list of a thousand cannot. What is found is kept until the
journal changes, and one request spends a bounded time on runs it does not know yet.
"""

import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from rewardsmith.errors import StoreError
from rewardsmith.store import disk
from rewardsmith.store.calls import CALLS_FILE
from rewardsmith.store.layout import EVENTS_FILE, RUN_FILE
from rewardsmith.store.manifest import read_manifest
from rewardsmith.viewer.library import Stamp, file_stamp, is_run

BUDGET_S: Final = 0.25
"""CPU-seconds that one request spends on runs that are not known yet."""

Status = Literal["running", "ended", "stopped", "unreadable", "unknown"]
SortKey = Literal["run", "started", "status", "env", "candidates", "fitness", "success", "cpu"]

_TAIL: Final = 400
"""Bytes at the end of a line in which its numbers stand."""
_NUMBER: Final = rb"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|null|\{\"number\":\"[^\"]*\"\})"
_CLOSED: Final = re.compile(
    rb'"score":' + _NUMBER + rb',"steps":(\d+),"cpu_s":' + _NUMBER + rb',"trainings":(\d+)\}\}\}$'
)
_OUTCOME: Final = re.compile(rb',"outcome":"([a-z_]+)","text":')
_SEARCH_CPU: Final = re.compile(rb'"search_cpu_s":' + _NUMBER)
_REASON: Final = re.compile(rb'"reason":"((?:[^"\\]|\\.)*)"')
_COST: Final = re.compile(rb'"cost_usd":([0-9.e+-]+)\}\}$')


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run of the list."""

    name: str
    status: Status = "unknown"
    """`unknown` until its journal was looked at."""
    problem: str = ""
    """Why it is unreadable."""
    env: str = ""
    task: str = ""
    instruction: str = ""
    created: str = ""
    changed_ns: int = 0
    """Time of the last event."""
    n_candidates: int = 0
    n_closed: int = 0
    fitness: float | None = None
    """Best selection score; higher is better."""
    success: float | None = None
    """Success rate of the final claim's winner, in [0, 1]."""
    cpu_s: float = 0.0
    """CPU-seconds of the search."""
    cost_usd: float | None = None
    """What its calls to models cost; None when it asked none."""
    reason: str = ""
    """Why it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The runs folder at one moment."""

    entries: tuple[Entry, ...]
    n_unknown: int
    """Runs that were not looked at yet."""
    strangers: tuple[str, ...]
    """Folders that are no runs; they are left alone."""


@dataclass(slots=True)
class Catalogue:
    """Lists the runs below `runs_dir`; safe to use from several threads."""

    runs_dir: Path
    _known: dict[str, tuple[tuple[Stamp, Stamp, Stamp], Entry]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def listing(self, *, budget_s: float = BUDGET_S) -> Listing:
        """Every run, newest first; runs beyond the budget are `unknown` until asked again."""
        with self._turn:
            ours, strangers = _folders(self.runs_dir)
            deadline = time.process_time() + budget_s
            driven = driven_inodes()
            entries = [self._entry(folder, deadline, driven) for folder in ours]
        unknown = sum(entry.status == "unknown" for entry in entries)
        return Listing(entries=tuple(entries), n_unknown=unknown, strangers=strangers)

    def _entry(self, folder: Path, deadline: float, driven: frozenset[int] | None) -> Entry:
        stamps = (
            file_stamp(folder / RUN_FILE),
            file_stamp(folder / EVENTS_FILE),
            file_stamp(folder / CALLS_FILE),
        )
        known = self._known.get(folder.name)
        if known is None or known[0] != stamps:
            if time.process_time() > deadline:
                return Entry(name=folder.name)
            known = stamps, read_entry(folder)
            self._known[folder.name] = known
        entry = replace(known[1], changed_ns=stamps[1][1])
        if entry.status == "stopped" and is_driven(folder, driven):
            return replace(entry, status="running")
        return entry


def ordered(entries: tuple[Entry, ...], key: SortKey, *, descending: bool) -> tuple[Entry, ...]:
    """The entries by one column; what has no value there comes last."""

    def value(entry: Entry) -> tuple[bool, float | str]:
        found: Mapping[SortKey, float | str | None] = {
            "run": entry.name,
            "started": entry.created,
            "status": entry.status,
            "env": f"{entry.env} {entry.task}",
            "candidates": float(entry.n_candidates),
            "fitness": entry.fitness,
            "success": entry.success,
            "cpu": entry.cpu_s,
        }
        one = found[key]
        return (one is not None) == descending, 0.0 if one is None else one

    return tuple(sorted(entries, key=value, reverse=descending))


def read_entry(folder: Path) -> Entry:
    """Look at one run."""
    try:
        manifest = read_manifest(folder)
        path, calls = folder / EVENTS_FILE, folder / CALLS_FILE
        journal = disk.read_regular(path) if path.exists() else b""
        spent = _spent(disk.read_regular(calls)) if calls.exists() else None
    except StoreError as error:
        return Entry(name=folder.name, status="unreadable", problem=str(error))
    entry = Entry(
        name=folder.name,
        status="stopped",
        env=Path(manifest.task.env).name,
        task=manifest.task.name,
        instruction=manifest.task.instruction,
        created=manifest.created,
        cost_usd=spent,
    )
    return _with_journal(entry, journal)


def driven_inodes() -> frozenset[int] | None:
    """Files that some process has locked with `flock`; None where the kernel does not say.

    Read from `/proc/locks`: to try the lock itself could take it from a driver that is starting.
    """
    try:
        lines = Path("/proc/locks").read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    held = (line.split() for line in lines)
    places = (words[5] for words in held if len(words) > 5 and words[1] == "FLOCK")
    return frozenset(int(p.rpartition(":")[2]) for p in places if p.rpartition(":")[2].isdigit())


def is_driven(folder: Path, driven: frozenset[int] | None = None) -> bool:
    """Whether a process drives the run in `folder` now."""
    if driven is None:
        driven = driven_inodes()
    try:
        return driven is not None and (folder / "run.lock").lstat().st_ino in driven
    except OSError:
        return False


def _folders(runs_dir: Path) -> tuple[list[Path], tuple[str, ...]]:
    ours: list[Path] = []
    strangers: list[str] = []
    try:
        found = sorted(os.scandir(runs_dir), key=lambda entry: entry.name, reverse=True)
    except OSError:
        return [], ()
    for entry in found:
        if entry.is_dir() and not entry.name.startswith("."):
            folder = runs_dir / entry.name
            if is_run(folder):
                ours.append(folder)
            else:
                strangers.append(entry.name)
    return ours, tuple(reversed(strangers))


def _with_journal(entry: Entry, journal: bytes) -> Entry:
    scores, cpu_s, n_closed = _closed(journal)
    claim = _last_line(journal, b'"event":"report_ready"')
    search_cpu = _SEARCH_CPU.search(claim)
    ended = _last_line(journal, b'"event":"run_ended"')
    reason = _REASON.search(ended)
    return replace(
        entry,
        status="ended" if ended else "stopped",
        n_candidates=journal.count(b'"event":"candidate_proposed"'),
        n_closed=n_closed,
        fitness=_winner(scores),
        success=_claimed_success(claim),
        cpu_s=_float(search_cpu[1]) or cpu_s if search_cpu else cpu_s,
        reason=reason[1].decode("utf-8", "replace") if reason else "",
    )


def _closed(journal: bytes) -> tuple[list[tuple[int, bool, float]], float, int]:
    """Of every closed candidate with a score: trainings, whether it was trained, score."""
    scores, cpu_s, n_closed, at = list[tuple[int, bool, float]](), 0.0, 0, 0
    while (at := journal.find(b'"event":"candidate_closed"', at)) >= 0:
        end = journal.find(b"\n", at)
        if end < 0:
            break
        numbers = _CLOSED.search(journal, max(at, end - _TAIL), end)
        outcome = _OUTCOME.search(journal, at, end)
        n_closed, at = n_closed + 1, end
        if numbers is None:
            continue
        cpu_s += _float(numbers[3]) or 0.0
        score = _float(numbers[1])
        if score is not None:
            is_trained = bool(outcome and outcome[1] == b"trained")
            scores.append((int(numbers[4]), is_trained, score))
    return scores, cpu_s, n_closed


def _winner(scores: list[tuple[int, bool, float]]) -> float | None:
    """As `messages.History.best` chooses: of those with most trainings the highest."""
    trained = [(n, score) for n, is_trained, score in scores if is_trained]
    most = max((n for n, _ in trained), default=0)
    eligible = [score for n, score in trained if n == most] or [s for _, _, s in scores]
    return max(eligible, default=None)


def _claimed_success(claim: bytes) -> float | None:
    at = claim.rfind(b'"name":"final"')
    found = re.search(rb'"success_rate":\[([^\]]*)\]', claim[at:]) if at >= 0 else None
    values = [_float(value) for value in found[1].split(b",")] if found else []
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _last_line(journal: bytes, mark: bytes) -> bytes:
    at = journal.rfind(mark)
    end = journal.find(b"\n", at) if at >= 0 else -1
    return journal[at:end] if end >= 0 else b""


def _spent(calls: bytes) -> float:
    lines = (line for line in calls.split(b"\n") if b'"event":"received"' in line[:120])
    costs = (_COST.search(line, max(0, len(line) - _TAIL)) for line in lines)
    return sum(_float(cost[1]) or 0.0 for cost in costs if cost)


def _float(written: bytes) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None
