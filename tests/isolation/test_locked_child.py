import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rewardsmith.isolation import landlock, seccomp
from rewardsmith.isolation.frames import RESULT, TENSORS
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.isolation.running import Child, collect
from rewardsmith.isolation.tensors import TensorSpec, parse_tensors

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or landlock.abi() < 6 or seccomp.load_library() is None,
    reason="needs Landlock ABI 6 and libseccomp",
)

Begin = Callable[..., Child]
NOBODY = 65534


ABOUT_FILES = (
    "read a system file",
    "read the parent's environment",
    "list the root",
    "list temporary files",
    "write in the current folder",
    "write in /tmp",
    "write to /dev/shm",
    "append to a log",
    "make a folder",
    "make a link",
    "make a fifo",
    "ask whether the parent lives",
)


@pytest.mark.parametrize("user", [None, NOBODY])
def test_locked_child_reaches_nothing_outside(
    begin: Begin, user: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if user is not None and os.getuid() != 0:
        pytest.skip("only root can become another user")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    before = os.sched_getaffinity(0)
    child = begin("acts", user=user, acts=[], with_seccomp=True, required="strict")
    report = _result(child)
    assert _done(report) == []
    assert len(report["results"]) > 75
    assert report["level"] == "strict"
    assert report["user"] == (os.getuid() if user is None else user)
    assert "OPENAI_API_KEY" not in report["environment"]
    assert report["descriptors"] == [0, 1, 2, 3]
    assert len(report["arguments"]) == 1
    assert os.sched_getaffinity(0) == before


def test_landlock_alone_keeps_files_and_signals_out_of_reach(begin: Begin) -> None:
    acts = list(ABOUT_FILES)
    report = _result(begin("acts", user=None, acts=acts, with_seccomp=False, required="partial"))
    assert _done(report) == []
    assert report["level"] == "partial"


def test_child_below_the_required_level_ends(begin: Begin) -> None:
    child = begin("acts", user=None, acts=[], with_seccomp=False, required="strict")
    frames, status = collect(child, stall_s=100)
    assert frames == []
    assert status.reason == "crashed"
    assert "The sandbox is partial, 'strict' is required: no seccomp" in child.stderr_text


def test_scratch_folder_is_the_only_place_to_write(begin: Begin, tmp_path: Path) -> None:
    report = _result(begin("opened", openings=Openings(scratch=str(tmp_path))))
    assert report["can"] == ["write to scratch"]
    assert report["level"] == "partial"
    assert report["notes"] == ["a scratch folder is writable"]


def test_opened_file_is_read_and_nothing_else(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "mesh.stl").write_bytes(b"solid")
    report = _result(begin("opened", openings=Openings(read=(str(tmp_path / "mesh.stl"),))))
    assert report["can"] == ["read what was opened"]
    assert report["level"] == "strict"


def test_opened_network_is_said(begin: Begin) -> None:
    report = _result(begin("opened", openings=Openings(network=True)))
    assert report["can"] == ["connect"]
    assert report["notes"] == ["the network is open"]


@pytest.mark.parametrize(
    ("act", "reason", "said"),
    [
        ("segfault", "crashed", ""),
        ("abort", "crashed", ""),
        ("crash", "crashed", "KeyError: 'height'"),
        ("one_endless_line", "crashed", "xxxx the end\n"),
        ("claim_success", "ok", ""),
    ],
)
def test_child_that_ends_badly_is_told_apart(
    begin: Begin, act: str, reason: str, said: str
) -> None:
    child = begin("endings", act=act)
    frames, status = collect(child, stall_s=100)
    assert frames == []
    assert status.reason == reason
    assert said in child.stderr_text
    assert len(child.stderr_text.encode()) <= 8 * 1024
    assert not child.has_ended_well


def test_foreign_call_convention_is_refused(begin: Begin) -> None:
    child = begin("endings", act="foreign_call_convention")
    assert collect(child, stall_s=100)[0] == []


@pytest.mark.parametrize("act", ["burn_cpu", "burn_cpu_and_catch"])
def test_endless_loop_ends_at_its_cpu_limit(begin: Begin, act: str) -> None:
    _, status = collect(begin("endings", act=act, limits=Limits(cpu_s=1)), stall_s=100)
    assert status.reason == "over_limit"
    assert 0.5 <= status.cpu_s < 4  # the kernel counts in ticks


@pytest.mark.parametrize("act", ["fill_memory", "ask_too_much_of_numpy"])
def test_memory_bomb_ends_at_its_limit(begin: Begin, act: str) -> None:
    limits = Limits(cpu_s=10, memory_bytes=512 * 2**20)
    child = begin("endings", act=act, limits=limits)
    _, status = collect(child, stall_s=100)
    assert status.reason == "over_limit"
    # Until it becomes another program a child counts as large as its parent.
    parent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert status.max_rss_bytes < max(600 * 2**20, 1.1 * parent)
    assert "MemoryError" in child.stderr_text


def test_prints_are_text_and_no_frames(begin: Begin) -> None:
    child = begin("endings", act="report")
    frames, status = collect(child, stall_s=100)
    assert [frame.kind for frame in frames] == [b"r", b"e"]
    assert frames[0].payload == b'{"blob":0}'
    assert "{}" in child.stderr_text
    assert child.has_ended_well
    assert status.reason == "ok"


def test_real_training_runs_without_a_writable_path(begin: Begin) -> None:
    child = begin("learner", locked=True, steps=2048, limits=Limits(cpu_s=100))
    frames, status = collect(child, stall_s=100)
    assert status.reason == "ok", child.stderr_text
    report = json.loads(next(f.payload for f in frames if f.kind == RESULT))
    assert report["level"] == "strict"
    tensors = parse_tensors(next(f.payload for f in frames if f.kind == TENSORS), _policy(17, 6))
    assert tensors["obs.mean"].shape == (17,)


def _result(child: Child) -> dict[str, Any]:
    """The result frame of a child that ends well."""
    frames, status = collect(child, stall_s=100)
    assert status.reason == "ok", child.stderr_text
    report: dict[str, Any] = json.loads(frames[-2].payload)
    return report


def _done(report: dict[str, Any]) -> list[str]:
    return [name for name, said in report["results"].items() if said.startswith("DONE")]


def _policy(n_obs: int, n_actions: int) -> dict[str, TensorSpec]:
    shapes: dict[str, tuple[int, ...]] = {"log_std": (n_actions,)}
    for name, n_out in (("policy_net", n_actions), ("value_net", 1)):
        mlp = f"mlp_extractor.{name}"
        shapes |= {f"{mlp}.0.weight": (64, n_obs), f"{mlp}.2.weight": (64, 64)}
        shapes |= {f"{mlp}.0.bias": (64,), f"{mlp}.2.bias": (64,)}
        head = "action_net" if n_out == n_actions else "value_net"
        shapes |= {f"{head}.weight": (n_out, 64), f"{head}.bias": (n_out,)}
    specs = {name: TensorSpec("F32", shape) for name, shape in shapes.items()}
    return specs | {f"obs.{k}": TensorSpec("F64", (n_obs,)) for k in ("mean", "var")}
