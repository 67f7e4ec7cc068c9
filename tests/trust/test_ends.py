"""No child outlives its driver, however the driver ends."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.e2e.test_interruption import listen_to_ctrl_c
from tests.trust.conftest import ROOT

from rewardsmith.isolation.launch import encode_job, spawn
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.isolation.running import ABSENT_S, collect

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

CHILDREN = str(ROOT / "tests" / "isolation" / "children")
DRIVER = """
import sys, threading, time
sys.path.insert(0, sys.argv[1])
from rewardsmith.isolation.launch import encode_job, spawn
from rewardsmith.isolation.limits import Limits, Openings
def begin():
    child = spawn("endings", job=encode_job({"act": "sleep"}), limits=Limits(cpu_s=10),
                  openings=Openings(import_paths=(sys.argv[2],)))
    print(child.pid, flush=True)
    sys.stdin.readline()
    return child
kept = []
if sys.argv[3] == "thread":
    starter = threading.Thread(target=lambda: kept.append(begin()))
    starter.start()
    starter.join()
    print("the thread ended", flush=True)
    time.sleep(60)
kept.append(begin())
if sys.argv[3] == "exception":
    raise RuntimeError("the driver failed")
if sys.argv[3] == "signal":
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("how", "sent"),
    [
        ("normal", None),
        ("exception", None),
        ("signal", signal.SIGINT),
        ("signal", signal.SIGTERM),
        ("signal", signal.SIGKILL),
    ],
)
def test_no_child_outlives_its_driver(how: str, sent: signal.Signals | None) -> None:
    with driver(how) as process:
        pid = int(read(process))
        wait_until(lambda: state(pid) == "S", "the child sleeps")
        tell(process)
        if sent is not None:
            time.sleep(0.1)
            process.send_signal(sent)
        wait_until(lambda: state(pid) in {"Z", "gone"}, "the child is gone")
        process.kill()


def test_child_ends_with_the_thread_that_started_it() -> None:
    """The kernel's rule: hence the engine starts children from one that outlives them."""
    with driver("thread") as process:
        pid = int(read(process))
        wait_until(lambda: state(pid) == "S", "the child sleeps")
        tell(process)
        assert read(process) == "the thread ended"
        wait_until(lambda: state(pid) in {"Z", "gone"}, "the child is gone")
        assert process.poll() is None
        process.kill()


def test_signs_of_life_without_work_are_no_work() -> None:
    """What the stall rule alone would let pass for days."""
    child = spawn(
        "endings",
        job=encode_job({"act": "sleep"}),
        limits=Limits(cpu_s=10, idle_s=0.8),
        openings=Openings(import_paths=(CHILDREN,)),
    )
    _, status = collect(child, stall_s=100)
    assert status.reason == "over_limit"
    assert "neither computed nor waited for a core" in child.stderr_text
    assert child.idle_seconds() > 0.8


def test_child_that_computes_is_never_idle() -> None:
    child = spawn(
        "endings",
        job=encode_job({"act": "burn_cpu"}),
        limits=Limits(cpu_s=2, idle_s=1.2),
        openings=Openings(import_paths=(CHILDREN,)),
    )
    _, status = collect(child, stall_s=100)
    assert status.cpu_s >= 1.5  # its own limit ended it, as coarsely as a kernel counts
    assert "neither computed" not in child.stderr_text


def test_driver_that_was_away_blames_nobody() -> None:
    """A driver that was stopped, or a laptop that slept: the child may have waited for it."""
    assert ABSENT_S < 60
    with spawn(
        "endings",
        job=encode_job({"act": "sleep"}),
        limits=Limits(cpu_s=10, idle_s=0.1),
        openings=Openings(import_paths=(CHILDREN,)),
    ) as child:
        child._looked_at -= 3600.0
        child.read()
        assert child.idle_seconds() == 0.0
        assert child.poll() is None


def driver(how: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-I", "-c", DRIVER, str(ROOT / "designer"), CHILDREN, how]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        line,
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=listen_to_ctrl_c,
    )


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go on\n")
    process.stdin.flush()


def read(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def state(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
    return stat.rpartition(")")[2].split()[0]


def wait_until(holds: object, what: str) -> None:
    assert callable(holds)
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)
