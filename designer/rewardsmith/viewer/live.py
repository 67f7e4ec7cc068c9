"""Where a run is at this moment: its stage, and how far its trainings are."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rewardsmith.store import spelling
from rewardsmith.store.events import read_id
from rewardsmith.store.journal import Event
from rewardsmith.store.layout import metrics_path
from rewardsmith.store.run import Run
from rewardsmith.viewer.library import regular_file

_TAIL_BYTES: Final = 64 * 1024

_BEFORE: Final[Mapping[str, str]] = {
    "run_started": "Recording the reference rollouts",
    "run_resumed": "Continuing",
    "references_recorded": "Proposing candidates",
    "iteration_started": "Checking the proposed programs",
    "candidate_proposed": "Checking the proposed programs",
    "candidate_judged": "Checking programs on recorded transitions",
    "candidate_screened": "Waiting for a training to begin",
    "rung_decided": "Starting the next segments",
    "candidate_closed": "Analysing what the policies do",
    "candidate_analyzed": "Analysing what the policies do",
    "feedback_read": "Proposing candidates",
    "edits_read": "Proposing candidates",
    "paused": "Paused",
    "continued": "Continuing",
    "report_ready": "Finishing",
}
"""Stage by the last event, where no training is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One open training."""

    name: str
    """`002/1`, or `claim/final`."""
    candidate: str
    """The candidate's id; empty for a control."""
    seed: int
    step: int
    """Timesteps trained so far, over all its segments."""
    start_step: int
    end_step: int
    """Where its segment ends."""
    is_waiting: bool
    """Whether this segment has not reported a step yet."""
    fitness: float | None
    """Of its last evaluation."""


def stage(run: Run, bars: tuple[Bar, ...]) -> str:
    """What the run is doing, in one phrase."""
    events = run.events()
    ended = run.recall("run_ended")
    if ended is not None:
        return f"Ended: {ended['reason']}"
    if bars:
        purposes = {bar.name.partition("/")[0] for bar in bars if not bar.candidate}
        n = f"{len(bars)} training{'s' if len(bars) > 1 else ''}"
        if "claim" in purposes:
            return f"Final trainings for the claim: {n} open"
        if "confirm" in purposes:
            return f"Confirming the best on further seeds: {n} open"
        return f"Training candidates: {n} open"
    last = events[-1] if events else None
    if last is None:
        return "Starting"
    if last.event == "iteration_ended":
        return "Proposing the next candidates"
    if last.event in ("segment_ended", "candidate_evaluated"):
        return "Judging policies on evaluation episodes"
    return _BEFORE.get(last.event, "Working")


def open_bars(run: Run) -> tuple[Bar, ...]:
    """The trainings whose segment has started and not ended, in the order in which they started."""
    started: dict[tuple[str, int], Event] = {}
    fitness: dict[tuple[str, int], float] = {}
    for event in run.events():
        if event.event == "run_resumed":
            started.clear()
        elif event.event in ("segment_started", "segment_ended", "candidate_evaluated"):
            training = contender_of(event.key), event.key["seed"]
            if event.event == "segment_started":
                started.pop(training, None)
                started[training] = event
            elif event.event == "segment_ended":
                started.pop(training, None)
            elif not run.manifest.task.is_ranked:
                fitness[training] = measures(event)[0]
    return tuple(
        _bar(run.folder, name, event, fitness.get((name, seed)))
        for (name, seed), event in started.items()
    )


def contender_of(key: Mapping[str, Any]) -> str:
    """Who an event concerns: `002/1`, or `claim/final`.

    >>> contender_of({"purpose": "claim", "contender": "final", "seed": 3})
    'claim/final'
    """
    if "purpose" in key:
        return f"{key['purpose']}/{key.get('contender', '')}"
    return str(key.get("candidate", ""))


def measures(event: Event) -> tuple[float, float]:
    """Mean fitness and success rate of a `candidate_evaluated`."""
    episodes = event.data["evaluation"]["episodes"]
    n = len(episodes)
    return sum(e["fitness"] for e in episodes) / n, sum(e["success"] for e in episodes) / n


def _bar(folder: Path, name: str, event: Event, fitness: float | None) -> Bar:
    is_candidate = "purpose" not in event.key
    place = read_id(name) if is_candidate else name
    start = event.key["start_step"]
    step = _last_step(folder, metrics_path(place), event.key["seed"])
    return Bar(
        name=name,
        candidate=name if is_candidate else "",
        seed=event.key["seed"],
        step=max(step, start),
        start_step=start,
        end_step=event.data["end_step"],
        is_waiting=step <= start,
        fitness=fitness,
    )


def _last_step(folder: Path, relative: str, seed: int) -> int:
    """The last step that a training reported, from the end of its metrics; 0 before the first."""
    path = regular_file(folder, relative)
    if path is None:
        return 0
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            lines = file.read(_TAIL_BYTES).split(b"\n")[:-1]
    except OSError:
        return 0
    mark = b'{"seed":%d,' % seed
    for line in reversed(lines):
        if line.startswith(mark):
            return _step_of(line)
    return 0


def _step_of(line: bytes) -> int:
    try:
        return int(spelling.parse(line)["step"])
    except (ValueError, KeyError, TypeError):
        return 0
