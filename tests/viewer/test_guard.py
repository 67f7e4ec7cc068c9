"""Who may ask for what: each refusal over real HTTP."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from rewardsmith.store.remarks import read_remarks
from rewardsmith.viewer.guard import HEADERS, MAX_FORM_BYTES, Door
from rewardsmith.viewer.library import Library
from rewardsmith.viewer.serving import door_for

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "evil.example:{port}", "", "127.0.0.1@evil.example",
     "localhost/x", "localhost.", "169.254.169.254", "[::2]"],
)  # fmt: skip
def test_a_foreign_host_name_is_refused(site: Any, host: str) -> None:
    assert site.get("/", {"host": host.format(port=site.port)}).status == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "127.0.0.1", "[::1]:80", "LOCALHOST"])
def test_a_name_of_this_machine_is_answered(site: Any, host: str) -> None:
    assert site.get("/", {"host": host}).status == 200


def test_only_loopback_is_listened_on(site: Any) -> None:
    assert site.url.startswith("http://127.0.0.1:")
    assert door_for("127.0.0.1").visitor_token is None


def test_every_answer_forbids_what_it_does_not_need(site: Any, done: Path) -> None:
    for path in ("/", f"/runs/{done.name}", "/static/viewer.js", "/nope", "/%2e%2e/x"):
        headers = site.get(path).headers
        for name in set(HEADERS) - {"cache-control"}:
            assert headers[name] == HEADERS[name], path
    assert "unsafe" not in HEADERS["content-security-policy"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
    ids=str,
)
def test_a_form_of_another_site_is_refused(site: Any, done: Path, headers: dict[str, str]) -> None:
    body = urlencode({"token": site.form_token(), "text": "hello"})
    assert site.post(f"/runs/{done.name}/remarks", body, headers).status == 403


@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_a_form_without_this_starts_token_is_refused(site: Any, done: Path, token: str) -> None:
    before = (done / "feedback.jsonl").read_bytes()
    body = urlencode({"token": token, "text": "hello"})
    assert site.post(f"/runs/{done.name}/remarks", body).status == 403
    assert (done / "feedback.jsonl").read_bytes() == before


def test_another_site_can_link_to_a_page_but_not_embed_it(site: Any, done: Path) -> None:
    cross = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert site.get(f"/runs/{done.name}/video", cross).status == 403
    assert site.get(f"/runs/{done.name}/candidates/1/0/films/1", cross).status == 403
    linked = {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }
    assert site.get("/", linked).status == 200
    assert site.get("/", linked | {"sec-fetch-dest": "iframe"}).status == 403


def test_only_short_forms_are_taken(site: Any, done: Path) -> None:
    path = f"/runs/{done.name}/remarks"
    assert site.ask("POST", path, {"content-type": "application/json"}, "{}").status == 415
    refused = site.post(path, "text=" + "x" * MAX_FORM_BYTES)
    assert refused.status == 413
    assert f"{MAX_FORM_BYTES:,} bytes" in refused.text
    chunked = FORM | {"transfer-encoding": "chunked"}
    assert site.ask("POST", path, chunked, "5\r\nabcde\r\n0\r\n\r\n").status == 411
    assert site.ask("PUT", path, FORM, "a=b").status == 405
    assert site.ask("DELETE", path).status == 405


@pytest.mark.parametrize("char", ["语", "\N{ROCKET}"])
def test_a_remark_of_the_promised_length_is_taken_in_any_writing(
    site: Any, done: Path, char: str
) -> None:
    body = urlencode({"token": site.form_token(), "text": char * 10_000})
    assert site.post(f"/runs/{done.name}/remarks", body).status == 303
    assert char * 10_000 == read_remarks(done, after_line=0).remarks[-1].text


def test_a_form_with_too_many_fields_is_refused_and_says_how_many(site: Any, done: Path) -> None:
    body = urlencode({"token": site.form_token()} | {f"field{n}": "x" for n in range(16)})
    answer = site.post(f"/runs/{done.name}/remarks", body)
    assert answer.status == 422
    assert "16 fields" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/runs/../../etc/passwd",
        "/runs/%2e%2e/secret",
        "/runs/..%2fsecret",
        "/runs/%2fetc",
        "/runs/..\\secret",
        "/runs/..%5csecret",
        "/runs/a%00b",
        "/runs/.",
        "/runs/..",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "//etc/passwd",
        "/runs/{run}/video/../run.json",
        "/runs/{run}/../secret/run.json",
        "/runs/{run}/run.json",
        "/runs/{run}/candidates/0/..",
        "/runs/%252e%252e/secret",
    ],
)
def test_no_address_leads_out_of_the_runs(site: Any, done: Path, path: str) -> None:
    secret = done.parent.parent / "secret"
    secret.mkdir()
    (secret / "run.json").write_bytes((done / "run.json").read_bytes())
    answer = site.get(path.format(run=done.name))
    assert answer.status in (400, 404, 422)
    assert b"root:" not in answer.body


@pytest.mark.parametrize("path", ["/runs/..%2fa", "/runs/..%5Ca", "/%2E%2e/a", "/runs/a%00"])
def test_an_encoded_path_is_refused_before_any_page(site: Any, path: str) -> None:
    assert site.get(path).text == "There is no such page.\n"


@pytest.mark.parametrize("name", ["", ".", "..", "../secret", "/etc", "a\\b", "a\0b", "x" * 5000])
def test_a_name_that_is_no_name_finds_no_run(done: Path, name: str) -> None:
    shutil.copytree(done, done.parent.parent / "secret")
    library = Library(done.parent)
    assert library.folder(name) is None
    assert library.folder(f"{done.name}/../{done.name}") is None
    assert library.folder(done.name) == done


def test_links_lead_nowhere(site: Any, done: Path) -> None:
    runs_dir = done.parent
    outside = runs_dir.parent / "outside"
    done.rename(outside)
    (runs_dir / "linked").symlink_to(outside)
    assert site.get("/runs/linked").status == 404
    assert "linked" in site.get("/").text.partition("left alone")[2], "it is named as a stranger"


def test_a_linked_folder_of_a_candidate_is_not_entered(site: Any, done: Path) -> None:
    inside, outside = done / "iterations/001/candidates/0", done.parent.parent / "outside"
    shown = site.get(f"/runs/{done.name}/candidates/1/0").text
    inside.rename(outside)
    inside.symlink_to(outside)
    page = site.get(f"/runs/{done.name}/candidates/1/0")
    assert page.status == 200
    for part in ('data-paid="', 'class="chart small"'):
        assert part in shown
        assert part not in page.text


def test_a_link_in_place_of_a_film_or_report_is_not_followed(site: Any, done: Path) -> None:
    secret = done.parent.parent / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    (done / "rollout.mp4").unlink()
    for name in ("rollout.mp4", "report.html"):
        (done / name).symlink_to(secret)
    assert site.get(f"/runs/{done.name}/video").status == 404
    assert site.get(f"/runs/{done.name}/report").status == 404
    assert site.get(f"/runs/{done.name}/candidates/1/0/films/1").status == 404


def test_a_saved_report_may_run_nothing(site: Any, done: Path) -> None:
    (done / "report.html").write_text("<script>alert(1)</script>", encoding="utf-8")
    policy = site.get(f"/runs/{done.name}/report").headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")


def test_beyond_loopback_every_request_needs_the_token(
    runs_dir: Path, start: Callable[..., Any]
) -> None:
    site = start(runs_dir, host="0.0.0.0")
    token = site.url.rpartition("token=")[2]
    assert len(token) >= 32
    for path in ("/", "/static/viewer.js", "/?token=wrong", "/?token="):
        assert site.get(path).status == 401
    entered = site.get(f"/?token={token}")
    assert entered.status == 303
    assert entered.headers["location"] == "/"
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert site.get("/", {"cookie": cookie.partition(";")[0]}).status == 200
    assert site.get("/", {"host": "evil.example"}).status == 400
    assert site.get("/", {"host": "10.1.2.3"}).status == 401, "an address cannot be rebound"


def test_two_starts_have_different_tokens() -> None:
    assert Door().form_token != Door().form_token
