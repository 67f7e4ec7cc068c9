"""Answers to pairs: appended, taken back, and read whatever else stands in the file."""

import threading
from pathlib import Path

import pytest

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId
from rewardsmith.store.comparisons import (
    PREFERENCES_FILE,
    Choice,
    Comparison,
    append_comparison,
    append_undo,
    read_comparisons,
)

A, B = CandidateId(0, 0), CandidateId(1, 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    return tmp_path


def one(choice: Choice, seed: int = 7) -> Comparison:
    return Comparison(left=B, right=A, seed=seed, choice=choice, source="page")


def test_what_was_answered_is_read_with_its_sides(folder: Path) -> None:
    for choice in ("left", "tie", "skip"):
        append_comparison(folder, one(choice))
    read = read_comparisons(folder)
    assert [c.choice for c in read.standing] == ["left", "tie", "skip"]
    assert read.standing[0] == one("left")
    assert read.up_to_line == 3


def test_undo_takes_back_the_last_answer_that_stands_and_keeps_its_line(folder: Path) -> None:
    append_comparison(folder, one("left"))
    append_comparison(folder, one("right"))
    assert append_undo(folder) == one("right")
    assert append_undo(folder) == one("left")
    assert append_undo(folder) is None
    append_comparison(folder, one("tie"))
    assert [c.choice for c in read_comparisons(folder).standing] == ["tie"]
    lines = (folder / PREFERENCES_FILE).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"left": "000/0", "right": "000/0", "seed": 1, "choice": "left"}',
        '{"left": "000/0", "right": "000/1", "seed": true, "choice": "left"}',
        '{"left": "000/0", "right": "000/1", "seed": 1, "choice": "both"}',
        '{"left": "../../x", "right": "000/1", "seed": 1, "choice": "left"}',
        '{"left": "000/0", "seed": 1, "choice": "left"}',
    ],
)
def test_a_line_that_says_nothing_sensible_is_passed_over(folder: Path, line: str) -> None:
    (folder / PREFERENCES_FILE).write_text(f"{line}\n", encoding="utf-8")
    append_comparison(folder, one("left"))
    assert read_comparisons(folder).standing == (one("left"),)


def test_many_may_answer_at_once(folder: Path) -> None:
    def answer(seed: int) -> None:
        append_comparison(folder, one("left", seed))

    threads = [threading.Thread(target=answer, args=(seed,)) for seed in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {c.seed for c in read_comparisons(folder).standing} == set(range(20))


def test_only_a_run_takes_answers(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a run"):
        append_comparison(tmp_path, one("left"))
