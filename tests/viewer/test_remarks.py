"""Remarks travel from a form into feedback.jsonl, where the loop reads them."""

import re
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId, Span
from rewardsmith.store.remarks import MAX_TEXT, append_remark, read_remarks


def send(site: Any, done: Path, **fields: str) -> Any:
    body = urlencode({"token": site.form_token()} | fields)
    return site.post(f"/runs/{done.name}/remarks", body)


def test_a_remark_reaches_the_loops_own_reader(site: Any, done: Path) -> None:
    answer = send(site, done, text=" Use\r\nboth legs. \u00fc ", candidate="001/0")
    assert answer.status == 303
    assert answer.headers["location"] == f"/runs/{done.name}/candidates/1/0#remarks"
    newest = read_remarks(done, after_line=2).remarks
    assert [(r.text, r.candidate) for r in newest] == [
        ("Use\nboth legs. \u00fc", CandidateId(1, 0))
    ]


def test_a_remark_is_shown_with_whether_it_was_read(site: Any, done: Path) -> None:
    page = site.get(f"/runs/{done.name}").text
    assert page.index("not read<") < page.index("Slower, please.") < page.index("Use both legs.")
    assert page.count('class="tag good">read<') == 1
    own = site.get(f"/runs/{done.name}/candidates/1/0").text
    assert "Slower, please." in own
    assert "Use both legs." not in own


def test_a_remark_is_escaped(site: Any, done: Path) -> None:
    send(site, done, text="<img src=x onerror=alert(1)>")
    assert "<img" not in site.get(f"/runs/{done.name}").text


@pytest.mark.parametrize("text", ["", "   ", "x" * (MAX_TEXT + 1)])
def test_an_empty_or_endless_remark_is_refused_with_its_reason(
    site: Any, done: Path, text: str
) -> None:
    before = (done / "feedback.jsonl").read_bytes()
    answer = send(site, done, text=text)
    assert answer.status == 422
    assert "A remark has 1 to" in answer.text
    assert (done / "feedback.jsonl").read_bytes() == before


@pytest.mark.parametrize("candidate", ["009/9", "../..", "x"])
def test_a_remark_on_nothing_is_refused(site: Any, done: Path, candidate: str) -> None:
    assert send(site, done, text="hello", candidate=candidate).status == 404


def test_a_remark_on_a_part_of_a_film_says_where_and_leads_back_there(
    site: Any, done: Path
) -> None:
    part = {"candidate": "001/0", "episode": "1", "first_step": "14", "last_step": "19"}
    answer = send(site, done, text="Too slow here.", **part)
    back = f"/runs/{done.name}/candidates/1/0?episode=1&step=14&last=19"
    assert answer.headers["location"] == f"{back}#remarks"
    newest = read_remarks(done, after_line=2).remarks[0]
    assert newest.span == Span(episode=1, first_step=14, last_step=19)
    assert [mean.name for mean in newest.seen] == ["effort"]
    form = site.get(back).text.partition('id="on-span"')[2].partition("</form>")[0]
    assert re.findall(r'name="(\w+_step)" min="0" value="(\d+)"', form) == [
        ("first_step", "14"),
        ("last_step", "19"),
    ]
    for page in (f"/runs/{done.name}", f"/runs/{done.name}/candidates/1/0"):
        text = site.get(page).text
        assert "/candidates/1/0?episode=1&amp;step=14&amp;last=19#rollout" in text
        assert "episode 1, steps 14 to 19" in text
        assert "elsewhere" in text


@pytest.mark.parametrize(
    ("episode", "first", "last", "reason"),
    [
        ("2", "0", "1", "Recorded are 0 to 1"),
        ("0", "3", "20", "the steps 0 to 19"),
        ("0", "5", "4", "not from"),
        ("0", "", "4", "not from"),
        ("0", "-1", "4", "not from"),
        ("1e9", "0", "4", "not from"),
        ("9" * 500, "0", "4", "not from"),
    ],
)
def test_a_part_that_no_film_shows_is_refused_with_its_reason(
    site: Any, done: Path, episode: str, first: str, last: str, reason: str
) -> None:
    before = (done / "feedback.jsonl").read_bytes()
    part = {"candidate": "001/0", "episode": episode, "first_step": first, "last_step": last}
    answer = send(site, done, text="Here.", **part)
    assert answer.status == 422
    assert reason in answer.text
    assert (done / "feedback.jsonl").read_bytes() == before


def test_remarks_that_cannot_be_read_are_said_and_the_page_stands(site: Any, done: Path) -> None:
    (done / "feedback.jsonl").unlink()
    (done / "feedback.jsonl").symlink_to("/etc/hostname")
    page = site.get(f"/runs/{done.name}")
    assert page.status == 200
    assert "feedback.jsonl" in page.text.partition('id="remarks"')[2].partition("<form")[0]


def test_a_remark_on_a_candidate_that_is_not_there_leads_nowhere(site: Any, done: Path) -> None:
    with (done / "feedback.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"text": "By hand.", "candidate": "999/9"}\n')
    page = site.get(f"/runs/{done.name}").text
    assert "By hand." in page
    assert "999/9" in page
    assert "candidates/999/9" not in page


def test_a_run_that_has_ended_says_that_nothing_will_read_a_remark(site: Any, done: Path) -> None:
    for page in (f"/runs/{done.name}", f"/runs/{done.name}/candidates/1/0"):
        assert "nothing will read" in site.get(page).text


def test_a_line_that_an_editor_left_open_is_ended_first(done: Path) -> None:
    (done / "feedback.jsonl").write_bytes(b"by hand, without an end")
    append_remark(done, "second")
    texts = [r.text for r in read_remarks(done, after_line=0).remarks]
    assert texts == ["by hand, without an end", "second"]


def test_many_writers_lose_and_mix_nothing(done: Path) -> None:
    (done / "feedback.jsonl").unlink()
    texts = {f"{writer}-{n} " + "x" * 3000 for writer in range(4) for n in range(5)}

    def write(writer: int) -> None:
        for n in range(5):
            append_remark(done, f"{writer}-{n} " + "x" * 3000)

    threads = [threading.Thread(target=write, args=(w,)) for w in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {r.text for r in read_remarks(done, after_line=0).remarks} == texts


def test_forms_sent_at_once_are_all_kept_behind_what_was_there(site: Any, done: Path) -> None:
    before = (done / "feedback.jsonl").read_bytes()
    token, path = site.form_token(), f"/runs/{done.name}/remarks"
    texts = [f"{n} " + "x" * 2000 for n in range(8)]
    bodies = [urlencode({"token": token, "text": text}) for text in texts]
    threads = [threading.Thread(target=site.post, args=(path, body)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (done / "feedback.jsonl").read_bytes().startswith(before)
    read = read_remarks(done, after_line=before.count(b"\n")).remarks
    assert sorted(remark.text for remark in read) == texts


def test_a_remark_is_not_written_through_a_link_or_into_a_strange_folder(done: Path) -> None:
    target = done.parent.parent / "target"
    target.write_bytes(b"")
    (done / "feedback.jsonl").unlink()
    (done / "feedback.jsonl").symlink_to(target)
    with pytest.raises(StoreError):
        append_remark(done, "hello")
    assert target.read_bytes() == b""
    (done.parent / "PPO_1").mkdir()
    with pytest.raises(StoreError, match="not a run"):
        append_remark(done.parent / "PPO_1", "hello")
