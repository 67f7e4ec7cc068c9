"""A search without a fitness waits for comparisons, and goes on with what they say."""

from pathlib import Path

import pytest

from rewardsmith.config import load_config
from rewardsmith.environments.cards import ad_hoc_task, load_card, task_of
from rewardsmith.errors import ConfigError
from rewardsmith.feedback.ranking import next_pair, ranking_of
from rewardsmith.feedback.selection import WaitingForPerson, open_wait
from rewardsmith.messages import BY_RANKING, CandidateId, Design
from rewardsmith.report.candidates import best_line, candidate_lines
from rewardsmith.session import finish_run, resume_run, start_run
from rewardsmith.store.comparisons import Choice, Comparison, append_comparison
from rewardsmith.store.run import Run
from rewardsmith.testing import InProcessEngine, write_line_card


def go_on(folder: Path, **settings: object) -> tuple[Design | None, InProcessEngine]:
    """Resume; None where it waits again."""
    engine = InProcessEngine()
    changed = {key.replace("__", "."): value for key, value in settings.items()}
    with resume_run(folder, changed) as run:
        try:
            return finish_run(run, engine=lambda slots: engine).design, engine
        except WaitingForPerson:
            return None, engine


def prefer(folder: Path, best: CandidateId) -> int:
    """Answer everything that is waited for in favour of `best`, other pairs with a tie."""
    n_answers = 0
    while open_wait(Run.read(folder)) is not None:
        pair = next_pair(ranking_of(Run.read(folder)), 0)
        assert pair is not None
        sides: dict[CandidateId, Choice] = {pair.left: "left", pair.right: "right"}
        choice = sides.get(best, "tie")
        one = Comparison(left=pair.left, right=pair.right, seed=pair.seed, choice=choice)
        append_comparison(folder, one)
        n_answers += 1
    return n_answers


def trained(engine: InProcessEngine) -> int:
    return sum(job.request.get("job") == "train" for job in engine.jobs)


def test_a_run_that_waits_says_what_to_do_and_trains_nothing_again(ranked: Path) -> None:
    engine = InProcessEngine()
    with resume_run(ranked) as run, pytest.raises(WaitingForPerson) as waiting:
        finish_run(run, engine=lambda slots: engine)
    assert waiting.value.exit_code == 0
    assert "rewardsmith rank" in str(waiting.value)
    assert "rewardsmith resume" in str(waiting.value)
    assert trained(engine) == 0
    assert Run.read(ranked).recall("ranking_decided", iteration=0) is None


def test_the_preferred_candidate_wins_and_is_the_next_rounds_parent(ranked: Path) -> None:
    best = CandidateId(0, 1)
    assert prefer(ranked, best) == 6  # half as many again as there are candidates, and one
    design, engine = go_on(ranked)
    assert design is None
    assert trained(engine) == 3
    proposed = Run.read(ranked).events("candidate_proposed")
    parents = [tuple(e.data["candidate"]["parents"][:1]) for e in proposed[3:]]
    assert ([0, 1],) in parents
    prefer(ranked, best)
    design, _ = go_on(ranked)
    assert design is not None
    assert design.best is not None
    assert design.best.id == best
    run = Run.read(ranked)
    assert [e.data["reason"] for e in run.events("run_ended")] == ["finished"]
    line = best_line(run, candidate_lines(run))
    assert line is not None
    assert (line.id, line.score) == (best, design.best.score)


def test_a_decided_ranking_stays_whatever_is_answered_later(ranked: Path) -> None:
    prefer(ranked, CandidateId(0, 1))
    go_on(ranked)
    decided = Run.read(ranked).recall("ranking_decided", iteration=0)
    prefer(ranked, CandidateId(0, 2))
    go_on(ranked)
    assert Run.read(ranked).recall("ranking_decided", iteration=0) == decided


def test_fewer_comparisons_do_when_the_resumed_run_asks_for_fewer(ranked: Path) -> None:
    design, engine = go_on(ranked, roles__comparisons=1)
    assert design is None
    assert trained(engine) == 0
    assert prefer(ranked, CandidateId(0, 0)) == 1
    _, engine = go_on(ranked)
    assert trained(engine) == 3


def test_nothing_is_stopped_or_measured_where_people_judge(ranked: Path) -> None:
    run = Run.read(ranked)
    assert run.manifest.config["search"]["rungs"] == []
    assert run.manifest.config["search"]["confirm_top"] == 0
    assert not run.events("rung_decided")
    scores = {e.data["result"]["score"] for e in run.events("candidate_closed")}
    assert scores == {None}


def test_comparisons_beside_a_fitness_never_select(tmp_path: Path) -> None:
    settings = {
        "search.candidates": 3,
        "search.iterations": 1,
        "search.rungs": [],
        "search.confirm_top": 0,
        "training.total_timesteps": 256,
        "evaluation.selection_episodes": 3,
        "evaluation.report_episodes": 3,
        "evaluation.report_seeds": 1,
        "evaluation.evals_per_segment": 1,
    }
    task = task_of(load_card(write_line_card(tmp_path / "LineWorld")))
    with start_run(tmp_path / "runs", task, load_config(None, settings)) as run:
        design = finish_run(run, engine=lambda slots: InProcessEngine()).design
    assert design.best is not None
    worst = min(design.history.results, key=lambda r: r.score or 0.0).id
    assert worst != design.best.id
    seeds = ranking_of(Run.read(run.folder)).entrants[0].seeds
    for seed in seeds:
        one = Comparison(left=worst, right=design.best.id, seed=seed, choice="left")
        append_comparison(run.folder, one)
    later = Run.read(run.folder)
    assert ranking_of(later).best_first[0] == worst
    assert later.history().best == design.best
    assert open_wait(later) is None


def test_people_cannot_judge_what_is_not_recorded(tmp_path: Path) -> None:
    card = load_card(write_line_card(tmp_path / "LineWorld"))
    task = ad_hoc_task(card, "Reach it.", fitness=BY_RANKING, success="step < 0")
    config = load_config(None, {"evaluation.recorded_episodes": 0})
    with pytest.raises(ConfigError, match="compare recorded episodes"):
        start_run(tmp_path / "runs", task, config)
