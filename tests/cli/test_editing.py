"""`rewardsmith edit`: a file or an editor; what is refused is kept, what is taken is written."""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rewardsmith.cli.entry import main
from rewardsmith.config import RunConfig, to_mapping
from rewardsmith.messages import Candidate, CandidateId
from rewardsmith.store.edits import read_edits
from rewardsmith.store.run import Run
from rewardsmith.testing import toy_task, write_line_card

PROGRAM = '''"""Near."""

WEIGHTS = {"near": 1.0}


def reward(state, action, xp):
    return {"near": -xp.abs(state.position - state.goal)}
'''
ID = CandidateId(0, 0)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A run of one candidate, between its first and its second iteration."""
    task = replace(toy_task(), env=write_line_card(tmp_path / "LineWorld"))
    config = to_mapping(RunConfig())
    with Run.create(tmp_path / "runs", name="r", config=config, task=task, versions={}) as made:
        made.record("iteration_started", key={"iteration": 0}, candidates=[])
        candidate = Candidate(id=ID, text=PROGRAM)
        made.record("candidate_proposed", key={"candidate": ID}, candidate=candidate)
        made.record("iteration_ended", key={"iteration": 0})
        yield made


def edit(run: Run, *words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["edit", str(run.folder), "0/0", *words])
    return int(str(left.value.code))


def written(run: Run) -> list[tuple[str, str]]:
    return [(e.text, e.why) for e in read_edits(run.folder, after_line=0).edits]


def test_a_changed_file_is_written_down_with_its_reason_and_shown(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(PROGRAM.replace("1.0", "2.0"))
    assert edit(run, "--file", str(mine), "--why", "Twice.") == 0
    out = capsys.readouterr().out
    assert '+WEIGHTS = {"near": 2.0}' in out
    assert "a candidate of iteration 1" in out
    assert written(run) == [(PROGRAM.replace("1.0", "2.0"), "Twice.")]


def test_a_refused_program_names_line_and_remedy_and_what_to_do(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(PROGRAM.replace("state.goal", "state.goals"))
    assert edit(run, "--file", str(mine)) == 2
    said = capsys.readouterr()
    assert "mine.py:7: error" in said.out
    assert "goal" in said.out
    assert f"--file {mine}" in said.err
    assert written(run) == []


def editor(tmp_path: Path, old: str, new: str, status: int = 0) -> str:
    """A program that edits the file it is given."""
    script = tmp_path / "editor.py"
    script.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        f"path.write_text(path.read_text().replace({old!r}, {new!r}))\n"
        f"sys.exit({status})\n"
    )
    return f"'{sys.executable}' '{script}'"


def test_the_persons_editor_is_opened_on_the_program(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", editor(tmp_path, "1.0", "3.0"))
    assert edit(run) == 0
    assert written(run) == [(PROGRAM.replace("1.0", "3.0"), "")]


def test_what_was_typed_and_refused_is_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setenv("VISUAL", editor(tmp_path, "state.goal", "state.nowhere"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert edit(run) == 2
    (kept,) = tmp_path.glob("rewardsmith-edit-*.py")
    assert "state.nowhere" in kept.read_text()
    assert str(kept) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [("no-such-editor", "cannot be started"), ("", "ended with status 3")],
)
def test_an_editor_that_fails_writes_nothing(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    said: str,
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setenv("VISUAL", command or editor(tmp_path, "1.0", "2.0", status=3))
    assert edit(run) == 2
    assert said in capsys.readouterr().err
    assert written(run) == []


def test_without_a_terminal_a_file_is_asked_for(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edit(run) == 2
    assert "--file FILE" in capsys.readouterr().err
