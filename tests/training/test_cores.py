"""Jobs of several runs share the machine's cores."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rewardsmith.training.cores import Cores

MINE = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []

pytestmark = pytest.mark.skipif(not MINE, reason="no job is bound to a core here")


def taken(cores: Cores) -> list[int | None]:
    return [cores.take() for _ in MINE]


def test_two_runs_are_never_bound_to_the_same_core(tmp_path: Path) -> None:
    one, other = Cores(tmp_path), Cores(tmp_path)
    first = one.take()
    assert first == MINE[0]
    assert first not in taken(other)
    assert one.take() is None
    if len(MINE) > 1:
        other.give_back(MINE[-1])
        assert one.take() == MINE[-1]


def test_job_beyond_all_cores_is_bound_to_none(tmp_path: Path) -> None:
    cores = Cores(tmp_path)
    assert taken(cores) == MINE
    assert cores.take() is None
    cores.give_back(None)
    cores.give_back(MINE[0])
    assert cores.take() == MINE[0]


def test_claims_of_a_run_that_was_killed_are_free(tmp_path: Path) -> None:
    text = (
        "import sys, pathlib, os\n"
        "from rewardsmith.training.cores import Cores\n"
        "cores = Cores(pathlib.Path(sys.argv[1]))\n"
        "print(cores.take(), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", text, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout.strip()) == (-9, str(MINE[0]))
    assert Cores(tmp_path).take() == MINE[0]


def test_without_a_folder_of_ones_own_the_system_places_jobs(tmp_path: Path) -> None:
    assert Cores(tmp_path / "missing").take() is None
