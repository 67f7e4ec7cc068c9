"""A person edits a program on a candidate's page, over real HTTP."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from rewardsmith.config import RunConfig, to_mapping
from rewardsmith.messages import Candidate, CandidateId
from rewardsmith.store.edits import MAX_PROGRAM, append_edit, read_edits
from rewardsmith.store.remarks import append_remark
from rewardsmith.store.run import Run
from rewardsmith.testing import toy_task, write_line_card

PROGRAM = '''"""Near </textarea><script>alert(1)</script>"""

WEIGHTS = {"near": 1.0}


def reward(state, action, xp):
    return {"near": -xp.abs(state.position - state.goal)}
'''
MINE = PROGRAM.replace("1.0", "2.0")
ID = CandidateId(0, 0)
PAGE = "/runs/{}/candidates/0/0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that waits between two iterations."""
    task = replace(toy_task(), env=write_line_card(tmp_path / "LineWorld"))
    with Run.create(
        tmp_path / "runs", name="done", config=to_mapping(RunConfig()), task=task, versions={}
    ) as run:
        run.record("iteration_started", key={"iteration": 0}, candidates=[])
        candidate = Candidate(id=ID, text=PROGRAM)
        run.record("candidate_proposed", key={"candidate": ID}, candidate=candidate)
        run.record("iteration_ended", key={"iteration": 0})
        return run.folder


def send(site: Any, folder: Path, **fields: str) -> Any:
    body = urlencode({"token": site.form_token()} | fields)
    return site.post(PAGE.format(folder.name) + "/edit", body)


@pytest.fixture
def site(folder: Path, start: Callable[..., Any]) -> Any:
    return start(folder.parent)


def test_a_program_of_the_promised_length_is_taken(site: Any, folder: Path) -> None:
    long = MINE + "#" * (MAX_PROGRAM - len(MINE) - 1) + "\n"  # a browser writes each as `%23`
    answer = send(site, folder, text=long.replace("\n", "\r\n"), why="\N{ROCKET}" * 2_000)
    assert answer.status == 303
    assert [len(edit.text) for edit in read_edits(folder, after_line=0).edits] == [MAX_PROGRAM]


def test_an_edit_from_the_page_reaches_the_searchs_own_reader(site: Any, folder: Path) -> None:
    answer = send(site, folder, text=MINE.replace("\n", "\r\n"), why="Twice.")
    assert answer.status == 303
    assert answer.headers["location"] == PAGE.format(folder.name) + "#edit"
    (edit,) = read_edits(folder, after_line=0).edits
    assert (edit.text, edit.parent, edit.why) == (MINE, ID, "Twice.")
    assert "waits for the next iteration" in site.get(PAGE.format(folder.name)).text


def test_the_form_holds_the_program_as_it_is_and_nothing_runs(site: Any, folder: Path) -> None:
    page = site.get(PAGE.format(folder.name)).text
    found = re.search(r"<textarea id=\"edit-text\"[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    assert html.unescape(found[1]) == PROGRAM
    assert "<script>alert" not in page


def test_a_refused_edit_comes_back_with_its_findings_and_what_was_typed(
    site: Any, folder: Path
) -> None:
    answer = send(site, folder, text=PROGRAM.replace("state.goal", "state.nowhere"), why="<b>x")
    assert answer.status == 422
    assert "nowhere" in html.unescape(answer.text)
    assert "1 error" in answer.text
    assert "&lt;b&gt;x" in answer.text
    assert not (folder / "edits.jsonl").exists()


@pytest.mark.parametrize(("text", "said"), [(PROGRAM, "Nothing differs"), ("", "refused")])
def test_what_changes_nothing_or_is_nothing_is_refused(
    site: Any, folder: Path, text: str, said: str
) -> None:
    answer = send(site, folder, text=text)
    assert answer.status == 422
    assert said in answer.text
    assert not (folder / "edits.jsonl").exists()


def test_an_edit_without_the_forms_token_or_of_nothing_is_refused(site: Any, folder: Path) -> None:
    url = PAGE.format(folder.name) + "/edit"
    assert site.post(url, urlencode({"text": MINE})).status == 403
    body = urlencode({"token": site.form_token(), "text": MINE})
    assert site.post(url.replace("/0/0/", "/9/9/"), body).status == 404
    assert not (folder / "edits.jsonl").exists()


def test_a_run_that_has_ended_offers_no_form_and_takes_nothing(site: Any, folder: Path) -> None:
    with Run.open(folder) as run:
        run.record("run_ended", reason="finished")
    assert "edit-text" not in site.get(PAGE.format(folder.name)).text
    answer = send(site, folder, text=MINE)
    assert answer.status == 422
    assert "has ended" in answer.text


def test_what_became_of_an_edit_and_a_remark_is_linked(site: Any, folder: Path) -> None:
    append_edit(folder, MINE, parent=ID)
    append_remark(folder, "Use little effort.")
    with Run.open(folder) as run:
        run.open_iteration()
        run.record("iteration_started", key={"iteration": 1}, candidates=[])
        run.new_edits(1, stage="propose")
        for number, author in ((0, "human"), (1, "offline")):
            id_ = CandidateId(1, number)
            made = Candidate(id=id_, text=MINE, parents=(ID,), author=author)  # type: ignore[arg-type]  # both are
            run.record("candidate_proposed", key={"candidate": id_}, candidate=made)
    page = site.get(PAGE.format(folder.name)).text
    mine = f'<a href="/runs/{folder.name}/candidates/1/0">001/0</a>'
    assert f"Edits of this one became {mine}" in page
    assert "waits for the next iteration" not in page
    whole = site.get(f"/runs/{folder.name}").text
    followed = whole[whole.index("Use little effort.") :]
    assert f'<a href="/runs/{folder.name}/candidates/1/1">001/1</a>' in followed
    assert "nothing says that it answers it" in followed
