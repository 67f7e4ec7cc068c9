"""Labels in a terminal: the same questions and the same file as on the page."""

import io
from pathlib import Path

import pytest

from rewardsmith.cli.labelling import label_run
from rewardsmith.cli.run_page import show_run
from rewardsmith.errors import UsageError
from rewardsmith.feedback.labelling import open_sheet, values_of
from rewardsmith.store.labels import read_labels
from rewardsmith.store.run import Run


def label(folder: Path, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    label_run(folder, with_film=False)


def test_keys_become_labels_and_a_choice(
    drafted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    label(drafted, "g\nb\nu\n" + "b\ng\n" * 5 + "c\n2\n", monkeypatch)
    labels = read_labels(drafted)
    assert [one.saying for one in labels.standing] == ["good", *["bad", "good"] * 5]
    assert labels.chosen == 1
    said = capsys.readouterr().out
    assert "agree with 11 labels" in said
    assert "Chosen. `rewardsmith resume" in said


def test_too_few_labels_choose_nothing(
    drafted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    label(drafted, "g\nb\nc\n1\n", monkeypatch)
    assert read_labels(drafted).chosen is None
    assert "A few more labels" in capsys.readouterr().out


def test_a_run_with_nothing_to_label_says_what_else_there_is(ranked: Path) -> None:
    with pytest.raises(UsageError, match="rewardsmith rank"):
        label_run(ranked, with_film=False)


def test_a_run_without_a_choice_says_that_its_fitness_waits(
    drafted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_run(Run.read(drafted))
    said = capsys.readouterr().out
    assert "waits to be chosen among drafts" in said
    assert "settled when the fitness is chosen" in said
    assert "step < 0" not in said


def test_a_choice_that_a_coin_would_match_is_allowed_with_a_warning(
    drafted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = open_sheet(Run.read(drafted))
    assert sheet is not None
    values = values_of(Run.read(drafted), sheet.drafts[0].text, sheet.rollouts)
    middle = sorted(values)[len(values) // 2]
    keys = ["b" if values[number] > middle else "g" for number in sheet.order]
    label(drafted, "\n".join([*keys, "1"]) + "\n", monkeypatch)
    said = capsys.readouterr().out
    assert "Warning: It orders 0% of the pairs" in said
    assert "1*" not in said
    assert read_labels(drafted).chosen == 0
