"""A run: its folder, what happened in it, and the only way to write to it.

`Run.create` and `Run.open` drive a run and hold its lock; `Run.read` looks on. Invariant: what
`record` returned from is on the disk, and an artifact is there before the event that names it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rewardsmith.errors import StoreError
from rewardsmith.messages import (
    CandidateId,
    Edit,
    Feedback,
    History,
    Iteration,
    MetricPoint,
    Task,
    Trajectory,
)
from rewardsmith.store import artifacts, disk, layout, spelling, trajectories
from rewardsmith.store.codec import dump, load
from rewardsmith.store.edits import read_edits
from rewardsmith.store.events import UNSYNCED, EventName, written_key
from rewardsmith.store.journal import Event, Journal, read_journal
from rewardsmith.store.lock import RunLock
from rewardsmith.store.manifest import Manifest, manifest_bytes, read_manifest
from rewardsmith.store.metrics import MetricsFile, read_metrics
from rewardsmith.store.past import history_of
from rewardsmith.store.readable import readable_files
from rewardsmith.store.remarks import read_remarks
from rewardsmith.store.tensorboard import EventFile


class Run:
    """One run folder."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        lock: RunLock | None,
        events: Sequence[Event] | None = None,
    ) -> None:
        """Use `create`, `open` or `read` instead."""
        self.folder = folder
        self.manifest = manifest
        self._lock = lock
        self._journal = Journal(folder / layout.EVENTS_FILE) if lock else None
        self._events: list[Event] = list(self._past_events() if events is None else events)
        self._latest = {_address(e.event, e.key): e for e in self._events}
        self._settle_task()
        self._listeners: list[Callable[[Event], None]] = []
        self._plots: dict[Path, EventFile] = {}
        self._metric_listeners: list[Callable[[str, int, MetricPoint], None]] = []
        self._metrics: dict[Path, MetricsFile] = {}

    @classmethod
    def create(
        cls,
        runs_dir: Path,
        *,
        name: str,
        config: Mapping[str, Any],
        task: Task,
        versions: Mapping[str, str],
        card: bytes | None = None,
    ) -> Self:
        """Make a new run folder below `runs_dir`, take its lock and record `run_started`.

        Args:
            runs_dir: Made if missing; what else lies there is left alone.
            name: Words for the run's id, usually environment and task.
            config: The resolved configuration, JSON values.
            task: What is to be learnt.
            versions: Of rewardsmith and what it stands on, by distribution name.
            card: The environment's card, where it was drafted for this run: it is kept in the run,
                and the task refers to it from then on.

        Raises:
            StoreError: The disk is full or read-only.
        """
        now = datetime.now(UTC)
        folder = _new_folder(runs_dir, now, name)
        if card is not None:
            disk.replace_file(folder / layout.CARD_FILE, card)
            task = replace(task, env=layout.CARD_FILE)
        manifest = Manifest(
            id=folder.name,
            created=now.isoformat(timespec="seconds").replace("+00:00", "Z"),
            task=task,
            config=config,
            versions=versions,
        )
        disk.replace_file(folder / layout.RUN_FILE, manifest_bytes(manifest))
        return cls._drive(folder, "run_started", versions)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        versions: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Self:
        """Take the lock of an existing run, mend a torn tail and record `run_resumed`.

        Args:
            path: The run's folder.
            versions: As of `create`.
            settings: Dotted key to value, of what is different from now on.

        Raises:
            StoreError: It is no run, another process drives it, it is damaged, from a newer
                rewardsmith, or cannot be written.
        """
        return cls._drive(path, "run_resumed", versions or {}, settings=dict(settings or {}))

    @classmethod
    def read(cls, path: Path, *, events: Sequence[Event] | None = None) -> Self:
        """Look at a run without its lock, as it is at this moment; nothing can be recorded.

        Args:
            path: Its folder.
            events: What its journal holds, for who has read it already; None reads it.

        Raises:
            StoreError: It is no run, damaged, or from a newer rewardsmith.
        """
        return cls(path, read_manifest(path), lock=None, events=events)

    @classmethod
    def _drive(
        cls, folder: Path, event: EventName, versions: Mapping[str, str], **data: Any
    ) -> Self:
        manifest = read_manifest(folder)
        lock = RunLock(folder)
        try:
            run = cls(folder, manifest, lock=lock)
        except BaseException:
            lock.release()
            raise
        try:
            run.record(event, versions=versions, **data)
        except BaseException:
            run.close()
            raise
        return run

    def close(self) -> None:
        """Close the journal and let another driver have the run."""
        for plot in self._plots.values():
            plot.close()
        self._plots.clear()
        if self._journal:
            self._journal.close()
        if self._lock:
            self._lock.release()
        self._journal = self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    @property
    def id(self) -> str:
        """The run's name: that of its folder when it was made."""
        return self.manifest.id

    def record(
        self, event: EventName, *, key: Mapping[str, Any] | None = None, **data: Any
    ) -> Event:
        """Write down that something happened, then tell the listeners.

        Args:
            event: Its name; `events.py` says which key and data belong to it.
            key: What it concerns. A `CandidateId` is written as text.
            data: What to remember: messages, or JSON values.

        Raises:
            StoreError: The run is only being read, or the disk is full or read-only.
        """
        journal = self._writable()
        written, content = written_key(key or {}), dump(data)
        for relative, blob in readable_files(event, written, content).items():
            artifacts.write_artifact(self.folder, relative, blob)
        entry = journal.append(event, written, content, sync=event not in UNSYNCED)
        self._events.append(entry)
        self._latest[_address(event, written)] = entry
        self._settle_task()
        for listener in self._listeners:
            listener(entry)
        return entry

    def recall(self, event: EventName, **key: Any) -> Mapping[str, Any] | None:
        """The data of the latest `event` with exactly this key; None when there is none."""
        entry = self._latest.get(_address(event, written_key(key)))
        return None if entry is None else entry.data

    def events(self, name: EventName | None = None) -> tuple[Event, ...]:
        """All events in order, or those called `name`."""
        return tuple(e for e in self._events if name is None or e.event == name)

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Have `listener` called with every event from now on, after it is on the disk."""
        self._listeners.append(listener)

    def subscribe_metrics(self, listener: Callable[[str, int, MetricPoint], None]) -> None:
        """Have `listener` called with place, training seed and point, from now on."""
        self._metric_listeners.append(listener)

    def history(self) -> History:
        """Every finished iteration, rebuilt from the events."""
        return history_of(self._events)

    def open_iteration(self) -> History:
        """The history, with remarks that were made since its last iteration ended, as in a pause.

        They count as that iteration's. Once the next one has begun, nothing is added any more.
        """
        number = len(self.history().iterations)
        if number and self.recall("iteration_started", iteration=number) is None:
            self._read_feedback({"iteration": number - 1, "stage": "propose"})
        return self.history()

    def finish_iteration(self, iteration: Iteration) -> History:
        """Record the end of an iteration, once; returns the history that includes it.

        Its parts are in the journal already, each since it was made.
        """
        if self.recall("iteration_ended", iteration=iteration.index) is None:
            self.record("iteration_ended", key={"iteration": iteration.index})
        return self.history()

    def new_feedback(self, iteration: int) -> tuple[Feedback, ...]:
        """Remarks that no earlier iteration has read; once read, the same ones for ever.

        Raises:
            StoreError: `feedback.jsonl` cannot be read.
        """
        recalled = self._read_feedback({"iteration": iteration})
        return tuple(load(Feedback, remark) for remark in recalled["remarks"])

    def _read_feedback(self, key: Mapping[str, Any]) -> Mapping[str, Any]:
        recalled = self.recall("feedback_read", **key)
        if recalled is None:
            former = [event.data["up_to_line"] for event in self.events("feedback_read")]
            remarks, line = read_remarks(self.folder, after_line=max(former, default=0))
            recalled = self.record("feedback_read", key=key, remarks=remarks, up_to_line=line).data
        return recalled

    def new_edits(self, iteration: int, *, stage: str) -> tuple[Edit, ...]:
        """People's programs that no earlier stage has read; once read, the same ones for ever.

        Raises:
            StoreError: `edits.jsonl` cannot be read.
        """
        recalled = self.recall("edits_read", iteration=iteration, stage=stage)
        if recalled is None:
            former = [event.data["up_to_line"] for event in self.events("edits_read")]
            edits, line = read_edits(self.folder, after_line=max(former, default=0))
            key = {"iteration": iteration, "stage": stage}
            recalled = self.record("edits_read", key=key, edits=edits, up_to_line=line).data
        return tuple(load(Edit, edit) for edit in recalled["edits"])

    def candidate_folder(self, candidate: CandidateId) -> Path:
        """Where a candidate's files lie; it may not exist yet."""
        return self.folder / layout.candidate_path(candidate)

    def save_artifact(self, relative: str, blob: bytes) -> str:
        """Write a file whole or not at all; returns its SHA-256, to be named in an event.

        Raises:
            StoreError: The path leaves the run, the run is only being read, or the disk is full.
        """
        self._writable()
        return artifacts.write_artifact(self.folder, relative, blob)

    def load_artifact(self, relative: str, sha: str | None = None) -> bytes:
        """Read a file back; with `sha` only if it is the one that was written.

        Raises:
            StoreError: It is missing, not a regular file, or another one.
        """
        return artifacts.read_artifact(self.folder, relative, sha)

    def append_metrics(
        self, place: CandidateId | str, seed: int, points: Sequence[MetricPoint]
    ) -> None:
        """Add training statistics; a restarted segment replaces those of its lost attempt.

        Args:
            place: The candidate, or a folder in the run for a control, as in `claim/sparse`.
            seed: Training seed.
            points: In the order of their steps.

        Raises:
            StoreError: The run is only being read, or the disk is full or read-only.
        """
        self._writable()
        path = artifacts.inside(self.folder, layout.metrics_path(place))
        if path not in self._metrics:
            self._metrics[path] = MetricsFile(path)
        self._metrics[path].append(seed, points)
        self._plot(place, seed, points)
        for point in points:
            for listener in self._metric_listeners:
                listener(layout.place_path(place), seed, point)

    def load_metrics(self, place: CandidateId | str, seed: int) -> tuple[MetricPoint, ...]:
        """Training statistics of one training, in the order of their steps."""
        entries = read_metrics(artifacts.inside(self.folder, layout.metrics_path(place)))
        return tuple(entry.point for entry in entries if entry.seed == seed)

    def save_trajectories(
        self,
        place: CandidateId | str,
        recorded: Sequence[Trajectory],
        *,
        name: str = layout.RECORDED,
    ) -> str:
        """Write recorded episodes; returns the file's SHA-256.

        A second set of one place needs another `name`, or the event that names the first one by its
        SHA-256 no longer finds it.
        """
        path = layout.trajectories_path(place, name)
        return self.save_artifact(path, trajectories.pack(recorded))

    def load_trajectories(
        self, place: CandidateId | str, sha: str | None = None, *, name: str = layout.RECORDED
    ) -> tuple[Trajectory, ...]:
        """Read recorded episodes.

        Raises:
            StoreError: There are none, or the file is damaged or another one.
        """
        blob = self.load_artifact(layout.trajectories_path(place, name), sha)
        return trajectories.unpack(blob)

    def _settle_task(self) -> None:
        """Put the fitness that a person chose in the place where none was: run.json stays as is."""
        chosen = self.recall("fitness_chosen")
        if chosen is not None and self.manifest.task.is_drafted:
            task = replace(self.manifest.task, fitness=chosen["fitness"], success=chosen["success"])
            self.manifest = replace(self.manifest, task=task)

    def _plot(self, place: CandidateId | str, seed: int, points: Sequence[MetricPoint]) -> None:
        """Append to TensorBoard's file, which starts anew where a training was continued."""
        path = artifacts.inside(self.folder, layout.tensorboard_path(place, seed))
        plot = self._plots.get(path)
        if plot is None or points[0].step <= plot.last_step:
            if plot is not None:
                plot.close()
            self._plots[path] = EventFile(path, self.load_metrics(place, seed))
            return
        for point in points:
            plot.add(point.step, point.values)

    def _past_events(self) -> tuple[Event, ...]:
        if self._journal:
            return self._journal.events
        path = self.folder / layout.EVENTS_FILE
        return read_journal(path).events if path.exists() else ()

    def _writable(self) -> Journal:
        if self._journal is None:
            raise StoreError(
                f"Run {self.id!r} is only being read. "
                f"`rewardsmith resume {self.folder.name}` drives it."
            )
        return self._journal


def run_folders(runs_dir: Path) -> tuple[Path, ...]:
    """Every run below `runs_dir`, oldest id first; folders without `run.json` are not ours."""
    if not runs_dir.is_dir():
        return ()
    found = (p for p in runs_dir.iterdir() if (p / layout.RUN_FILE).is_file())
    return tuple(sorted(found, key=lambda folder: folder.name))


def _new_folder(runs_dir: Path, now: datetime, name: str) -> Path:
    with disk.refusing(runs_dir, "write"):
        runs_dir.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            folder = runs_dir / layout.run_id(now.date(), name, number)
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                disk.sync_folder(runs_dir)
                return folder


def _address(event: str, key: Mapping[str, Any]) -> tuple[str, bytes]:
    return event, spelling.canonical(key)
