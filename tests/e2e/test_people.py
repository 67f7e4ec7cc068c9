"""A person trains, pauses, edits and evaluates: real trainings on the toy world, one process."""

from pathlib import Path

import pytest

from rewardsmith.config import load_config
from rewardsmith.contributions import take_edit
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.errors import ConfigError, UsageError
from rewardsmith.messages import CandidateId
from rewardsmith.pausing import PauseAfter, Paused
from rewardsmith.report.candidates import candidate_lines
from rewardsmith.report.conclusions import concluding_evaluation
from rewardsmith.report.page import report_html
from rewardsmith.session import evaluate_stored, finish_run, resume_run, start_run
from rewardsmith.store.remarks import append_remark
from rewardsmith.store.run import Run
from rewardsmith.testing import InProcessEngine, write_line_card

OWN = """
WEIGHTS = {"near": 1.0}
def reward(state, action, xp):
    return {"near": -abs(state.position - state.goal)}
"""
SETTINGS = {
    "search.candidates": 2,
    "search.iterations": 2,
    "search.rungs": (),
    "search.confirm_top": 0,
    "training.total_timesteps": 256,
    "evaluation.selection_episodes": 3,
    "evaluation.report_episodes": 4,
    "evaluation.report_seeds": 1,
    "evaluation.recorded_episodes": 2,
    "evaluation.evals_per_segment": 2,
}
ALONE = {"search.init": OWN, "search.candidates": 1, "search.iterations": 1}


def start(folder: Path, **more: object) -> Run:
    card = write_line_card(folder / "LineWorld")
    config = load_config(None, {**SETTINGS, **more})
    return start_run(folder / "runs", task_of(load_card(card)), config)


def go_on(run: Run, pause_after: PauseAfter | None = None) -> None:
    with run:
        finish_run(run, engine=InProcessEngine, pause_after=pause_after)


def seeds_of(run: Run, seed_set: str) -> set[int]:
    return {
        episode["seed"]
        for event in run.events("candidate_evaluated")
        if event.key["seed_set"] == seed_set
        for episode in event.data["evaluation"]["episodes"]
    }


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that trained one program and judged it on report episodes."""
    run = start(tmp_path_factory.mktemp("train"), **ALONE, **{"evaluation.conclusion": "report"})
    go_on(run)
    return Run.read(run.folder)


def test_one_program_is_trained_and_judged_once_without_controls(trained: Run) -> None:
    evaluation = concluding_evaluation(trained)
    assert evaluation is not None
    assert (evaluation.seed_set, len(evaluation.episodes)) == ("report", 4)
    assert trained.recall("report_ready") is None
    assert len(trained.events("segment_ended")) == 1
    assert [line.author for line in candidate_lines(trained)] == ["human"]
    assert "judged on 4 report episodes" in report_html(trained)


def test_a_resumed_training_judges_nothing_twice(trained: Run) -> None:
    engine = InProcessEngine()
    with Run.open(trained.folder) as again:
        conclusion = finish_run(again, engine=lambda slots: engine)
    assert conclusion.evaluation == concluding_evaluation(trained)
    assert engine.jobs == []


def test_every_evaluation_has_episodes_of_its_own(trained: Run) -> None:
    first, second = (
        evaluate_stored(trained, CandidateId(0, 0), 5, engine=InProcessEngine) for _ in range(2)
    )
    used = [{e.seed for e in made.evaluation.episodes} for made in (first, second)]
    before = seeds_of(trained, "report") | seeds_of(trained, "selection")
    assert not used[0] & used[1]
    assert not (used[0] | used[1]) & before
    assert [made.block for made in (first, second)] == [0, 1]


def test_what_was_never_trained_cannot_be_evaluated(trained: Run) -> None:
    with pytest.raises(UsageError, match="000/7 was never trained"):
        evaluate_stored(trained, CandidateId(0, 7), 5, engine=InProcessEngine)
    assert (trained.folder / "evaluations.jsonl").read_bytes().count(b"000/7") == 0


def test_a_paused_run_takes_in_an_edit_and_a_remark_and_goes_on(tmp_path: Path) -> None:
    run = start(tmp_path)
    with pytest.raises(Paused, match="Paused after iteration 0"):
        go_on(run, "iteration")
    paused = Run.read(run.folder)
    assert len(paused.history().iterations) == 1
    (parent, *_) = candidate_lines(paused)
    take_edit(paused, parent.candidate, OWN, "Only the distance.")
    append_remark(run.folder, "Use little effort, please.")

    with pytest.raises(Paused, match="Paused after the critic of iteration 1"):
        go_on(resume_run(run.folder), "critic")
    judged = Run.read(run.folder)
    assert not [e for e in judged.events("segment_started") if e.key["candidate"][:3] == "001"]
    take_edit(judged, parent.candidate, OWN.replace("1.0", "5.0"))

    go_on(resume_run(run.folder), "critic")
    done = Run.read(run.folder)
    mine = [line for line in candidate_lines(done) if line.author == "human"]
    assert [(str(m.id), str(m.parents[0])) for m in mine] == [
        ("001/0", "000/0"),
        ("001/2", "000/0"),
    ]
    assert [m.state for m in mine] == ["trained", "trained"]
    page = report_html(done)
    assert "by a person, from 000/0" in page
    assert "Use little effort, please." in page
    assert page.count("What changed since 000/0") >= 2


def test_a_search_may_go_on_longer_until_its_claim_has_begun(tmp_path: Path) -> None:
    run = start(tmp_path, **{"search.iterations": 1})
    with pytest.raises(Paused):
        go_on(run, "iteration")
    go_on(resume_run(run.folder, {"search.iterations": 2}))
    assert len(Run.read(run.folder).history().iterations) == 2
    with pytest.raises(ConfigError, match="used its report episodes"):
        resume_run(run.folder, {"search.iterations": 3})
