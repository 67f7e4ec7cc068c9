"""Progress shows every training and every decision, plainly where there is no terminal."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from rewardsmith.cli import progress
from rewardsmith.cli.progress import Training, Watcher, progress_of
from rewardsmith.messages import MetricPoint
from rewardsmith.store.journal import Event
from rewardsmith.store.run import Run

SEGMENT = {"candidate": "000/0", "seed": 7, "start_step": 0}


class Listing:
    """A display that writes down its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def say(self, line: Text) -> None:
        self.calls.append(("say", line.plain))

    def start(self, training: Training, name: str, *, at: int, end: int) -> None:
        self.calls.append(("start", training, name, at, end))

    def advance(self, training: Training, step: int) -> None:
        self.calls.append(("advance", training, step))

    def judge(self, training: Training, event: Event) -> None:
        self.calls.append(("judge", training))

    def stop(self, training: Training) -> None:
        self.calls.append(("stop", training))


def test_training_is_followed_from_start_to_judgement(run: Run) -> None:
    display = Listing()
    watcher = Watcher(display)
    mine = ("iterations/000/candidates/0", 7)
    for event in run.events():
        if event.key.get("candidate") == "000/0":
            watcher.event(event)
            if event.event == "segment_started":
                watcher.point(*mine, MetricPoint(step=1000, values={}))
    followed = [call for call in display.calls if call[0] != "say"]
    assert followed == [
        ("start", mine, "000/0", 0, 2000),
        ("advance", mine, 1000),
        ("stop", mine),
        ("judge", mine),
        ("judge", mine),
    ]


def test_control_is_followed_by_its_own_folder() -> None:
    display = Listing()
    key = {"purpose": "claim", "contender": "final", "seed": 3, "start_step": 0}
    data = {"end_step": 9, "attempt": 0}
    Watcher(display).event(Event(seq=0, time="", event="segment_started", key=key, data=data))
    assert display.calls == [("start", ("claim/final", 3), "claim/final", 0, 9)]


def test_refusal_is_said_with_its_first_finding(run: Run) -> None:
    display = Listing()
    for event in run.events("candidate_judged"):
        Watcher(display).event(event)
    said = [call[1] for call in display.calls]
    assert said == [
        "000/0 accepted",
        "000/1 refused: line 8: No field `speed`.",
        "001/0 accepted",
    ]


def test_training_that_waits_for_a_core_has_no_bar_and_no_speed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter([100.0, 140.0])
    monkeypatch.setattr("rewardsmith.cli.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    display = progress.PlainDisplay(Console(file=stream, width=100))
    display.start(("claim/final", 3), "claim/final", at=0, end=9000)
    display.advance(("claim/final", 3), 1000)
    display.advance(("claim/final", 3), 5000)
    assert stream.getvalue() == "claim/final: 5,000 of 9,000 steps, 100 steps/s\n"


@pytest.mark.parametrize("is_terminal", [False, True])
def test_output_has_controls_on_terminals_only(run: Run, is_terminal: bool) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=is_terminal, width=100)
    with progress_of(run, console):
        run.record("segment_started", key=SEGMENT, end_step=2000, attempt=0)
        scores = {"scores": {}, "kept": ["000/0"], "stopped": ["000/1"]}
        run.record("rung_decided", key={"iteration": 0, "rung": 0}, **scores)
    assert "Rung 1: kept 000/0; stopped 000/1" in stream.getvalue()
    assert ("\x1b" in stream.getvalue()) is is_terminal
