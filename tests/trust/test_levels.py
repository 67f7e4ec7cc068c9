"""The lock itself: its list, its levels, and what is said where a machine has less to offer."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.trust.conftest import ACTS

from rewardsmith.cli import driving
from rewardsmith.errors import UsageError
from rewardsmith.isolation import landlock, lock, seccomp
from rewardsmith.isolation.launch import encode_job, spawn
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.isolation.running import collect
from rewardsmith.testing import write_line_card

full = pytest.mark.skipif(
    sys.platform != "linux" or landlock.abi() < 6 or seccomp.load_library() is None,
    reason="needs Landlock ABI 6 and libseccomp",
)


@full
@pytest.mark.parametrize("learner", ["ppo", "sac"])
def test_real_training_makes_no_call_beyond_the_list(learner: str) -> None:
    """A call that is not on it would end the process by SIGSYS."""
    status, text = train(learner, is_list=True)
    assert status == 0, text


@full
def test_shorter_list_ends_the_training(tmp_path: Path) -> None:
    """So that the test above can fail."""
    status, _ = train("ppo", is_list=False)
    assert status == -31


RECORDED = """brk close exit_group futex getpid ioctl lseek mmap munmap newfstatat openat read
    rt_sigaction stat write"""
"""By `strace`, from the lock to the end of the two trainings above: 2026-11-21, torch 2.13."""


def test_list_holds_what_was_recorded() -> None:
    assert set(RECORDED.split()) <= set(seccomp.allowed_names())


def train(learner: str, *, is_list: bool) -> tuple[int, str]:
    child = spawn(
        "deadly_learner",
        job=encode_job({"learner": learner, "deadly": True, "list": is_list}),
        limits=Limits(cpu_s=60),
        openings=Openings(import_paths=(str(ACTS),)),
    )
    status = collect(child, stall_s=60)[1]
    return status.returncode, child.stderr_text


@full
def test_library_that_does_not_know_a_name_is_an_error_and_no_gap() -> None:
    library = seccomp.load_library()
    assert library is not None
    with pytest.raises(seccomp.SyscallUnknown, match="getpidd"):
        seccomp.restrict(library, extra_syscalls=["getpidd"])


Machine = Callable[[int, bool], None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """`machine(abi, has_seccomp)`: what this one pretends to offer."""

    def pretend(abi: int, has_seccomp: bool) -> None:
        library = object() if has_seccomp else None
        monkeypatch.setattr(landlock, "abi", lambda: abi)
        monkeypatch.setattr(seccomp, "load_library", lambda: library)

    return pretend


@pytest.mark.parametrize(
    ("abi", "has_seccomp", "level", "said"),
    [
        (7, True, "strict", ""),
        (4, True, "partial", "Landlock ABI 4 instead of 6"),  # Linux 6.7
        (0, True, "partial", "no Landlock on this system"),  # Linux 5.10
        (7, False, "partial", "no seccomp library on this system"),
        (0, False, "none", "no Landlock on this system; no seccomp library"),  # macOS
    ],
)
def test_machine_that_offers_less_is_told_apart_and_warned_of(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    abi: int, has_seccomp: bool, level: str, said: str,
) -> None:  # fmt: skip
    machine(abi, has_seccomp)
    assert lock.forecast().level == level
    driving._look_at_sandbox(write_line_card(tmp_path), "any")
    warning = " ".join(capsys.readouterr().err.split())
    assert (f"Warning: the sandbox is {level}" in warning) == (level != "strict")
    assert said in warning


@pytest.mark.parametrize(("abi", "has_seccomp"), [(4, True), (0, True), (7, False), (0, False)])
def test_strict_refuses_any_machine_that_offers_less(
    machine: Machine, tmp_path: Path, abi: int, has_seccomp: bool
) -> None:
    machine(abi, has_seccomp)
    with pytest.raises(UsageError, match=r"'strict' is required.*--require-sandbox"):
        driving._look_at_sandbox(write_line_card(tmp_path), "strict")


def test_strict_refuses_a_card_that_opens_the_network(tmp_path: Path) -> None:
    ref = write_line_card(tmp_path)
    text = Path(ref).read_text(encoding="utf-8") + "needs: {network: true}\n"
    Path(ref).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="the network is open"):
        driving._look_at_sandbox(ref, "strict")


@full
def test_forecast_is_what_a_child_reaches() -> None:
    assert lock.forecast().level == "strict"


@full
def test_second_thread_at_lock_time_is_said() -> None:
    import threading

    n_before = len(os.listdir("/proc/self/task"))
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait)
    thread.start()
    try:
        told = f"{n_before + 1} threads at lock time instead of one"
        assert lock._thread_notes() == [told]
    finally:
        gate.set()
        thread.join()


def test_default_limits_fit_a_laptop_and_can_all_be_set() -> None:
    from rewardsmith.config import load_config

    limits = load_config(None, {}).limits
    assert limits.memory_mb <= 4096
    assert limits.stall_s <= 600
    changed = {"memory_mb": 512, "cpu_factor": 2.0, "cpu_s": 10.0, "stall_s": 5.0,
               "probe_cpu_s": 3.0, "attempts": 1,
               "idle_s": 60.0, "rollouts_cpu_s": 9.0, "open_files": 100}  # fmt: skip
    made = load_config(None, {f"limits.{name}": value for name, value in changed.items()}).limits
    assert {name: getattr(made, name) for name in changed} == changed
