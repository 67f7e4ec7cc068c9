"""What the pages show of a finished run, over real HTTP."""

import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from rewardsmith.store import spelling
from rewardsmith.store.calls import open_calls
from rewardsmith.store.run import Run
from rewardsmith.viewer.catalogue import read_entry
from rewardsmith.viewer.index import index_of

VOID = {"meta", "link", "input", "br", "hr", "img", "source", "wbr"}
PAGES = (
    "/",
    "/runs/{run}",
    "/runs/{run}/part",
    "/runs/{run}/candidates/0/0",
    "/runs/{run}/candidates/0/1",
    "/runs/{run}/candidates/1/0",
    "/runs/{run}/candidates/1/0?show=compiled",
    "/runs/{run}/candidates/1/0?show=diff&to=000/1",
    "/runs/{run}/candidates/1/0/code?show=diff",
    "/runs/{run}/candidates/1/0/rollout?episode=1&step=9",
    "/runs/{run}/calls/0",
    "/runs/nothing",
)


class Checked(HTMLParser):
    """Reads a page strictly: every element is closed in order, nothing is inline or external."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) != len(names):
            self.faults.append(f"<{tag}> repeats an attribute: {names}")
        for name, value in attrs:
            self._check(tag, name, value or "")
        if tag == "script" and "src" not in names:
            self.faults.append("an inline script")
        if tag == "style":
            self.faults.append("an inline stylesheet")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            self._check(tag, name, value or "")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} closes something else")

    def _check(self, tag: str, name: str, value: str) -> None:
        if name == "id":
            self.ids.append(value)
        if name.startswith("on") or name == "style":
            self.faults.append(f"<{tag}> has {name}={value!r}")
        if name in ("src", "href", "action", "hx-get", "hx-post", "poster", "data", "srcset"):
            if not value.startswith(("/", "#")) or value.startswith("//"):
                self.faults.append(f"<{tag}> leads to {value!r}")


@pytest.mark.parametrize("path", PAGES)
def test_page_is_well_formed_and_loads_nothing_from_elsewhere(
    site: Any, done: Path, path: str
) -> None:
    answer = site.get(path.format(run=done.name))
    page = Checked()
    page.feed(answer.text)
    assert page.faults == []
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert "alert(1)" not in answer.text or "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    assert "\x1b" not in answer.text


def test_list_shows_what_a_run_came_to(site: Any, done: Path) -> None:
    page = site.get("/").text
    row = page[page.index(f'href="/runs/{done.name}"') :]
    assert "ended" in row
    assert re.search(r'num">\s*3\s*<', row), "the best score"
    assert "75%" in row, "the claim's success"
    assert "$0.25" in row


def test_list_is_sorted_as_asked(site: Any, runs_dir: Path) -> None:
    page = site.get("/?sort=fitness&order=up").text
    assert 'aria-sort="ascending"' in page
    assert site.get("/?sort=nonsense&order=nonsense").status == 200


def test_run_page_has_result_curves_lineage_and_candidates(site: Any, done: Path) -> None:
    page = site.get(f"/runs/{done.name}").text
    for expected in ("Reach the goal", "final (001/0)", "search never saw", "Learning", "Lineage"):
        assert expected in page
    assert page.count("data-row ") == 3
    assert 'class="line best"' in page
    assert "hx-trigger" not in page, "a run that has ended is not asked for again"


def test_a_finding_stands_behind_its_line(site: Any, done: Path) -> None:
    page = site.get(f"/runs/{done.name}/candidates/0/1").text
    line = page.index('data-no="7"')
    assert line < page.index("unknown-field", line) < page.index('data-no="8"')


def test_candidate_is_compared_with_any_other(site: Any, done: Path) -> None:
    base = f"/runs/{done.name}/candidates/1/0/code?show=diff"
    parent, other = site.get(base).text, site.get(f"{base}&to=000/1").text
    assert parent.count('class="row added"') == parent.count('class="row removed"') == 1
    assert "speed" in other
    assert "speed" not in parent
    assert '<option value="000/0" selected>000/0 (parent)' in parent


def test_evidence_leads_to_its_moment(site: Any, done: Path) -> None:
    base = f"/runs/{done.name}/candidates/1/0"
    assert f"{base}?episode=0&amp;step=7#rollout" in site.get(base).text
    part = site.get(f"{base}/rollout?episode=0&step=7").text
    assert 'data-step="7"' in part
    assert 'class="cursor"' in part


@pytest.mark.parametrize(
    "query", ["episode=99&step=-1", "episode=x&step=9999999999", "episode=%00"]
)
def test_nonsense_in_an_address_shows_the_default(site: Any, done: Path, query: str) -> None:
    answer = site.get(f"/runs/{done.name}/candidates/1/0/rollout?{query}")
    assert answer.status == 200
    assert 'data-step="0"' in answer.text


def test_prompts_and_answers_of_a_candidate_are_shown(site: Any, done: Path) -> None:
    page = site.get(f"/runs/{done.name}/candidates/1/0").text
    assert "Write a reward." in page
    assert "An answer" in page
    assert "scripted/one" in page
    assert "Model calls" not in site.get(f"/runs/{done.name}/candidates/0/0").text


def test_components_are_drawn_in_step_and_over_the_training(site: Any, done: Path) -> None:
    page = site.get(f"/runs/{done.name}/candidates/1/0").text
    assert "share of variation" in page
    assert page.count('class="chart small"') == 2  # near, and the return
    assert 'class="line total"' in page
    assert "Does its return mean fitness?" in page


def test_film_is_sent_in_ranges(site: Any, done: Path) -> None:
    path = f"/runs/{done.name}/candidates/1/0/films/1"
    part = site.get(path, {"range": "bytes=256-259"})
    assert part.status == 206
    assert part.body == bytes([0, 1, 2, 3])
    assert part.headers["content-range"] == "bytes 256-259/10240"
    assert part.headers["content-type"] == "video/mp4"
    assert site.get(f"/runs/{done.name}/candidates/1/0/films/0").status == 404
    assert site.get(f"/runs/{done.name}/candidates/0/0/films/1").status == 404


def test_a_call_without_a_candidate_is_shown_by_itself(site: Any, done: Path) -> None:
    with open_calls(done) as journal:
        messages = [{"role": "user", "text": "Nobody answered this."}]
        asked: dict[str, Any] = {"step": "ask", "hash": "h", "templates": {}, "messages": messages}
        asked |= {"schema": None, "schema_name": "answer"}
        journal.append("asked", {"call": "009/designer/0/0/0"}, asked)
    page = site.get(f"/runs/{done.name}").text
    assert f'href="/runs/{done.name}/calls/1">009/designer/0/0/0' in page
    assert f'href="/runs/{done.name}/candidates/1/0#calls">001/designer' in page
    assert "Nobody answered this." in site.get(f"/runs/{done.name}/calls/1").text
    assert site.get(f"/runs/{done.name}/calls/2").status == 404


def test_a_return_that_was_logged_once_makes_no_picture_of_several_checkpoints(
    site: Any, done: Path
) -> None:
    metrics = done / "iterations/001/candidates/0/metrics.jsonl"
    lines = metrics.read_text("utf-8").splitlines(keepends=True)
    assert "over the training</small>" in site.get(f"/runs/{done.name}/candidates/1/0").text
    metrics.write_text(lines[0], encoding="utf-8")
    assert "over the training</small></h2><svg" not in (
        site.get(f"/runs/{done.name}/candidates/1/0").text
    )


def test_what_is_not_there_is_said(site: Any, done: Path) -> None:
    for path in (f"/runs/{done.name}/candidates/7/0", "/runs/none", "/static/nope", "/nope"):
        assert site.get(path).status == 404
    assert site.get(f"/runs/{done.name}/candidates/x/0").status in (404, 422)


def test_unchanged_part_of_a_page_is_not_sent_again(site: Any, done: Path) -> None:
    path = f"/runs/{done.name}/part"
    tag = site.get(path).headers["etag"]
    assert site.get(path, {"if-none-match": tag}).status == 304
    (done / "feedback.jsonl").write_text("More.\n", encoding="utf-8")
    assert site.get(path, {"if-none-match": tag}).status == 200


def test_repairs_are_shown_as_differences(site: Any, done: Path) -> None:
    journal = done / "events.jsonl"
    events = [spelling.parse(line) for line in journal.read_bytes().splitlines()]
    at = next(i for i, e in enumerate(events) if e["event"] == "candidate_judged")
    repaired = json.loads(json.dumps(events[at]))
    repaired["key"]["round"] = 1
    repaired["data"]["judged"]["candidate"]["text"] += "# repaired\n"
    events.insert(at + 1, repaired)
    numbered = (event | {"seq": seq} for seq, event in enumerate(events))
    journal.write_bytes(b"".join(spelling.one_line(event) for event in numbered))
    page = site.get(f"/runs/{done.name}/candidates/0/0?show=repairs").text
    assert "Repair 1" in page
    assert page.count('class="row added"') == 1
    assert "repaired" in page


def test_winner_is_the_same_everywhere(done: Path) -> None:
    run = Run.read(done)
    best = run.history().best
    assert best is not None
    assert index_of(run).best == best.id
    assert read_entry(done).fitness == best.score


def test_keys_are_documented_as_the_page_shows_them(site: Any) -> None:
    guide = Path(__file__).parents[2] / "docs" / "viewer.md"
    if not guide.is_file():
        pytest.skip("documents are no part of a source distribution")
    shown = set(re.findall("<kbd>(.+?)</kbd>", site.get("/").text))
    assert len(shown) > 12
    assert shown == set(re.findall("`([^` ]+)`", guide.read_text("utf-8").split("## ")[2]))


def test_vendored_script_is_the_released_one() -> None:
    blob = files("rewardsmith.viewer").joinpath("static", "htmx.min.js").read_bytes()
    notice = files("rewardsmith.viewer").joinpath("static", "htmx.LICENSE.txt").read_text("utf-8")
    assert hashlib.sha256(blob).hexdigest() in notice
