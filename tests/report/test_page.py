"""The report is one file that needs nothing else, whatever its candidates say."""

import shutil
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rewardsmith.config import RunConfig, to_mapping
from rewardsmith.errors import StoreError
from rewardsmith.messages import (
    Candidate,
    CandidateId,
    Claim,
    ClaimRow,
    Finding,
    Judged,
    Outcome,
    Result,
    Verdict,
)
from rewardsmith.report.page import MAX_FILM_BYTES, report_html, write_report
from rewardsmith.store.films import WINNER_FILM
from rewardsmith.store.run import Run
from rewardsmith.testing import toy_task

FIRST, SECOND = CandidateId(0, 0), CandidateId(1, 0)
HOSTILE = "</style></pre><script src=http://evil.example/x.js></script><img src=//evil.example>"


class Addresses(HTMLParser):
    """Collects every tag, and every address that a browser would follow or load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        self.found += [named[n] or "" for n in ("src", "href", "action", "data") if n in named]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run.create(
        tmp_path / "runs", name="r", config=to_mapping(RunConfig()), task=toy_task(), versions={}
    )
    for id_, parents in ((FIRST, ()), (SECOND, (FIRST,))):
        _record(made, id_, parents)
    return made


def _record(run: Run, id_: CandidateId, parents: tuple[CandidateId, ...]) -> None:
    text = f"# {HOSTILE}\nWEIGHT = {id_.iteration}\n"
    candidate = Candidate(id=id_, text=text, rationale=HOSTILE, parents=parents)
    finding = Finding(code="x", message=HOSTILE, severity="warning", line=2)
    judged = Judged(candidate=candidate, verdict=Verdict(ok=True, findings=(finding,)))
    key = {"candidate": id_}
    run.record("candidate_proposed", key=key, candidate=candidate)
    layer = {"round": 0, "layer": "probe"}
    run.record("candidate_judged", key=key | layer, judged=judged, accepted=True)
    result = Result(judged=judged, outcome=Outcome.TRAINED, score=1.0, text=HOSTILE)
    run.record("candidate_closed", key=key, result=result)


def test_report_loads_and_runs_nothing(run: Run) -> None:
    with run:
        page = Addresses()
        page.feed(report_html(run))
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert all(address.startswith("#") for address in page.found)


def test_report_shows_what_changed_since_the_parent(run: Run) -> None:
    with run:
        html = report_html(run)
    assert "What changed since 000/0" in html
    assert html.count('class="row added"') == html.count('class="row removed"') == 1


def test_report_is_written_whole_into_the_run(run: Run) -> None:
    rows = (ClaimRow(name="final", steps=9, fitness=(1.0, 2.0), success_rate=(1, 1), cpu_s=1.0),)
    with run:
        run.record("report_ready", claim=Claim(rows=rows, search_steps=9, search_cpu_s=1.0))
        run.record("run_ended", reason="finished")
        assert write_report(run) == "report.html"
        written = (run.folder / "report.html").read_text("utf-8")
    assert written.lstrip().startswith("<!doctype html>")
    assert "search never saw" in written
    assert "has not ended" not in written


def test_report_holds_the_winners_film_and_nothing_in_its_place(run: Run) -> None:
    with run:
        assert "<video" not in report_html(run)
        run.save_artifact(WINNER_FILM, b"film")
        page = Addresses()
        page.feed(report_html(run))
        run.save_artifact(WINNER_FILM, b"x" * (MAX_FILM_BYTES + 1))
        assert "<video" not in report_html(run)
    assert "video" in page.tags
    assert f"data:video/mp4;base64,{b64encode(b'film').decode()}" in page.found


def test_report_of_a_run_that_is_only_read_is_not_written(run: Run) -> None:
    run.close()
    with pytest.raises(StoreError, match="only being read"):
        write_report(Run.read(run.folder))


def test_report_of_an_empty_run_says_so(run: Run, tmp_path: Path) -> None:
    run.close()
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(run.folder / "run.json", empty)
    html = report_html(Run.read(empty))
    assert "has not ended" in html
    assert "None was proposed." in html


def test_report_of_a_ranked_run_invents_no_measure(ranked: Path) -> None:
    page = report_html(Run.read(ranked))
    assert "none: people judge, by comparing rollouts" in page
    assert "Nothing here was measured" in page
    for invented in (
        "step &lt; 0",
        "0%",
        "own measure",
        "fitness on selection episodes",
        "success</th>",
    ):
        assert invented not in page.partition("</style>")[2], invented


def test_report_of_a_run_without_a_choice_says_what_it_waits_for(drafted: Path) -> None:
    page = report_html(Run.read(drafted)).partition("</style>")[2]
    assert "waits to be chosen among drafts" in page
    assert "step &lt; 0" not in page
    assert "own measure" not in page
