"""What a page costs. The bar is 0.5 CPU-seconds; the suite asserts a loose bound.

Measured: 0.25 when a run of 200 candidates is opened first and 0.02 from then on, 0.1 for one of
its candidates, 0.3 for a list of 1,000 runs that are new and 0.07 from then on.
"""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardsmith.messages import Trajectory
from rewardsmith.report.candidates import candidate_lines
from rewardsmith.store import spelling
from rewardsmith.store.artifacts import write_artifact
from rewardsmith.store.journal import read_sound
from rewardsmith.store.run import Run
from rewardsmith.store.trajectories import pack

N_CANDIDATES = 200
BOUND_S = 1.5
"""Three times the bar: tests share their cores."""


@pytest.fixture
def many_candidates(done: Path) -> Path:
    """The run, its first iteration's events repeated until it has 200 candidates."""
    lines = (done / "events.jsonl").read_bytes().splitlines()
    begins = next(i for i, line in enumerate(lines) if b'"iteration_started"' in line)
    ends = next(i for i, line in enumerate(lines) if b'"iteration_ended"' in line) + 1
    block = b"\n".join(lines[begins:ends])
    copies = [_moved(block, number) for number in range(N_CANDIDATES // 2)]
    events = [spelling.parse(line) for line in lines[:begins]]
    events += [spelling.parse(line) for copy in copies for line in copy.split(b"\n")]
    # An evaluation in earnest has many episodes: the journal is then megabytes long.
    for event in events:
        if event["event"] == "candidate_evaluated":
            event["data"]["evaluation"]["episodes"] *= 60
    numbered = (event | {"seq": seq} for seq, event in enumerate(events))
    (done / "events.jsonl").write_bytes(b"".join(spelling.one_line(e) for e in numbered))
    return done


def _moved(block: bytes, iteration: int) -> bytes:
    moved = block.replace(b'"iteration":0', b'"iteration":%d' % iteration)
    moved = re.sub(rb'"000/(\d)"', rb'"%03d/\1"' % iteration, moved)
    return re.sub(rb'("id"|"candidate"):\[0,(\d)\]', rb"\1:[%d,\2]" % iteration, moved)


def cost_of(site: Any, path: str) -> float:
    """CPU-seconds of asking and answering: the viewer runs in a thread of this process."""
    spent = time.process_time()
    assert site.get(path).status == 200
    return time.process_time() - spent


def test_every_page_of_a_run_of_200_candidates_costs_little(
    many_candidates: Path, start: Callable[..., Any]
) -> None:
    episodes = pack([_long_episode(seed) for seed in (1, 2, 3)])
    write_artifact(many_candidates, "iterations/073/candidates/0/trajectories.npz", episodes)
    site = start(many_candidates.parent)
    base = f"/runs/{many_candidates.name}"
    candidate = f"{base}/candidates/73/0"
    first = {"run": cost_of(site, base)}
    paths = [base, f"{base}/part", candidate, f"{candidate}?show=diff&to=000/0"]
    paths += [f"{candidate}/rollout?episode=2&step=9", f"{candidate}/code?show=compiled"]
    again = {path: cost_of(site, path) for path in paths}
    assert site.get(base).text.count("data-row ") == N_CANDIDATES
    assert site.get(candidate).text.count("data-paid") == 3
    assert max(first.values()) < BOUND_S
    assert max(again.values()) < BOUND_S / 2, again


def test_report_costs_no_more_for_a_candidate_among_many(many_candidates: Path) -> None:
    events = read_sound(many_candidates / "events.jsonl").events
    run = Run.read(many_candidates, events=events)
    spent = time.process_time()
    lines = candidate_lines(run)
    spent = time.process_time() - spent
    assert len(lines) == N_CANDIDATES
    assert spent < BOUND_S, "each line used to read every event: this grew with the square"


def _long_episode(seed: int) -> Trajectory:
    rng = np.random.default_rng(seed)
    paid = rng.normal(size=1000)
    return Trajectory(
        seed=seed,
        fields={f"field_{i}": rng.normal(size=(1001, 3)) for i in range(8)},
        actions=rng.normal(size=(1000, 6)),
        terminated=False,
        components={"near": paid, "effort": -paid},
        rewards=0.9 * paid,
    )


def test_a_list_of_1000_runs_costs_little(done: Path, start: Callable[..., Any]) -> None:
    for number in range(1000):
        folder = done.parent / f"copy-{number}"
        folder.mkdir()
        for file in ("run.json", "events.jsonl"):
            shutil.copy(done / file, folder)
    site = start(done.parent)
    costs: list[float] = []
    page = "more runs"
    while "more runs" in page and len(costs) < 20:
        spent = time.process_time()
        page = site.get("/").text
        costs.append(time.process_time() - spent)
    assert page.count("data-row>") == 1001
    assert "more runs" not in page
    assert max(costs) < BOUND_S
    known = {path: cost_of(site, path) for path in ("/", "/?sort=fitness", "/?part=1")}
    assert max(known.values()) < BOUND_S, known
