"""A run while it goes: its stage, its bars, its log, and that looking disturbs nothing."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rewardsmith.config import RunConfig, to_mapping
from rewardsmith.messages import Candidate, CandidateId, MetricPoint
from rewardsmith.store.run import Run
from rewardsmith.testing import toy_task
from rewardsmith.viewer.catalogue import Catalogue, driven_inodes

FIRST = CandidateId(0, 0)

pytestmark = pytest.mark.skipif(
    driven_inodes() is None, reason="this kernel has no /proc/locks: nobody can tell who drives"
)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Run]:
    """A run that is being driven: one candidate trains, one waits."""
    with Run.create(
        tmp_path / "live", name="live", config=to_mapping(RunConfig()), task=toy_task(), versions={}
    ) as run:
        run.record("iteration_started", key={"iteration": 0}, candidates=[])
        for number in range(2):
            id_ = CandidateId(0, number)
            proposed = Candidate(id=id_, text="CONTRACT = 1\n")
            run.record("candidate_proposed", key={"candidate": id_}, candidate=proposed)
            key = {"candidate": id_, "seed": 7, "start_step": 0}
            run.record("segment_started", key=key, end_step=4000, attempt=0)
        run.append_metrics(FIRST, 7, [MetricPoint(step=1024, values={"train/loss": 1.0})])
        yield run


def test_a_driven_run_is_asked_for_again_and_shows_its_bars(
    live: Run, start: Callable[..., Any]
) -> None:
    site = start(live.folder.parent)
    page = site.get(f"/runs/{live.id}").text
    assert 'class="tag running"' in page
    assert 'hx-trigger="every 2s"' in page
    assert "Training candidates: 2 trainings open" in page
    assert '<progress value="1024" max="4000"' in page
    assert "waiting at 0" in page
    assert "programs proposed" in page
    assert "running" in site.get("/").text


def test_a_bar_moves_with_the_metrics(live: Run, start: Callable[..., Any]) -> None:
    site = start(live.folder.parent)
    path = f"/runs/{live.id}/part"
    tag = site.get(path).headers["etag"]
    assert site.get(path, {"if-none-match": tag}).status == 304
    live.append_metrics(FIRST, 7, [MetricPoint(step=2048, values={"train/loss": 0.5})])
    assert 'value="2048"' in site.get(path, {"if-none-match": tag}).text


def test_a_page_grows_with_the_journal(live: Run, start: Callable[..., Any]) -> None:
    site = start(live.folder.parent)
    assert "000/2" not in site.get(f"/runs/{live.id}").text
    proposed = Candidate(id=CandidateId(0, 2), text="CONTRACT = 1\n")
    live.record("candidate_proposed", key={"candidate": proposed.id}, candidate=proposed)
    assert "000/2" in site.get(f"/runs/{live.id}").text
    live.record("run_ended", reason="finished")
    page = site.get(f"/runs/{live.id}/part").text
    assert "hx-trigger" not in page
    assert 'class="tag ended"' in page


def test_a_run_whose_driver_died_is_not_running(live: Run, start: Callable[..., Any]) -> None:
    folder = Path(shutil.copytree(live.folder, live.folder.parent / "copy"))
    site = start(live.folder.parent)
    page = site.get(f"/runs/{folder.name}").text
    assert "Not running" in page
    assert "rewardsmith resume" in page
    assert "<progress" not in page


def test_looking_changes_nothing_and_takes_no_lock(live: Run, start: Callable[..., Any]) -> None:
    files = {p: p.read_bytes() for p in live.folder.rglob("*") if p.is_file()}
    site = start(live.folder.parent)
    for path in ("/", f"/runs/{live.id}", f"/runs/{live.id}/candidates/0/0"):
        assert site.get(path).status == 200
    assert {p: p.read_bytes() for p in live.folder.rglob("*") if p.is_file()} == files
    live.close()
    Run.open(live.folder).close()


def test_list_spends_a_bounded_time_and_goes_on_later(live: Run) -> None:
    catalogue = Catalogue(live.folder.parent)
    for number in range(5):
        shutil.copytree(live.folder, live.folder.parent / f"copy-{number}")
    first = catalogue.listing(budget_s=-1.0)
    assert first.n_unknown == 6
    assert catalogue.listing().n_unknown == 0
