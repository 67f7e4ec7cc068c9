"""A run that is interrupted: Ctrl-C, `kill -9`, a second driver. Real processes throughout."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from rewardsmith.messages import Training
from rewardsmith.store.codec import load
from rewardsmith.store.run import Run, run_folders
from rewardsmith.testing import write_line_card

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

COMMAND = [str(Path(sys.executable).parent / "rewardsmith")]
SETTINGS = [
    "--candidates=2",
    "--iterations=1",
    "--timesteps=4096",
    "--set=evaluation.report_seeds=1",
    "--set=evaluation.selection_episodes=4",
    "--set=search.confirm_top=0",
    "--no-video",
]


def start(folder: Path) -> subprocess.Popen[str]:
    card = write_line_card(folder / "LineWorld")
    return subprocess.Popen(
        [*COMMAND, "design", "--env", card, "--task=reach", f"--runs={folder / 'runs'}", *SETTINGS],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=listen_to_ctrl_c,
    )


def listen_to_ctrl_c() -> None:
    """Whoever was started in the background ignores Ctrl-C, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(folder: Path, event: str, *, timeout_s: float = 300.0) -> Path:
    """The run's folder, once `event` is in its journal."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        for run in run_folders(folder / "runs"):
            journal = run / "events.jsonl"
            if journal.exists() and f'"{event}"' in journal.read_text(encoding="utf-8"):
                return run
        time.sleep(0.05)
    raise AssertionError(f"no {event} within {timeout_s} s")


def descendants(pid: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def assert_gone(pids: set[int], *, within_s: float = 15.0) -> None:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        alive = {pid for pid in pids if _is_alive(pid)}
        if not alive:
            return
        time.sleep(0.05)
    raise AssertionError(f"still running: {alive}")


def _is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def children_of(process: subprocess.Popen[str]) -> set[int]:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if found := descendants(process.pid):
            return found
        time.sleep(0.02)
    raise AssertionError("the driver started no child")


def resume(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "resume", str(folder), "--no-video"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def assert_nothing_was_trained_twice(folder: Path) -> None:
    ended = [event for event in Run.read(folder).events("segment_ended")]
    trained = Counter(str(sorted(event.key.items())) for event in ended)
    assert max(trained.values()) == 1
    assert all(load(Training, event.data["training"]).outcome is None for event in ended)


def test_ctrl_c_ends_the_children_and_the_run_resumes(tmp_path: Path) -> None:
    driver = start(tmp_path)
    folder = wait_for(tmp_path, "segment_started")
    children = children_of(driver)
    os.kill(driver.pid, signal.SIGINT)
    output, _ = driver.communicate(timeout=120)
    assert driver.returncode == 130
    assert "rewardsmith resume" in output
    assert_gone(children)

    finished = resume(folder)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "final" in finished.stdout
    assert_nothing_was_trained_twice(folder)


def test_kill_9_leaves_no_orphan_and_the_run_resumes(tmp_path: Path) -> None:
    driver = start(tmp_path)
    folder = wait_for(tmp_path, "segment_ended")
    children = children_of(driver)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate(timeout=120)
    assert_gone(children)

    finished = resume(folder)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert_nothing_was_trained_twice(folder)


def test_a_second_driver_is_refused(tmp_path: Path) -> None:
    driver = start(tmp_path)
    try:
        folder = wait_for(tmp_path, "run_started")
        second = resume(folder)
        assert second.returncode == 1
        assert str(driver.pid) in second.stdout + second.stderr
    finally:
        os.killpg(driver.pid, signal.SIGKILL)
        driver.communicate(timeout=120)
