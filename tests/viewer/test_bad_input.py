"""Folders that are not what they should be: the page says so, and the rest works."""

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from rewardsmith.store import spelling


def test_folders_of_other_programs_are_left_alone(site: Any, runs_dir: Path, done: Path) -> None:
    strangers = (
        "PPO_1",  # Stable-Baselines3
        "CartPole-v1__ppo__1__1700000000",  # CleanRL
        "Nov21_10-00-00_host",  # TensorBoard's SummaryWriter
    )
    for name in strangers:
        (runs_dir / name).mkdir()
        (runs_dir / name / "events.out.tfevents.1.host").write_bytes(b"\0\1\2")
    (runs_dir / "notes.txt").write_text("mine", encoding="utf-8")
    before = sorted(path for path in runs_dir.rglob("*") if done not in path.parents)
    page = site.get("/").text
    assert done.name in page
    assert "3 folders here are not rewardsmith" in page
    for name in strangers:
        assert name in page
        assert site.get(f"/runs/{name}").status == 404
        assert site.get(f"/runs/{name}/candidates/0/0").status == 404
    assert sorted(path for path in runs_dir.rglob("*") if done not in path.parents) == before


def test_a_run_of_a_newer_version_is_listed_and_says_so(site: Any, runs_dir: Path) -> None:
    newer = runs_dir / "newer"
    newer.mkdir()
    content = {"format": "rewardsmith-run", "schema": 99}
    (newer / "run.json").write_text(json.dumps(content), encoding="utf-8")
    assert "newer rewardsmith" in site.get("/").text
    answer = site.get("/runs/newer")
    assert answer.status == 200
    assert "schema 99" in answer.text


@pytest.mark.parametrize("blob", [b"", b"{", b"[]", b'{"format": "other"}', b"\xff\xfe"])
def test_a_damaged_manifest_is_said(site: Any, runs_dir: Path, blob: bytes) -> None:
    broken = runs_dir / "broken"
    broken.mkdir()
    (broken / "run.json").write_bytes(blob)
    assert "unreadable" in site.get("/").text
    assert "notice bad" in site.get("/runs/broken").text


def test_a_run_that_has_only_begun_is_shown(site: Any, runs_dir: Path, done: Path) -> None:
    begun = runs_dir / "begun"
    begun.mkdir()
    shutil.copy(done / "run.json", begun)
    page = site.get("/runs/begun").text
    assert "no journal yet" in page
    assert "Reach the goal" in page
    (begun / "events.jsonl").write_bytes(b"")
    assert site.get("/runs/begun").status == 200


def test_a_line_that_is_being_written_is_waited_for(site: Any, done: Path) -> None:
    journal = done / "events.jsonl"
    blob = journal.read_bytes()
    cut = blob.rfind(b'"run_ended"')
    journal.write_bytes(blob[:cut])
    assert "not running" in site.get(f"/runs/{done.name}").text.lower()
    journal.write_bytes(blob)
    assert "not running" not in site.get(f"/runs/{done.name}").text.lower()


def test_a_journal_is_cut_at_every_line_and_still_has_a_page(site: Any, done: Path) -> None:
    journal = done / "events.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    for n in range(len(lines)):
        journal.write_bytes(b"".join(lines[:n]))
        assert site.get(f"/runs/{done.name}").status == 200, f"{n} lines"
        page = site.get(f"/runs/{done.name}/candidates/0/0")
        assert page.status == (200 if b"candidate_proposed" in b"".join(lines[:n]) else 404)


def test_what_stands_before_damage_is_shown(site: Any, done: Path) -> None:
    journal = done / "events.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[-2] = b"garbage\n"
    journal.write_bytes(b"".join(lines))
    page = site.get(f"/runs/{done.name}").text
    assert f"line {len(lines) - 1} is damaged" in page
    assert "001/0" in page


def test_events_of_another_version_leave_the_list_alone(site: Any, done: Path) -> None:
    journal = done / "events.jsonl"
    line = {"seq": 0, "crc": "0", "time": "t", "event": "candidate_proposed", "data": {}}
    journal.write_bytes(spelling.one_line(line | {"key": {"candidate": "000/0"}}))
    answer = site.get(f"/runs/{done.name}")
    assert answer.status == 200
    assert "this version cannot read" in answer.text
    assert done.name in site.get("/").text


def test_a_deleted_film_is_missed_by_nothing_else(site: Any, done: Path) -> None:
    base = f"/runs/{done.name}/candidates/1/0"
    assert "<video" in site.get(base).text
    (done / "rollout.mp4").unlink()
    page = site.get(base).text
    assert "<video" not in page
    assert "This episode is not filmed yet." in page
    assert 'class="chart rollout"' in page, "its components are drawn nevertheless"
    assert site.get(f"/runs/{done.name}/video").status == 404
    assert site.get(f"{base}/films/1").status == 404
    assert "<video" not in site.get(f"/runs/{done.name}").text


def test_a_film_that_is_gone_is_said_on_the_page_of_its_run(site: Any, done: Path) -> None:
    page, said = f"/runs/{done.name}", "is not in this run: it was deleted or never made"
    assert said not in site.get(page).text
    (done / "rollout.mp4").unlink()
    assert said in site.get(page).text
    (done / "iterations/001/candidates/0/trajectories.npz").unlink()
    assert said not in site.get(page).text, "nothing is left to film"


def test_a_form_for_a_run_that_cannot_be_read_is_refused(site: Any, runs_dir: Path) -> None:
    newer, token = runs_dir / "newer", site.form_token()
    newer.mkdir()
    content = {"format": "rewardsmith-run", "schema": 99}
    (newer / "run.json").write_text(json.dumps(content), encoding="utf-8")
    for page in ("remarks", "rank", "label", "candidates/0/0/edit"):
        answer = site.post(f"/runs/newer/{page}", urlencode({"token": token, "text": "x"}))
        assert 400 <= answer.status < 500, page
    assert "schema 99" in site.post("/runs/newer/remarks", f"token={token}&text=x").text


def test_deleted_and_damaged_rollouts_are_said(site: Any, done: Path) -> None:
    path = done / "iterations/001/candidates/0/trajectories.npz"
    path.write_bytes(b"no archive")
    assert "cannot be read" in site.get(f"/runs/{done.name}/candidates/1/0").text
    path.unlink()
    assert "No episodes of this candidate" in site.get(f"/runs/{done.name}/candidates/1/0").text


def test_calls_that_cannot_be_read_are_said(site: Any, done: Path) -> None:
    (done / "llm.jsonl").write_bytes(b"garbage\n")
    assert "damaged" in site.get(f"/runs/{done.name}").text
    assert site.get(f"/runs/{done.name}/candidates/1/0").status == 200
    (done / "llm.jsonl").unlink()
    assert site.get(f"/runs/{done.name}/candidates/1/0").status == 200


def test_a_missing_or_empty_runs_folder_has_a_page(site: Any, done: Path) -> None:
    shutil.rmtree(done)
    assert "no run here yet" in site.get("/").text
    shutil.rmtree(done.parent)
    assert site.get("/").status == 200


def test_metrics_that_are_no_metrics_are_left_out(site: Any, done: Path) -> None:
    (done / "iterations/001/candidates/0/metrics.jsonl").write_bytes(b'{"seed": 7}\nxx\n\xff\n')
    assert site.get(f"/runs/{done.name}/candidates/1/0").status == 200
