"""A run is found by what a person types."""

import os
from pathlib import Path

import pytest

from rewardsmith.cli.runs import find_run
from rewardsmith.errors import UsageError


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for age, name in enumerate(["2026-01-02-hopper-1", "2026-01-01-cheetah-1", "2026-01-02-hop-1"]):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
        os.utime(tmp_path / name / "run.json", (1000 - age, 1000 - age))
    (tmp_path / "2026-02-not-ours").mkdir()
    return tmp_path


def test_path_id_prefix_and_last_are_understood(runs: Path) -> None:
    hopper = runs / "2026-01-02-hopper-1"
    assert find_run(str(hopper), Path("elsewhere")) == hopper
    assert find_run("2026-01-02-hopper-1", runs) == hopper
    assert find_run("2026-01-02-hopp", runs) == hopper
    assert find_run("last", runs) == hopper


def test_prefix_of_two_runs_is_refused_with_both(runs: Path) -> None:
    with pytest.raises(UsageError, match="2026-01-02-hop-1, 2026-01-02-hopper-1"):
        find_run("2026-01-02", runs)


def test_unknown_run_is_refused_with_the_nearest(runs: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean '2026-01-02-hopper-1'"):
        find_run("2026-01-02-hoper-1", runs)


def test_folder_of_another_program_is_no_run(runs: Path) -> None:
    with pytest.raises(UsageError, match="Unknown run"):
        find_run("2026-02-not-ours", runs)
