import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.isolation.frames import Caps, Frame, FrameError
from rewardsmith.isolation.job import Job
from rewardsmith.isolation.launch import command, spawn, start
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.isolation.running import Child, collect
from rewardsmith.isolation.tensors import dump_tensors

Begin = Callable[..., Child]
CHILDREN = str(Path(__file__).parent / "children")

PARENT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from rewardsmith.isolation.launch import encode_job, spawn
from rewardsmith.isolation.limits import Limits, Openings
child = spawn("endings", job=encode_job({"act": "sleep"}), limits=Limits(cpu_s=10),
              openings=Openings(import_paths=(sys.argv[2],)))
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("flood_metrics", "more than 2000 frames"),
        ("huge_frame", "claims 1048576 bytes"),
        ("flood_tensors", "more than"),
        ("flood_text", "more than 256 frames"),
    ],
)
def test_child_that_breaks_the_protocol_is_killed(begin: Begin, act: str, reason: str) -> None:
    child = begin("endings", act=act)
    with pytest.raises(FrameError, match=reason):
        collect(child, stall_s=100)
    status = child.kill()
    assert status.reason == "over_limit"
    assert status.cpu_s < 5


def test_flood_of_text_is_cut_off(begin: Begin) -> None:
    child = begin("endings", act="flood_stdout")
    _, status = collect(child, stall_s=100)
    assert status.reason == "over_limit"
    assert "wrote more than" in child.stderr_text
    assert len(child.stderr_text.encode()) <= 8 * 1024


def test_silent_child_is_killed_after_the_stall_limit(begin: Begin) -> None:
    _, status = collect(begin("endings", act="sleep"), stall_s=1)
    assert status.reason == "killed"
    assert status.signal == signal.SIGKILL


def test_job_of_50_megabytes_arrives(begin: Begin) -> None:
    blob = dump_tensors({"a": np.zeros(50 * 2**20 // 8)})
    frames, status = collect(begin("endings", act="report", tensors=blob), stall_s=100)
    assert frames[0].payload == b'{"blob":6553600}'
    assert status.reason == "ok"


def test_several_children_share_one_selector(begin: Begin) -> None:
    children = [begin("endings", act="report") for _ in range(3)]
    frames: dict[int, list[Frame]] = {child.pid: [] for child in children}
    with selectors.DefaultSelector() as selector:
        for child in children:
            selector.register(child.fileno(), selectors.EVENT_READ, child)
        while any(child.poll() is None for child in children):
            for key, _ in selector.select(0.1):
                frames[key.data.pid] += key.data.read()
    for child in children:
        frames[child.pid] += child.read()
        child.kill()
    assert [len(sent) for sent in frames.values()] == [2, 2, 2]


def test_cpu_seconds_are_known_while_it_runs(begin: Begin) -> None:
    with begin("endings", act="burn_cpu") as child:
        deadline = time.monotonic() + 60
        while child.cpu_seconds() < 0.3 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert child.poll() is None
        running = child.cpu_seconds()
    assert running >= 0.3
    assert child.cpu_seconds() >= running - 0.02


def test_kill_closes_everything_and_may_be_repeated(begin: Begin) -> None:
    before = set(os.listdir("/proc/self/fd"))
    child = begin("endings", act="sleep")
    assert child.kill() == child.kill() == child.poll()
    assert child.read() == []
    assert set(os.listdir("/proc/self/fd")) == before


def test_child_dies_with_its_parent() -> None:
    package = str(Path(command({})[6]))
    line = [sys.executable, "-I", "-c", PARENT, package, CHILDREN]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        wait_until(lambda: state(pid) == "S", "the child sleeps")
        parent.kill()
    wait_until(lambda: state(pid) in {"Z", "gone"}, "the child is gone")


def test_job_is_started_with_its_own_limits_caps_and_openings() -> None:
    job = Job(
        module="endings",
        request={"act": "report"},
        limits=Limits(cpu_s=10),
        caps=Caps(total_bytes=10),
        openings=Openings(import_paths=(CHILDREN,)),
    )
    with pytest.raises(FrameError, match="more than 10 bytes"):
        collect(start(job), stall_s=100)


def test_import_paths_come_after_the_interpreters_own(tmp_path: Path) -> None:
    (tmp_path / "types.py").write_text("raise RuntimeError('shadowed')", encoding="utf-8")
    (tmp_path / "little.py").write_text("import types", encoding="utf-8")
    openings = Openings(import_paths=(str(tmp_path),))
    child = spawn("little", limits=Limits(cpu_s=10), openings=openings)
    assert collect(child, stall_s=60)[1].reason == "ok"


def test_no_variable_beyond_the_allowed_ones_is_passed() -> None:
    with pytest.raises(ValueError, match="OPENAI_API_KEY"):
        spawn("little", limits=Limits(), variables={"OPENAI_API_KEY": "sk"})


def state(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
    return stat.rpartition(")")[2].split()[0]


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)
