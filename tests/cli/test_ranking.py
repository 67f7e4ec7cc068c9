"""Pairs in a terminal: the same questions and the same file as on the page."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from rewardsmith.cli.candidate_page import show_candidate
from rewardsmith.cli.documents import candidate_document, run_document
from rewardsmith.cli.exporting import export_candidate
from rewardsmith.cli.progress import progress_of
from rewardsmith.cli.ranking import rank_run
from rewardsmith.cli.request import Request
from rewardsmith.cli.run_page import show_run
from rewardsmith.errors import UsageError
from rewardsmith.messages import BY_RANKING
from rewardsmith.report.candidates import candidate_lines
from rewardsmith.report.measurements import measured_of
from rewardsmith.session import resume_run
from rewardsmith.store.comparisons import read_comparisons
from rewardsmith.store.run import Run
from rewardsmith.testing import write_line_card


def rank(folder: Path, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    rank_run(folder, with_film=False)


def test_keys_become_answers_and_undo_takes_one_back(
    ranked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rank(ranked, "l\nwhat?\nr\nu\nt\ns\nq\n", monkeypatch)
    assert [c.choice for c in read_comparisons(ranked).standing] == ["left", "tie", "skip"]
    said = capsys.readouterr().out
    assert "Pair 1 of 6 that iteration 0 needs" in said
    assert "Taken back: right." in said
    assert "4 more, and `rewardsmith resume" in said
    assert "position (m)" in said
    assert "Ranking by 2 comparisons" in said


def test_an_input_that_ends_leaves_what_was_said(
    ranked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rank(ranked, "l\nl\nl\nl\nl\nl\n", monkeypatch)
    assert len(read_comparisons(ranked).standing) == 6
    assert "That is enough" in capsys.readouterr().out


def test_a_run_with_nobody_to_compare_says_so(ranked: Path) -> None:
    lines = (ranked / "events.jsonl").read_bytes().splitlines(keepends=True)
    closed = [i for i, line in enumerate(lines) if b'"candidate_closed"' in line]
    (ranked / "events.jsonl").write_bytes(b"".join(lines[: closed[1]]))
    with pytest.raises(UsageError, match="1 trained candidate"):
        rank_run(ranked, with_film=False)


def test_fitness_human_takes_the_words_of_a_known_task_and_nothing_of_its_measure(
    tmp_path: Path,
) -> None:
    env = write_line_card(tmp_path / "LineWorld")
    for said in ("reach", "Go there."):
        task = Request(env=env, task=said, fitness=BY_RANKING, flags={}).resolve_task()
        assert task.is_ranked
        assert "goal" not in f"{task.fitness} {task.success} {task.name}"
        expected = "Reach the goal and stay there." if said == "reach" else said
        assert task.instruction == expected


def test_what_people_judge_is_shown_without_a_fitness_or_success(
    ranked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run.read(ranked)
    show_run(run)
    show_candidate(run, "0/0")
    said = capsys.readouterr().out
    assert "none: people judge, by comparing rollouts" in said
    for invented in ("step < 0", "0%", "eval/fitness", "eval/success", "score"):
        assert invented not in said, invented


def test_documents_of_a_ranked_run_hold_no_success_and_no_evaluation(ranked: Path) -> None:
    run = Run.read(ranked)
    document = run_document(run)
    assert (document.fitness, document.success) == ("human", "")
    assert [line.success_rate for line in document.candidates] == [None] * 3
    one = candidate_document(run, candidate_lines(run)[0])
    assert (one.success_rate, one.evaluations) == (None, ())


def test_the_live_log_of_a_ranked_run_says_nothing_of_a_fitness(ranked: Path) -> None:
    out = io.StringIO()
    with resume_run(ranked) as run, progress_of(run, Console(file=out, width=200)):
        for event in run.events("candidate_evaluated"):
            run.record("candidate_evaluated", key=event.key, **event.data)
        for event in run.events("candidate_closed"):
            run.record("candidate_closed", key=event.key, **event.data)
    assert "000/0 trained after" in out.getvalue()
    assert "fitness" not in out.getvalue()


def test_the_exported_card_of_a_ranked_candidate_says_who_judged(
    ranked: Path, tmp_path: Path
) -> None:
    run = Run.read(ranked)
    export_candidate(run, "0/0", tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "people compared rollouts of the candidates" in card
    assert "There is no fitness and no success rate." in card
    for invented in ("step < 0", "Selection score", "`human`"):
        assert invented not in card
    measured = json.loads((tmp_path / "out" / "measured.json").read_text(encoding="utf-8"))
    assert {line["success_rate"] for line in measured["candidates"]} == {None}


def test_the_score_of_a_ranked_candidate_is_called_its_strength(ranked: Path) -> None:
    run = Run.read(ranked)
    line = candidate_lines(run)[0]
    assert line.result is not None
    chosen = replace(line, result=replace(line.result, score=0.4774))
    (said,) = measured_of(run, chosen).paragraphs
    assert said.startswith("Strength 0.4774 in people's comparisons")
    assert measured_of(run, chosen).metrics == ()
