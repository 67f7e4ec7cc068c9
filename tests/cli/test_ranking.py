"""Pairs in a terminal: the same questions and the same file as on the page."""

import io
from pathlib import Path

import pytest

from rewardsmith.cli.ranking import rank_run
from rewardsmith.cli.request import Request
from rewardsmith.errors import UsageError
from rewardsmith.messages import BY_RANKING
from rewardsmith.store.comparisons import read_comparisons
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
