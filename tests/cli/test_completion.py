"""Tab offers what exists, and costs nothing that a person would notice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rewardsmith.cli import completion
from rewardsmith.store.layout import RUN_FILE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two runs, one of which has candidates, and a stranger."""
    for name in ("2026-01-01-hop-1", "2026-01-02-run-1"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / RUN_FILE).write_text("{}")
    (tmp_path / "runs" / "PPO_1").mkdir()
    for number in (0, 1):
        candidate = f"iterations/000/candidates/{number}"
        (tmp_path / "runs" / "2026-01-02-run-1" / candidate).mkdir(parents=True)
    return tmp_path


def offered(folder: Path, *words: str) -> list[str]:
    """What bash is told for the last, unfinished word."""
    line = " ".join(("rewardsmith", *words))
    asked = {
        "_REWARDSMITH_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py")],
        cwd=folder,
        env=os.environ | asked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("design", "--env", "HalfCh"), ["HalfCheetah-v5"]),
        (("design", "--env", "HalfCheetah-v5", "--task", "run_forw"), ["run_forward"]),
        (("inspect", "2026"), ["2026-01-02-run-1", "2026-01-01-hop-1"]),
        (("inspect", "l"), ["last"]),
        (("inspect", "2026-01-02", "000/"), ["000/0", "000/1"]),
        (("diff", "2026-01-02-run-1", "000/0", "b"), ["best"]),
        (("inspect", "2026-01-01-hop-1", "0"), []),
        (("train", "mine.py", "--track", "ml"), ["mlflow"]),
        (("resu",), ["resume"]),
    ],
    ids=" ".join,
)
def test_tab_offers_what_exists(folder: Path, words: tuple[str, ...], expected: list[str]) -> None:
    assert sorted(offered(folder, *words)) == sorted(expected)


def test_the_names_that_completion_repeats_are_the_stores() -> None:
    assert completion.RUN_FILE == RUN_FILE


def test_completion_is_installed_by_one_option() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "--show-completion", "bash"],
        env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "_REWARDSMITH_COMPLETE=complete_bash" in done.stdout
