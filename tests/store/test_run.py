"""A run is created, driven, looked at, closed and opened again; nothing is lost on the way."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.errors import StoreError
from rewardsmith.messages import (
    Analysis,
    Candidate,
    CandidateId,
    Cause,
    ComponentStats,
    Departure,
    EpisodeScore,
    Evaluation,
    Evidence,
    Feedback,
    Finding,
    History,
    Iteration,
    Judged,
    MetricPoint,
    Outcome,
    Result,
    Span,
    Task,
    Trajectory,
    Verdict,
)
from rewardsmith.store import Event, Run, dump, load
from rewardsmith.store.run import run_folders

WRITER = """
import os, sys
from pathlib import Path
from rewardsmith.messages import CandidateId, MetricPoint
from rewardsmith.store import Run

run = Run.open(Path(sys.argv[1]))
n = len(run.events("segment_ended"))
while True:
    point = MetricPoint(step=n, values={"time/fps": 1.0})
    run.append_metrics(CandidateId(0, 0), 0, [point])
    sha = run.save_artifact(f"checkpoints/{n}", b"x" * (n * 997 % 60_000))
    run.record("segment_ended", key={"n": n}, sha=sha)
    os.write(1, b"%d\\n" % n)
    n += 1
"""

A, B = CandidateId(0, 0), CandidateId(0, 1)
VERSIONS = {"rewardsmith": "0.1.0"}


def make_task() -> Task:
    return Task(
        env="HalfCheetah-v5",
        name="run-forward",
        instruction="Run forward.",
        fitness="mean(x_velocity)",
        success="x_velocity > 2",
        target=0.8,
        horizon=1000,
    )


def judged(candidate: CandidateId, *, ok: bool = True, text: str = "x = 1") -> Judged:
    finding = Finding(code="unknown-field", message="No such field.", line=3)
    return Judged(
        candidate=Candidate(id=candidate, text=text, parents=(CandidateId(0, 0),)),
        verdict=Verdict(ok=ok, findings=() if ok else (finding,), compiled="c", graph_hash="g"),
    )


def evaluation(step: int, *fitness: float) -> Evaluation:
    episodes = tuple(
        EpisodeScore(
            seed=s, fitness=f, success=f > 1, length=9, terminated=False, audit={"energy": 1.5}
        )
        for s, f in enumerate(fitness)
    )
    return Evaluation(step=step, seed_set="selection", episodes=episodes, cpu_s=0.25)


def trained(candidate: CandidateId, score: float) -> Result:
    return Result(
        judged=judged(candidate),
        outcome=Outcome.TRAINED,
        evaluations=(evaluation(1000, score, score + 1.0),),
        score=score,
        steps=1000,
        cpu_s=3.5,
    )


def analysis(candidate: CandidateId) -> Analysis:
    stats = ComponentStats(
        name="speed", weight=1.0, mean=0.5, std=0.1, share=1.0, return_share=1.0, low=0.0, high=1.0
    )
    cause = Cause(
        code="stands-still", message="It stands.", evidence=(Evidence(episode=1, step=7),)
    )
    return Analysis(candidate=candidate, components=(stats,), causes=(cause,))


def trajectory(rng: np.random.Generator, *, is_scored: bool) -> Trajectory:
    return Trajectory(
        seed=5,
        fields={
            "hand": rng.normal(size=(4, 3)),
            "touching": np.array([True, False, False, True]),
        },
        actions=rng.normal(size=(3, 2)).astype(np.float32),
        terminated=True,
        components={"reach": rng.normal(size=3)} if is_scored else {},
        rewards=rng.normal(size=3) if is_scored else None,
    )


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with Run.create(
        tmp_path,
        name="HalfCheetah run forward",
        config={"seed": 3},
        task=make_task(),
        versions=VERSIONS,
    ) as created:
        yield created


def record_iteration(run: Run) -> Iteration:
    """An iteration in which B finishes before A."""
    first, second = judged(A, ok=False), judged(A, text="x = 2")
    remark = Feedback(text="lift the feet", line=1)
    run.record("iteration_started", key={"iteration": 0})
    for candidate in (A, B):
        run.record(
            "candidate_proposed",
            key={"candidate": candidate},
            candidate=judged(candidate).candidate,
        )
    for round_, verdict, accepted in ((0, first, False), (1, second, True)):
        key = {"candidate": A, "round": round_, "layer": "static"}
        run.record("candidate_judged", key=key, judged=verdict, accepted=accepted)
    key = {"candidate": B, "round": 0, "layer": "static"}
    run.record("candidate_judged", key=key, judged=judged(B), accepted=True)
    for candidate, score in ((B, 2.0), (A, 1.0)):
        key = {"candidate": candidate}
        run.record("candidate_closed", key=key, result=trained(candidate, score))
        run.record("candidate_analyzed", key=key, analysis=analysis(candidate))
    run.record("feedback_read", key={"iteration": 0}, remarks=[remark], up_to_line=1)
    run.record("iteration_ended", key={"iteration": 0})
    return Iteration(
        index=0,
        judged=(second, judged(B)),
        results=(trained(A, 1.0), trained(B, 2.0)),
        analyses=(analysis(A), analysis(B)),
        remarks=(remark,),
    )


def test_history_is_rebuilt_from_events_in_candidate_order(run: Run) -> None:
    expected = History(iterations=(record_iteration(run),))
    run.close()

    assert run.history() == expected
    assert Run.read(run.folder).history() == expected
    assert expected.best == trained(B, 2.0)


def test_unfinished_iteration_is_no_history(run: Run) -> None:
    record_iteration(run)
    run.record("iteration_started", key={"iteration": 1})
    run.record(
        "candidate_closed",
        key={"candidate": CandidateId(1, 0)},
        result=trained(CandidateId(1, 0), 9.0),
    )

    assert [iteration.index for iteration in run.history().iterations] == [0]


def test_confirmation_beside_the_search_is_no_history(run: Run) -> None:
    expected = record_iteration(run)
    run.record(
        "candidate_closed", key={"candidate": A, "purpose": "claim"}, result=trained(A, 99.0)
    )

    assert run.history().iterations == (expected,)


def test_recall_returns_the_latest_event_with_exactly_that_key(run: Run) -> None:
    key = {"candidate": A, "seed": 7, "start_step": 0}
    run.record("segment_started", key=key, end_step=100, attempt=0)
    run.record("segment_started", key=key, end_step=100, attempt=1)

    assert run.recall("segment_started", candidate=A, seed=7, start_step=0) == {
        "end_step": 100,
        "attempt": 1,
    }
    assert run.recall("segment_started", candidate=A, seed=7) is None
    assert run.recall("segment_ended", candidate=A, seed=7, start_step=0) is None


def test_what_is_recalled_is_the_same_before_and_after_reopening(run: Run) -> None:
    scores = [0.5, float("-inf"), None]
    run.record(
        "rung_decided", key={"iteration": 0, "rung": 0}, scores=scores, kept=[A], stopped=[B]
    )
    before = run.recall("rung_decided", iteration=0, rung=0)
    run.close()

    with Run.open(run.folder, versions=VERSIONS) as again:
        assert again.recall("rung_decided", iteration=0, rung=0) == before
        assert [e.event for e in again.events()] == ["run_started", "rung_decided", "run_resumed"]
    assert before == {"scores": scores, "kept": ["000/0"], "stopped": ["000/1"]}


def test_listeners_hear_events_after_they_are_on_the_disk(run: Run) -> None:
    heard: list[tuple[str, bool]] = []

    def listen(event: Event) -> None:
        lines = (run.folder / "events.jsonl").read_text(encoding="ascii").splitlines()
        heard.append((event.event, json.loads(lines[-1])["seq"] == event.seq))

    run.subscribe(listen)
    run.record("paused")
    run.record("continued")

    assert heard == [("paused", True), ("continued", True)]


def test_files_for_people_follow_the_events(run: Run) -> None:
    record_iteration(run)
    folder = run.candidate_folder(A)

    assert folder == run.folder / "iterations/000/candidates/0"
    assert (folder / "reward.py").read_text(encoding="utf-8") == "x = 2\n"
    assert json.loads((folder / "verdict.json").read_bytes())["ok"] is True
    assert (
        json.loads((folder / "analysis.json").read_bytes())["causes"][0]["code"] == "stands-still"
    )


def test_run_says_what_it_is_a_run_of(run: Run) -> None:
    manifest = Run.read(run.folder).manifest

    assert manifest.task == make_task()
    assert manifest.config == {"seed": 3}
    assert manifest.versions == VERSIONS
    assert run.id == run.folder.name
    assert run.id.endswith("-halfcheetah-run-forward-1")


def test_runs_of_one_day_and_name_are_numbered(run: Run, tmp_path: Path) -> None:
    with Run.create(
        tmp_path, name="HalfCheetah run forward", config={}, task=make_task(), versions={}
    ) as second:
        assert second.id.endswith("-forward-2")
        assert run_folders(tmp_path) == (run.folder, second.folder)


def test_folder_of_someone_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "PPO_1").mkdir()
    (tmp_path / "PPO_1" / "events.out.tfevents").write_bytes(b"x")

    with pytest.raises(StoreError, match=r"holds no run\.json"):
        Run.open(tmp_path / "PPO_1")
    with pytest.raises(StoreError, match=r"holds no run\.json"):
        Run.read(tmp_path / "missing")
    assert run_folders(tmp_path) == ()
    assert os.listdir(tmp_path / "PPO_1") == ["events.out.tfevents"]


def test_run_json_of_another_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"id": 1}', encoding="utf-8")

    with pytest.raises(StoreError, match="of another program"):
        Run.read(tmp_path)


@pytest.mark.parametrize("blob", ["{", '{"a": NaN}', "[" * 100_000])
def test_damaged_run_json_is_one_clear_error(tmp_path: Path, blob: str) -> None:
    (tmp_path / "run.json").write_text(blob, encoding="utf-8")

    with pytest.raises(StoreError, match="is damaged"):
        Run.read(tmp_path)


def test_run_of_a_newer_version_asks_for_an_upgrade(run: Run) -> None:
    run.close()
    path = run.folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"schema": 99}), encoding="utf-8")

    with pytest.raises(StoreError, match=r"newer rewardsmith .schema 99.*pip install -U"):
        Run.open(run.folder)


def test_run_that_is_only_read_records_nothing(run: Run) -> None:
    seen = Run.read(run.folder)

    with pytest.raises(StoreError, match="only being read"):
        seen.record("paused")
    with pytest.raises(StoreError, match="only being read"):
        seen.save_artifact("a", b"")
    with pytest.raises(StoreError, match="only being read"):
        seen.append_metrics(A, 0, [MetricPoint(step=1, values={})])


def test_metrics_of_a_restarted_segment_replace_those_of_the_lost_attempt(run: Run) -> None:
    def point(step: int, value: float) -> MetricPoint:
        return MetricPoint(step=step, values={"rollout/ep_rew_mean": value})

    run.append_metrics(A, 1, [point(10, 1.0), point(20, 2.0)])
    run.append_metrics(A, 2, [point(10, 7.0)])
    run.append_metrics(A, 1, [point(30, 3.0)])
    run.close()
    with open(run.candidate_folder(A) / "metrics.jsonl", "ab") as file:
        file.write(b'{"seed":1,"step":40,"val')
    with Run.open(run.folder) as again:
        again.append_metrics(A, 1, [point(20, 2.5)])
        again.append_metrics(A, 1, [point(30, 3.5)])

        assert again.load_metrics(A, 1) == (point(10, 1.0), point(20, 2.5), point(30, 3.5))
        assert again.load_metrics(A, 2) == (point(10, 7.0),)
        assert again.load_metrics(B, 1) == ()


def test_trajectories_come_back_as_they_were(run: Run, rng: np.random.Generator) -> None:
    recorded = [trajectory(rng, is_scored=True), trajectory(rng, is_scored=False)]
    sha = run.save_trajectories(A, recorded)

    assert run.save_trajectories(B, recorded) == sha
    for before, after in zip(recorded, run.load_trajectories(A, sha), strict=True):
        assert (after.seed, after.terminated) == (before.seed, before.terminated)
        np.testing.assert_array_equal(after.actions, before.actions)
        assert after.actions.dtype == before.actions.dtype
        for name, values in before.fields.items():
            np.testing.assert_array_equal(after.fields[name], values)
        assert after.components.keys() == before.components.keys()
        assert (after.rewards is None) == (before.rewards is None)


def test_objects_are_neither_written_nor_read_as_trajectories(run: Run, tmp_path: Path) -> None:
    strange = Trajectory(
        seed=0, fields={}, actions=np.array([object()], dtype=object), terminated=False
    )
    with pytest.raises(ValueError, match="no part of a trajectory"):
        run.save_trajectories(A, [strange])

    np.savez(tmp_path / "x.npz", allow_pickle=True, **{"0/actions": np.array([{}], dtype=object)})
    run.save_artifact(
        "iterations/000/candidates/0/trajectories.npz", (tmp_path / "x.npz").read_bytes()
    )
    with pytest.raises(StoreError, match="cannot be read"):
        run.load_trajectories(A)


def test_small_file_that_unpacks_to_a_gigabyte_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    run.save_trajectories(A, [trajectory(rng, is_scored=True)])
    monkeypatch.setattr("rewardsmith.store.trajectories.MAX_UNPACKED_BYTES", 100)

    with pytest.raises(StoreError, match="too much"):
        run.load_trajectories(A)


def test_message_with_unknown_or_wrong_parts_is_refused() -> None:
    written = dump(trained(A, 1.0))

    assert load(Result, written) == trained(A, 1.0)
    with pytest.raises(StoreError, match=r"a Result .* colour"):
        load(Result, written | {"colour": "red"})
    with pytest.raises(StoreError, match="steps: Input should be a valid integer"):
        load(Result, written | {"steps": "1000"})
    with pytest.raises(StoreError, match="outcome"):
        load(Result, written | {"outcome": "won"})
    with pytest.raises(StoreError, match="cannot hold an error"):
        load(
            Judged,
            dump(judged(A, ok=False))
            | {"verdict": dump(judged(A, ok=False).verdict) | {"ok": True}},
        )


def test_fitness_that_is_not_finite_survives_the_disk(run: Run) -> None:
    wild = evaluation(10, float("inf"), float("-inf"), 0.1)
    run.record("candidate_evaluated", key={"candidate": A, "seed": 0, "step": 10}, evaluation=wild)
    found = Run.read(run.folder).recall("candidate_evaluated", candidate=A, seed=0, step=10)

    assert found is not None
    assert load(Evaluation, found["evaluation"]) == wild


def test_driver_killed_in_the_middle_leaves_a_run_that_drives_on(
    run: Run, rng: np.random.Generator
) -> None:
    run.close()
    for _ in range(5):
        command = [sys.executable, "-c", WRITER, str(run.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as driver:
            assert driver.stdout is not None
            first = driver.stdout.read(1)
            time.sleep(rng.uniform(0, 0.03))
            driver.kill()
            acknowledged = [int(line) for line in (first + driver.stdout.read()).split()]
        seen = Run.read(run.folder)
        ended = seen.events("segment_ended")

        assert [event.key["n"] for event in ended] == list(range(len(ended)))
        assert len(ended) > acknowledged[-1]
        for event in ended:
            seen.load_artifact(f"checkpoints/{event.key['n']}", event.data["sha"])
    assert len(seen.events("run_resumed")) == 5
    steps = [point.step for point in seen.load_metrics(A, 0)]
    assert steps == list(range(len(steps)))


def test_value_without_a_json_form_is_refused_before_anything_is_written(run: Run) -> None:
    before = (run.folder / "events.jsonl").read_bytes()

    with pytest.raises(TypeError, match="ndarray has no JSON form"):
        run.record("report_ready", table=np.zeros(2))
    with pytest.raises(TypeError, match="has to be text"):
        run.record("report_ready", key={"scores": {1: 2}}, table=[])
    assert (run.folder / "events.jsonl").read_bytes() == before


def test_control_has_a_place_of_its_own(run: Run, rng: np.random.Generator) -> None:
    point = MetricPoint(step=1, values={"time/fps": 2.0})
    run.append_metrics("claim/sparse", 0, [point])
    sha = run.save_trajectories("claim/sparse", [trajectory(rng, is_scored=False)])
    run.save_trajectories("claim/sparse", [trajectory(rng, is_scored=True)], name="scored")

    assert run.load_metrics("claim/sparse", 0) == (point,)
    assert run.load_trajectories("claim/sparse", sha)[0].rewards is None
    assert run.load_trajectories("claim/sparse", name="scored")[0].rewards is not None
    with pytest.raises(StoreError, match="not a path inside a run"):
        run.append_metrics("../x", 0, [point])


def test_remarks_are_read_once_and_remembered(run: Run) -> None:
    path = run.folder / "feedback.jsonl"
    assert run.new_feedback(0) == ()
    path.write_text(
        '{"text": "lift the feet", "candidate": "000/1"}\n\nsimply written\n{"text": 3\n{"tex',
        encoding="utf-8",
    )
    first = run.new_feedback(1)
    path.write_text(path.read_text(encoding="utf-8") + 't": ""}\n{"text": "late"}\n', "utf-8")
    run.close()

    assert first == (
        Feedback(text="lift the feet", candidate=B, line=1),
        Feedback(text="simply written", line=3),
        Feedback(text='{"text": 3', line=4),
    )
    with Run.open(run.folder) as again:
        assert again.new_feedback(0) == ()
        assert again.new_feedback(1) == first
        assert again.new_feedback(2) == (Feedback(text="late", line=6),)


def test_a_part_of_a_film_that_a_hand_wrote_wrongly_leaves_the_remark_standing(run: Run) -> None:
    span = '"span": {"episode": 2, "first_step": 4, "last_step": 9}'
    seen = '"seen": [{"name": "x", "inside": 1.0, "elsewhere": 0.5}, {"name": 3}, 7]'
    lines = [
        f'{{"text": "a", "candidate": "000/1", {span}, {seen}}}',
        f'{{"text": "b", {span}, {seen}}}',
        '{"text": "c", "candidate": "000/1", "span": {"episode": 2, "first_step": 9}}',
        '{"text": "d", "candidate": "000/1", "span": "late", "seen": "much"}',
        f'{{"text": "e", "candidate": "000/1", {span.replace("9", "3")}}}',
    ]
    (run.folder / "feedback.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = run.new_feedback(0)
    assert [remark.text for remark in found] == list("abcde")
    assert found[0].span == Span(episode=2, first_step=4, last_step=9)
    assert found[0].seen == (Departure(name="x", inside=1.0, elsewhere=0.5),)
    assert {(remark.span, remark.seen) for remark in found[1:]} == {(None, ())}
    assert [remark.about for remark in found[1:]] == ["", "000/1", "000/1", "000/1"]


def test_iteration_ends_once(run: Run) -> None:
    iteration = record_iteration(run)

    assert run.finish_iteration(iteration) == History(iterations=(iteration,))
    assert len(run.events("iteration_ended")) == 1
