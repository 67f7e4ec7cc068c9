"""What always holds of a search, on a toy world with a known best reward.

Real trainings, evaluations and journals; only the processes are left out.
"""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from rewardsmith.config import load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.isolation.job import Job
from rewardsmith.messages import Candidate, History, Outcome
from rewardsmith.session import Conclusion, finish_run, start_run
from rewardsmith.store.journal import Event
from rewardsmith.store.run import Run
from rewardsmith.store.states import violations
from rewardsmith.testing import InProcessEngine, write_line_card

SETTINGS = {
    "search.candidates": 3,
    "search.iterations": 2,
    "training.total_timesteps": 512,
    "evaluation.selection_episodes": 4,
    "evaluation.report_episodes": 4,
    "evaluation.report_seeds": 1,
    "evaluation.recorded_episodes": 2,
    "evaluation.evals_per_segment": 2,
}


def start(folder: Path, **more: object) -> Run:
    card = write_line_card(folder / "LineWorld")
    config = load_config(None, {**SETTINGS, **more})
    return start_run(folder / "runs", task_of(load_card(card)), config)


def finish(run: Run) -> tuple[Conclusion, InProcessEngine]:
    engine = InProcessEngine()
    with run:
        return finish_run(run, engine=lambda slots: engine), engine


def trained(engine: InProcessEngine) -> list[Job]:
    return [job for job in engine.jobs if job.request.get("job") == "train"]


def decisions(run: Run) -> list[object]:
    """Everything the search decided and measured; not when, nor how much CPU it took."""
    kept = ("candidate_proposed", "rung_decided", "candidate_screened")
    told: list[object] = [
        (e.event, dict(e.key), dict(e.data)) for e in run.events() if e.event in kept
    ]
    scores = [
        (dict(e.key), [s["fitness"] for s in e.data["evaluation"]["episodes"]])
        for e in run.events("candidate_evaluated")
    ]
    hashes = [(dict(e.key), e.data["training"]["checkpoints"]) for e in run.events("segment_ended")]
    return [told, sorted(scores, key=str), sorted(hashes, key=str)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Conclusion, InProcessEngine]:
    run = start(tmp_path_factory.mktemp("search"))
    conclusion, engine = finish(run)
    return Run.read(run.folder), conclusion, engine


def test_the_search_ends_with_a_judged_claim(
    finished: tuple[Run, Conclusion, InProcessEngine],
) -> None:
    _, conclusion, _ = finished
    assert conclusion.claim is not None
    assert {"sparse", "final"} <= {row.name for row in conclusion.claim.rows}
    assert all(row.outcome is None for row in conclusion.claim.rows)


def test_no_candidate_takes_a_step_that_its_state_does_not_allow(
    finished: tuple[Run, Conclusion, InProcessEngine],
) -> None:
    run, conclusion, _ = finished
    for result in conclusion.design.history.results:
        assert not violations(run.events(), result.id)


def test_recorded_best_selection_score_never_falls(
    finished: tuple[Run, Conclusion, InProcessEngine],
) -> None:
    _, conclusion, _ = finished
    iterations = conclusion.design.history.iterations
    best = [History(iterations=iterations[: i + 1]).best for i in range(len(iterations))]
    scores = [b.score for b in best if b is not None and b.score is not None]
    assert len(scores) == len(iterations)
    assert scores == sorted(scores)


def test_ledger_of_steps_equals_an_independent_count(
    finished: tuple[Run, Conclusion, InProcessEngine],
) -> None:
    _, conclusion, engine = finished
    counted: Counter[str] = Counter()
    for job in trained(engine):
        request = job.request
        if request["reward"] == "program" and request["end_step"] > 0:
            counted[request["program"]] += request["end_step"] - request["start_step"]
    claimed = {row.candidate for row in conclusion.claim.rows} if conclusion.claim else set()
    for result in conclusion.design.history.results:
        extra = 512 if result.id in claimed else 0
        assert counted[result.judged.candidate.text] == result.steps + extra


def test_the_same_seed_gives_the_same_run(
    finished: tuple[Run, Conclusion, InProcessEngine], tmp_path: Path
) -> None:
    first, _, _ = finished
    second = start(tmp_path)
    finish(second)
    assert _without_paths(decisions(Run.read(second.folder))) == _without_paths(decisions(first))


def test_another_seed_gives_other_trainings(
    finished: tuple[Run, Conclusion, InProcessEngine], tmp_path: Path
) -> None:
    first, _, _ = finished
    second = start(tmp_path, seed=1)
    finish(second)
    assert _without_paths(decisions(Run.read(second.folder))) != _without_paths(decisions(first))


class Killed(BaseException):
    """Stands for `kill -9`: nothing in the program expects it."""


def killer(after: int) -> Callable[[Event], None]:
    seen = 0

    def listen(event: Event) -> None:
        nonlocal seen
        seen += 1
        if seen == after:
            raise Killed

    return listen


@pytest.mark.parametrize("share", [i / 11 for i in range(1, 11)])
def test_resume_equals_no_interruption(
    finished: tuple[Run, Conclusion, InProcessEngine], tmp_path: Path, share: float
) -> None:
    undisturbed, _, whole = finished
    run = start(tmp_path)
    run.subscribe(killer(max(1, int(share * len(undisturbed.events())))))
    before = InProcessEngine()
    with pytest.raises(Killed), run:
        finish_run(run, engine=lambda slots: before)

    _, after = finish(Run.open(run.folder))

    resumed = Run.read(run.folder)
    assert _without_paths(decisions(resumed)) == _without_paths(decisions(undisturbed))
    # At most the job that was running when the driver died is done twice.
    assert len(trained(before)) + len(trained(after)) <= len(trained(whole)) + 1


def test_a_rejected_candidate_is_never_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rewardsmith.roles.offline.designer import propose

    def with_a_bad_one(*args: object, **kwargs: object) -> tuple[Candidate, ...]:
        first, *rest = propose(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they are
        bad = "def reward(state, action, xp):\n    return {'x': state.nowhere}\n"
        return (Candidate(id=first.id, text=bad), *rest)

    monkeypatch.setattr("rewardsmith.stages.propose", with_a_bad_one)
    conclusion, engine = finish(start(tmp_path, **{"search.iterations": 1}))
    rejected = conclusion.design.history.results[0]
    assert rejected.outcome == Outcome.REJECTED
    assert "nowhere" in rejected.text
    assert not [job for job in trained(engine) if "nowhere" in (job.request["program"] or "")]


def test_a_moved_run_folder_resumes(tmp_path: Path) -> None:
    run = start(tmp_path, **{"search.iterations": 1})
    run.subscribe(killer(12))
    with pytest.raises(Killed), run:
        finish_run(run, engine=lambda slots: InProcessEngine())
    moved = tmp_path / "elsewhere" / run.folder.name
    shutil.copytree(run.folder, moved)
    conclusion, _ = finish(Run.open(moved))
    assert conclusion.claim is not None


def _without_paths(told: list[object]) -> str:
    return str(told)
