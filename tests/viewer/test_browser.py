"""The pages in a real browser: no policy is violated, keys, filter, polling, film in step.

It speaks the WebDriver protocol itself, so that no driver package is needed; skipped where there is
no Chromium with its driver.
"""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardsmith.config import RunConfig, to_mapping
from rewardsmith.messages import Candidate, CandidateId, MetricPoint
from rewardsmith.store.run import Run
from rewardsmith.testing import toy_task

DRIVER = shutil.which("chromedriver")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.skipif(
        not (DRIVER and CHROMIUM), reason="there is no chromium with chromedriver here"
    ),
    pytest.mark.xdist_group("browser"),
]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ENTER = "\ue007"


class Browser:
    """One headless window."""

    def __init__(self, driver: str, *, dark: bool = False) -> None:
        self._driver = driver
        scheme = "0" if dark else "1"
        arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=1280,900",
            f"--blink-settings=preferredColorScheme={scheme}",
        ]
        options = {"binary": CHROMIUM, "args": arguments}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        reply = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{reply['sessionId']}"

    def open(self, url: str) -> None:
        self._call("POST", f"{self._session}/url", {"url": url})

    @property
    def url(self) -> str:
        return str(self._call("GET", f"{self._session}/url"))

    def run(self, script: str) -> Any:
        return self._call("POST", f"{self._session}/execute/sync", {"script": script, "args": []})

    def keys(self, text: str, selector: str = "body") -> None:
        place = {"using": "css selector", "value": selector}
        found = self._call("POST", f"{self._session}/element", place)
        path = f"{self._session}/element/{found[ELEMENT]}/value"
        self._call("POST", path, {"text": text})

    def wait(self, script: str, what: str) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.run(f"return Boolean({script})"):
                return
            time.sleep(0.05)
        raise AssertionError(f"did not happen: {what}")

    def complaints(self) -> list[str]:
        entries = self._call("POST", f"{self._session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def close(self) -> None:
        self._call("DELETE", self._session)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        blob = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._driver + path, blob, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    log = tmp_path_factory.mktemp("driver") / "log"
    assert DRIVER is not None
    with log.open("wb") as file, subprocess.Popen([DRIVER, "--port=0"], stdout=file) as process:
        try:
            one = Browser(f"http://127.0.0.1:{_port(log)}")
            yield one
            one.close()
        finally:
            process.terminate()


def _port(log: Path) -> int:
    for _ in range(400):
        words = log.read_text("utf-8").split("on port ")
        if len(words) > 1 and words[-1].strip(" .\n").isdigit():
            return int(words[-1].strip(" .\n"))
        time.sleep(0.05)
    raise AssertionError("chromedriver did not start")


@pytest.fixture
def filmed(done: Path) -> Path:
    """The run with a film that plays: 20 frames in two seconds."""
    import imageio_ffmpeg

    path = done / "rollout.mp4"
    film = imageio_ffmpeg.write_frames(
        str(path), (64, 48), fps=10, codec="libx264", macro_block_size=1
    )
    film.send(None)
    for shade in range(20):
        film.send(np.full((48, 64, 3), shade * 12, dtype=np.uint8))
    film.close()
    return done


def test_every_page_obeys_the_policy_and_asks_nobody_else(
    browser: Browser, site: Any, filmed: Path
) -> None:
    browser.complaints()
    base = f"/runs/{filmed.name}"
    for path in ("/", base, f"{base}/candidates/1/0", f"{base}/candidates/0/1", "/runs/none"):
        browser.open(site.url + path[1:])
        asked = browser.run("return performance.getEntriesByType('resource').map((e) => e.name)")
        assert all(name.startswith(site.url) for name in asked)
        assert browser.run("return getComputedStyle(document.body).marginTop") == "0px"
        assert browser.run("return typeof htmx") == "object"
    missing = f"{site.url}runs/none"
    assert [text for text in browser.complaints() if not text.startswith(missing)] == []


def test_no_page_is_wider_than_its_window(browser: Browser, site: Any, filmed: Path) -> None:
    base = f"{site.url}runs/{filmed.name}"
    for path in (site.url, base, f"{base}/candidates/1/0"):
        browser.open(path)
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), path


def test_keys_lead_through_the_run(browser: Browser, site: Any, done: Path) -> None:
    browser.open(site.url)
    browser.keys("j")
    browser.keys(ENTER)
    browser.wait(f"location.pathname === '/runs/{done.name}'", "the run opens")
    browser.keys("jjk")
    assert browser.run("return document.querySelector('[data-shown]').dataset.name") == "000/0"
    browser.keys("gb")
    browser.wait("location.pathname.endsWith('/candidates/1/0')", "the best opens")
    browser.keys("[")
    browser.wait("location.pathname.endsWith('/candidates/0/1')", "the one before opens")
    browser.keys("]")
    browser.wait("location.pathname.endsWith('/candidates/1/0')", "the next one opens")
    browser.keys("u")
    browser.wait(f"location.pathname === '/runs/{done.name}'", "the run opens again")
    browser.keys("?")
    assert browser.run("return document.querySelector('#help').open") is True


def test_filter_hides_rows(browser: Browser, site: Any, done: Path) -> None:
    shutil.copytree(done, done.parent / "another")
    browser.open(site.url)
    browser.keys("/")
    assert browser.run("return document.activeElement.id") == "filter"
    browser.keys("another", "#filter")
    shown = "return [...document.querySelectorAll('[data-row]')].filter((r) => !r.hidden).length"
    assert browser.run(shown) == 1


def test_evidence_moves_the_film_and_the_cursor(browser: Browser, site: Any, filmed: Path) -> None:
    browser.open(f"{site.url}runs/{filmed.name}/candidates/1/0?episode=1")
    browser.wait("document.querySelector('#rollout video')?.readyState >= 2", "the film is there")
    browser.keys("\ue014" * 5)  # five steps to the right
    assert browser.run("return document.querySelector('#step-now').textContent") == "step 5"
    at = browser.run("return document.querySelector('#rollout video').currentTime")
    assert at == pytest.approx(2.0 * 5 / 20, abs=0.11)
    browser.run("document.querySelector('.evidence').click()")
    browser.wait(
        "document.querySelector('#rollout').dataset.step === '7' && "
        "document.querySelector('#rollout h2').textContent.includes('episode 0')",
        "the evidence's moment is shown",
    )


def test_film_draws_the_cursor_while_it_plays(browser: Browser, site: Any, filmed: Path) -> None:
    browser.open(f"{site.url}runs/{filmed.name}/candidates/1/0?episode=1")
    browser.wait("document.querySelector('#rollout video')?.readyState >= 2", "the film is there")
    browser.keys(" ")
    browser.wait("Number(document.querySelector('#rollout').dataset.step) > 3", "it moves")


def test_forms_of_the_program_are_exchanged_in_place(
    browser: Browser, site: Any, done: Path
) -> None:
    browser.open(f"{site.url}runs/{done.name}/candidates/1/0")
    browser.run("[...document.querySelectorAll('#code .tabs a')].at(-1).click()")
    browser.wait("document.querySelector('#code .diff .added')", "the difference is shown")
    browser.run(
        "const s = document.querySelector('#code select'); s.value = '000/1';"
        "s.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    browser.wait(
        "document.querySelector('#code .removed')?.parentNode.textContent.includes('speed')",
        "another candidate is compared",
    )


def test_a_remark_is_saved_and_shown(browser: Browser, site: Any, done: Path) -> None:
    browser.open(f"{site.url}runs/{done.name}/candidates/1/0")
    browser.keys("r")
    browser.keys("Both legs, please.", "#remark-text")
    browser.run("document.querySelector('form.remark button').click()")
    browser.wait("document.body.textContent.includes('Both legs, please.')", "it is shown")
    assert '"Both legs, please."' in (done / "feedback.jsonl").read_text("utf-8")


def test_a_live_page_follows_its_run_and_keeps_what_is_open(
    browser: Browser, tmp_path: Path, start: Callable[..., Any]
) -> None:
    config = to_mapping(RunConfig())
    with Run.create(
        tmp_path / "runs", name="live", config=config, task=toy_task(), versions={}
    ) as run:
        id_ = CandidateId(0, 0)
        candidate = Candidate(id=id_, text="CONTRACT = 1\n")
        run.record("candidate_proposed", key={"candidate": id_}, candidate=candidate)
        key = {"candidate": id_, "seed": 7, "start_step": 0}
        run.record("segment_started", key=key, end_step=4000, attempt=0)
        site = start(run.folder.parent)
        browser.open(f"{site.url}runs/{run.id}")
        browser.run("document.querySelectorAll('details')[1].open = true")
        browser.keys("unsaved", "#remark-text")
        run.append_metrics(id_, 7, [MetricPoint(step=2048, values={"train/loss": 1.0})])
        browser.wait("document.querySelector('progress')?.value === 2048", "the bar moves")
        assert browser.run("return document.querySelectorAll('details')[1].open") is True
        assert browser.run("return document.querySelector('#remark-text').value") == "unsaved"
        run.record("run_ended", reason="finished")
        browser.wait("document.querySelector('.tag.ended')", "the end is shown")
