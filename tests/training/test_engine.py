"""The local engine: what becomes of jobs that end badly, and of their neighbours."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from rewardsmith.isolation.frames import RESULT
from rewardsmith.isolation.job import Job, JobEnd
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.isolation.strict_json import parse_json
from rewardsmith.messages import Outcome
from rewardsmith.training.engine import Chain, LocalEngine

JOBS = str(Path(__file__).parent / "jobs")
MIB = 1024 * 1024


def job(how: str, *, stall_s: float = 30.0, cpu_s: int = 20) -> Job:
    return Job(
        module="misbehaving_job",
        request={"how": how},
        limits=Limits(cpu_s=cpu_s, memory_bytes=512 * MIB),
        stall_s=stall_s,
        openings=Openings(import_paths=(JOBS,)),
    )


def one(how: str, **limits: float) -> Chain[JobEnd]:
    return (yield job(how, **limits))  # type: ignore[arg-type]  # numbers either way


def answers(ends: Sequence[JobEnd]) -> list[object]:
    return [
        parse_json(next(f.payload for f in end.frames if f.kind == RESULT))
        for end in ends
        if end.outcome is None
    ]


@pytest.mark.parametrize(
    ("how", "outcome", "says"),
    [
        ("crash", Outcome.CRASHED, "divided by zero on line 7"),
        ("segfault", Outcome.CRASHED, ""),
        ("memory", Outcome.OVER_LIMIT, "Memory"),
        ("nonsense", Outcome.CRASHED, "protocol"),
        ("silent exit", Outcome.CRASHED, "last word"),
    ],
)
def test_a_job_that_ends_badly_says_how_and_leaves_its_neighbours_alone(
    how: str, outcome: Outcome, says: str
) -> None:
    ends = LocalEngine(2).run([one("work"), one(how), one("work")])
    assert [end.outcome for end in ends] == [None, outcome, None]
    assert says in ends[1].text
    assert len(answers(ends)) == 2


def test_a_job_that_falls_silent_is_timed_out() -> None:
    start = time.monotonic()
    end, good = LocalEngine(2).run([one("hang", stall_s=1.0), one("work")])
    assert end.outcome == Outcome.TIMED_OUT
    assert end.cpu_s > 0
    assert good.outcome is None
    assert time.monotonic() - start < 20


def test_a_job_that_spins_is_stopped_by_its_cpu_limit() -> None:
    (end,) = LocalEngine(1).run([one("spin", cpu_s=1)])
    assert end.outcome == Outcome.OVER_LIMIT
    assert 0.5 <= end.cpu_s < 5.0


def test_values_come_in_the_order_of_the_chains() -> None:
    ends = LocalEngine(2).run([one(f"work {i}") for i in range(5)])
    assert answers(ends) == [{"answer": f"work {i}"} for i in range(5)]


def test_a_chain_goes_on_from_how_its_job_ended() -> None:
    def retry() -> Chain[list[Outcome | None]]:
        first = yield job("crash")
        second = yield job("work")
        return [first.outcome, second.outcome]

    assert LocalEngine(1).run([retry()]) == [[Outcome.CRASHED, None]]


def test_an_error_in_a_chain_ends_every_child() -> None:
    def broken() -> Chain[None]:
        yield job("work")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalEngine(2).run([broken(), one("hang")])
    assert not _children()


def _children() -> list[str]:
    me = str(os.getpid())
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            parent, state = stat.rpartition(")")[2].split()[1], stat.rpartition(")")[2].split()[0]
            command = (entry / "cmdline").read_bytes()
            if parent == me and state != "Z" and b"misbehaving_job" in command:
                found.append(entry.name)
    return found
