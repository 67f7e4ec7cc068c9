"""A tracker is told what happens in a run, and can neither stop it nor hold it up."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from rewardsmith.errors import UsageError
from rewardsmith.messages import (
    Candidate,
    CandidateId,
    EpisodeScore,
    Evaluation,
    Judged,
    MetricPoint,
    Outcome,
    Result,
    Verdict,
)
from rewardsmith.store.run import Run
from rewardsmith.testing import toy_task
from rewardsmith.tracking import opening
from rewardsmith.tracking.feed import Feed
from rewardsmith.tracking.opening import check_trackers, tracking
from rewardsmith.tracking.readings import evaluation_values
from rewardsmith.tracking.tracker import RunFacts

ID = CandidateId(0, 1)
EPISODES = tuple(
    EpisodeScore(seed=i, fitness=float(i), success=i == 3, length=5, terminated=False)
    for i in (1, 3)
)
EVALUATION = Evaluation(step=64, seed_set="selection", episodes=EPISODES)
JUDGED = Judged(candidate=Candidate(id=ID, text=""), verdict=Verdict(ok=True))
RESULT = Result(judged=JUDGED, outcome=Outcome.TRAINED, score=2.0, steps=64, cpu_s=1.5)


class Notes:
    """A tracker that writes down what it is told, and fails where it should."""

    def __init__(self, fails_at: str = "") -> None:
        self.fails_at = fails_at
        self.facts: RunFacts | None = None
        self.rows: list[tuple[str, int, dict[str, float]]] = []
        self.summary: dict[str, str | float] = {}
        self.threads: set[int] = set()

    def start(self, facts: RunFacts) -> None:
        self._fail("start")
        self.facts = facts

    def log(self, series: str, step: int, values: Mapping[str, float]) -> None:
        self._fail("log")
        self.rows.append((series, step, dict(values)))

    def finish(self, summary: Mapping[str, str | float]) -> None:
        self._fail("finish")
        self.summary = dict(summary)

    def _fail(self, where: str) -> None:
        self.threads.add(threading.get_ident())
        if where == self.fails_at:
            raise OSError("the tracker's disk is full")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    config = {"seed": 4, "search": {"candidates": 2, "init": "a secret program"}}
    with Run.create(tmp_path, name="r", config=config, task=toy_task(), versions={}) as run:
        yield run


def drive(run: Run) -> None:
    """As much of a run as a tracker hears of."""
    points = [MetricPoint(step=32, values={"rollout/ep_rew_mean": 1.0, "reward/near": -1.0})]
    run.append_metrics(ID, 7, points)
    run.append_metrics("claim/final", 8, points)
    key = {"candidate": ID, "seed": 7, "step": 64, "seed_set": "selection"}
    run.record("candidate_evaluated", key=key, evaluation=EVALUATION, recorded=None)
    run.record("candidate_closed", key={"candidate": ID}, result=RESULT)


def test_curves_evaluations_and_scores_reach_the_tracker_in_order(run: Run) -> None:
    notes, said = Notes(), list[str]()
    with tracking(run, ["wandb"], said.append, make=lambda name: notes):
        drive(run)
    assert notes.rows == [
        ("000-1", 32, {"rollout/ep_rew_mean": 1.0, "reward/near": -1.0}),
        ("claim-final-8", 32, {"rollout/ep_rew_mean": 1.0, "reward/near": -1.0}),
        ("000-1", 64, {"eval/fitness": 2.0, "eval/success_rate": 0.5, "eval/length": 5.0}),
        ("design", 1, {"score": 2.0, "best_score": 2.0, "steps": 64.0, "cpu_s": 1.5}),
    ]
    assert said == []
    assert len(notes.threads) == 1
    assert threading.get_ident() not in notes.threads


def test_a_tracker_is_told_what_the_run_is_and_no_program(run: Run) -> None:
    notes = Notes()
    with tracking(run, ["wandb"], print, make=lambda name: notes):
        pass
    assert notes.facts is not None
    assert notes.facts.id == run.id
    assert notes.facts.settings["seed"] == 4
    assert "secret" not in str(notes.facts)


@pytest.mark.parametrize("where", ["start", "log", "finish"])
def test_a_tracker_that_fails_is_said_once_and_stops_nothing(run: Run, where: str) -> None:
    notes, said = Notes(fails_at=where), list[str]()
    with tracking(run, ["mlflow"], said.append, make=lambda name: notes):
        drive(run)
    assert run.recall("candidate_closed", candidate=ID) is not None
    assert said == ["mlflow failed and is told nothing more: the tracker's disk is full"]


def test_a_tracker_that_cannot_be_made_is_left_out(run: Run) -> None:
    def make(name: str) -> Notes:
        raise ImportError("no module named 'wandb.sdk'")

    said: list[str] = []
    with tracking(run, ["wandb"], said.append, make=make):
        drive(run)
    assert said == ["wandb cannot be used, the run goes on without: no module named 'wandb.sdk'"]


def test_a_tracker_that_hangs_is_left_behind(run: Run) -> None:
    released = threading.Event()

    class Stuck(Notes):
        def log(self, series: str, step: int, values: Mapping[str, float]) -> None:
            released.wait(20)

    said: list[str] = []
    feed = Feed("wandb", Stuck(), RunFacts(id="r", settings={}), said.append)
    feed.point("claim/final", 1, MetricPoint(step=1, values={"train/loss": 1.0}))
    feed.close({}, patience_s=0.05)
    released.set()
    assert said == ["wandb did not take everything within 0 s."]


def test_a_missing_package_is_named_with_the_command_that_adds_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'rewardsmith\[trackio\]'"):
        check_trackers(["trackio"])
    with pytest.raises(UsageError, match="Did you mean 'wandb'"):
        check_trackers(["wandbb"])


def test_a_ranked_run_reports_no_fitness_and_no_success(ranked: Path) -> None:
    event = Run.read(ranked).events("candidate_evaluated")[0]
    assert list(evaluation_values(event, is_measured=False)) == ["eval/length"]
    assert "eval/fitness" in evaluation_values(event)
