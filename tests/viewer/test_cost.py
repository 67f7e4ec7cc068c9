"""What a page costs. The bar is 0.5 CPU-seconds; the suite asserts a loose bound."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rewardsmith.store import spelling
from rewardsmith.viewer.library import Library
from rewardsmith.viewer.pages import run_page

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


def test_a_run_of_200_candidates_costs_little(many_candidates: Path) -> None:
    library = Library(many_candidates.parent)
    first, again = time.process_time(), 0.0
    context = run_page(library.open(many_candidates), library.calls(many_candidates))
    first = time.process_time() - first
    again = time.process_time()
    run_page(library.open(many_candidates), library.calls(many_candidates))
    again = time.process_time() - again
    assert len(context["rows"]) == N_CANDIDATES
    assert first < BOUND_S
    assert again < BOUND_S / 5


def test_its_pages_are_whole(many_candidates: Path, start: Callable[..., Any]) -> None:
    site = start(many_candidates.parent)
    name = many_candidates.name
    assert site.get(f"/runs/{name}").text.count("data-row ") == N_CANDIDATES
    assert site.get(f"/runs/{name}/candidates/73/0").status == 200


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
