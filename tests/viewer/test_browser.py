"""The pages in a real browser: nothing is refused or fetched elsewhere, keys, live pages, films.

Skipped where there is no Playwright or no Chromium. After every test the browser's console has to
be empty, and every request to have gone to the viewer.
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rewardsmith.config import RunConfig, load_config, to_mapping
from rewardsmith.environments.cards import ad_hoc_task, load_card, task_of
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.evaluation.renderer import Film
from rewardsmith.evaluation.rollout import record, uniform
from rewardsmith.feedback.ranking import ranking_of
from rewardsmith.feedback.selection import WaitingForPerson
from rewardsmith.messages import BY_RANKING, Candidate, CandidateId, MetricPoint
from rewardsmith.report.page import write_report
from rewardsmith.session import finish_run, resume_run, start_run
from rewardsmith.store.comparisons import read_comparisons
from rewardsmith.store.remarks import read_remarks
from rewardsmith.store.run import Run, run_folders
from rewardsmith.testing import InProcessEngine, toy_task, write_line_card
from rewardsmith.viewer.studio import Studio

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: `pip install playwright`"
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next((path for path in map(shutil.which, NAMES) if path), None)
FIRST = CandidateId(0, 0)
SHORT = [
    "--candidates=1",
    "--iterations=2",
    "--timesteps=2048",
    "--set=evaluation.report_seeds=1",
    "--set=evaluation.selection_episodes=4",
    "--set=search.confirm_top=0",
    "--no-video",
]

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with sync_api.sync_playwright() as playwright:
        path = CHROMIUM or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("there is no Chromium here: `playwright install chromium`")
        one = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield one
        one.close()


@pytest.fixture
def scheme() -> str:
    return "light"


@pytest.fixture
def page(browser: "Browser", scheme: Any) -> "Iterator[Page]":
    """A window; what its console says and where it asks is looked at in the end."""
    window = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    window.set_default_timeout(60_000)  # cores may be busy
    said: list[str] = []
    asked: set[str] = set()
    window.on("console", lambda message: said.append(message.text))
    window.on("pageerror", lambda error: said.append(str(error)))
    window.on("request", lambda request: asked.add(request.url))
    yield window
    window.close()
    # The browser itself logs every answer that is no success; tests ask for some.
    assert [text for text in said if not text.startswith("Failed to load resource")] == []
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:"))] == []


@pytest.fixture
def filmed(done: Path) -> Path:
    """The run with a film that plays: 21 pictures in 2.1 seconds, each lighter than the last."""
    import imageio_ffmpeg

    path = done / "rollout.mp4"
    film = imageio_ffmpeg.write_frames(
        str(path), (64, 48), fps=10, codec="libx264", macro_block_size=1
    )
    film.send(None)
    for shade in range(21):
        film.send(np.full((48, 64, 3), shade * 12, dtype=np.uint8))
    film.close()
    return done


def step_of(page: "Page") -> int:
    return int(page.locator("#rollout").get_attribute("data-step") or -1)


def until(page: "Page", script: str, *, timeout_s: float = 60) -> None:
    """Wait for it; Playwright's own way evaluates text in the page, which its policy forbids."""
    deadline = time.monotonic() + timeout_s
    while not _holds(page, script):
        assert time.monotonic() < deadline, f"did not happen: {script}"
        page.wait_for_timeout(50)


def _holds(page: "Page", script: str) -> bool:
    try:
        return bool(page.evaluate(f"() => Boolean({script})"))
    except sync_api.Error:  # between two pages
        return False


def ready_film(page: "Page") -> None:
    until(page, "document.querySelector('#rollout video')?.readyState >= 3")


# ------------------------------------------------------------------------ every page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_quiet_styled_and_fits_its_window(
    page: "Page", site: Any, filmed: Path
) -> None:
    base = f"{site.url}runs/{filmed.name}"
    paths = (
        site.url,
        base,
        f"{base}/candidates/1/0",
        f"{base}/candidates/1/0?show=compiled",
        f"{base}/candidates/1/0?show=diff",
        f"{base}/candidates/0/1",
        f"{base}/calls/0",
        f"{base}/rank",
        f"{site.url}runs/none",
    )
    for path in paths:
        page.goto(path)
        assert page.evaluate("typeof htmx") == "object", path
        assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px", path
        for width in (1280, 640):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_page_in_either_scheme(
    page: "Page", site: Any, filmed: Path, scheme: str
) -> None:
    page.goto(f"{site.url}runs/{filmed.name}/candidates/1/0")
    colours = "(p) => getComputedStyle(document.documentElement).getPropertyValue(p)"
    back = luminance(page.evaluate(colours, "--page"))
    assert (back > 0.5) == (scheme == "light")
    for name in (
        "ink",
        "soft",
        "link",
        "ember",
        "good",
        "bad",
        "warn",
        *(f"c{i}" for i in range(8)),
    ):
        lighter, darker = sorted((luminance(page.evaluate(colours, f"--{name}")), back))[::-1]
        # WCAG asks 4.5 of text and 3 of lines.
        assert (lighter + 0.05) / (darker + 0.05) >= (3.0 if name[0] == "c" else 4.5), name


def luminance(colour: str) -> float:
    """Of `#rrggbb`, as WCAG has it."""
    channels = [int(colour.strip()[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# ------------------------------------------------------------------------------ keys


def test_keys_lead_through_the_run(page: "Page", site: Any, done: Path) -> None:
    page.goto(site.url)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{done.name}")
    for key in "jjk":
        page.keyboard.press(key)
    assert page.locator("[data-shown]").get_attribute("data-name") == "000/0"
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/candidates/1/0")
    page.keyboard.press("[")
    page.wait_for_url("**/candidates/0/1")
    page.keyboard.press("]")
    page.wait_for_url("**/candidates/1/0")
    page.keyboard.press("d")
    page.wait_for_selector("#code .diff .added")
    page.keyboard.press("u")
    page.wait_for_url(f"**/runs/{done.name}")


def test_question_mark_shows_every_key_that_does_something(
    page: "Page", site: Any, done: Path
) -> None:
    page.goto(site.url)
    page.keyboard.press("?")
    shown = set(page.locator("#help[open] kbd").all_inner_texts())
    script = site.get("/static/viewer.js").text
    table = script[script.index("const keys = {") :].partition("\n  };")[0]
    bound = {a or b for a, b in re.findall(r'^    (?:"(.)"|(\w+)): ', table, re.MULTILINE)}
    spelt = {" ": "Space", "ArrowLeft": "←", "ArrowRight": "→"}
    assert {spelt.get(key, key) for key in bound} <= shown
    page.keyboard.press("Escape")
    assert page.locator("#help[open]").count() == 0


def test_filter_hides_rows(page: "Page", site: Any, done: Path) -> None:
    shutil.copytree(done, done.parent / "another")
    page.goto(site.url)
    page.keyboard.press("/")
    page.keyboard.type("another")
    assert page.locator("[data-row]:visible").count() == 1


def test_forms_of_the_program_are_exchanged_in_place(page: "Page", site: Any, done: Path) -> None:
    page.goto(f"{site.url}runs/{done.name}/candidates/1/0")
    page.locator("#code .tabs a").last.click()
    page.wait_for_selector("#code .diff .added")
    page.locator("#code select").select_option("000/1")
    page.wait_for_selector("#code .diff :text('speed')")


# ----------------------------------------------------------------------------- films


def test_film_and_cursor_move_together(page: "Page", site: Any, filmed: Path) -> None:
    page.goto(f"{site.url}runs/{filmed.name}/candidates/1/0")
    ready_film(page)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.locator("#step-now").inner_text() == "step 5"
    film = page.locator("#rollout video")
    assert film.evaluate("(v) => v.currentTime") == pytest.approx(0.55, abs=0.04)
    paid = page.locator("[data-paid]").first
    assert float(paid.inner_text()) == pytest.approx(-1 + 5 / 19, abs=0.002)
    page.keyboard.press(" ")
    until(page, "Number(document.querySelector('#rollout').dataset.step) > 8")
    page.keyboard.press(" ")
    page.wait_for_timeout(100)
    at = film.evaluate("(v) => v.currentTime")
    assert abs(step_of(page) - 10 * at) <= 2
    x = float(page.locator("#rollout .cursor").get_attribute("x1") or 0)
    assert x > float(page.locator("svg[data-steps]").get_attribute("data-left") or 0) + 100


def test_a_remark_on_a_part_of_the_film_is_marked_with_two_keys(
    page: "Page", site: Any, filmed: Path
) -> None:
    page.goto(f"{site.url}runs/{filmed.name}/candidates/1/0")
    ready_film(page)
    mark_span(page)
    page.locator(".on-span textarea").fill("It is late here.")
    page.locator(".on-span button").click()
    page.wait_for_selector(".said-list :text('It is late here.')")
    until(page, "document.querySelector('#rollout .chosen-span').getAttribute('width') > 100")
    said = read_remarks(filmed, after_line=2).remarks[0]
    assert said.span is not None
    assert (said.span.first_step, said.span.last_step) == (14, 19)
    page.goto(f"{site.url}runs/{filmed.name}/candidates/1/0")
    assert shade(page) == 0
    page.locator(".said-list a.span").first.click()
    until(page, "document.querySelector('#rollout').dataset.step === '14'")
    assert shade(page) > 100


def test_a_half_written_remark_outlives_another_episode_and_its_film(
    page: "Page", site: Any, filmed: Path
) -> None:
    page.goto(f"{site.url}runs/{filmed.name}/candidates/1/0")
    ready_film(page)
    mark_span(page)
    page.locator(".on-span textarea").fill("Half a sen")
    shown = page.locator("#rollout").get_attribute("data-episode")
    page.locator("[data-episode-link]:not([aria-current])").first.click()
    until(page, f"document.querySelector('#rollout').dataset.episode !== '{shown}'")
    assert page.locator(".on-span textarea").input_value() == "Half a sen"
    assert page.locator("[name=first_step]").input_value() == "14"
    assert shade(page) == 0, "the marked part is another episode's"
    page.locator("#rollout h2").click()
    page.keyboard.press("o")
    assert page.locator(".on-span [name=episode]").input_value() != shown


def mark_span(page: "Page") -> None:
    """Mark steps 14 to 19 of the shown episode."""
    for key in [*["ArrowRight"] * 14, "i", *["ArrowRight"] * 5, "o"]:
        page.keyboard.press(key)
    assert shade(page) > 100


def shade(page: "Page") -> float:
    return float(page.locator("#rollout .chosen-span").get_attribute("width") or 0)


def test_the_report_plays_its_film_on_the_viewers_own_page(
    page: "Page", site: Any, filmed: Path
) -> None:
    with Run.open(filmed) as run:
        write_report(run)
    page.goto(f"{site.url}runs/{filmed.name}/report")
    until(page, "document.querySelector('video').readyState >= 2")
    assert page.locator("video").evaluate("(v) => v.duration") == pytest.approx(2.1, abs=0.2)


def test_evidence_leads_to_its_moment_in_the_film(page: "Page", site: Any, filmed: Path) -> None:
    page.goto(f"{site.url}runs/{filmed.name}/candidates/1/0")
    page.keyboard.press("e")
    page.wait_for_selector("#rollout[data-episode='0'][data-step='7']")
    assert page.locator("#rollout form.unfilmed").count() == 1, "that episode is not filmed yet"
    page.keyboard.press("n")
    page.wait_for_selector("#rollout[data-episode='1'] video")
    page.keyboard.press("p")
    page.wait_for_selector("#rollout[data-episode='0']")


def test_an_episode_is_filmed_when_asked_for_and_plays(
    page: "Page", tmp_path: Path, start: Callable[..., Any]
) -> None:
    with record_cheetah(tmp_path / "runs") as run:
        site = start(run.folder.parent)
        page.goto(f"{site.url}runs/{run.id}/candidates/0/0?step=12")
        page.keyboard.press("f")
        page.wait_for_selector("#rollout video, #rollout form b", timeout=100_000)
        if page.locator("#rollout form b").count():
            pytest.skip(page.locator("#rollout form").inner_text())
        ready_film(page)
    film = page.locator("#rollout video")
    shown = film.evaluate("(v) => [v.videoWidth, v.videoHeight, v.currentTime * v.duration]")
    assert shown[:2] == [320, 240]
    assert shown[2] > 0, "it begins at the step that was looked at"
    film.evaluate("(v) => v.play()")
    until(page, "Number(document.querySelector('#rollout').dataset.step) > 14")


def record_cheetah(runs_dir: Path) -> Run:
    """A run with one candidate whose one recorded episode is a real one, cut to 30 steps."""
    card = load_card("HalfCheetah-v5")
    run = Run.create(
        runs_dir,
        name="cheetah",
        config=to_mapping(RunConfig()),
        task=task_of(card, "run_backward"),
        versions={},
    )
    proposed = Candidate(id=FIRST, text="CONTRACT = 1\n")
    run.record("candidate_proposed", key={"candidate": FIRST}, candidate=proposed)
    env = StateVectorEnv(card, 1)
    whole = record(env, uniform(card.state.action, 1, np.random.default_rng(0)), seed=5)[0]
    fields = {name: values[:31] for name, values in whole.fields.items()}
    cut = replace(whole, fields=fields, actions=whole.actions[:30], terminated=False)
    run.save_trajectories(FIRST, [cut])
    return run


# ------------------------------------------------------------------------- live runs


def test_a_live_page_follows_its_run_and_keeps_what_is_open(
    page: "Page", tmp_path: Path, start: Callable[..., Any]
) -> None:
    config = to_mapping(RunConfig())
    with Run.create(
        tmp_path / "runs", name="live", config=config, task=toy_task(), versions={}
    ) as run:
        candidate = Candidate(id=FIRST, text="CONTRACT = 1\n")
        run.record("candidate_proposed", key={"candidate": FIRST}, candidate=candidate)
        key = {"candidate": FIRST, "seed": 7, "start_step": 0}
        run.record("segment_started", key=key, end_step=4000, attempt=0)
        site = start(run.folder.parent)
        page.goto(f"{site.url}runs/{run.id}")
        page.locator("details").nth(1).locator("summary").click()
        page.locator("#remark-text").fill("unsaved")
        run.append_metrics(FIRST, 7, [MetricPoint(step=2048, values={"train/loss": 1.0})])
        page.wait_for_selector("progress[value='2048']")
        assert page.locator("details").nth(1).get_attribute("open") is not None
        assert page.locator("#remark-text").input_value() == "unsaved"
        run.record("run_ended", reason="finished")
        page.wait_for_selector(".tag.ended")


@pytest.mark.slow
def test_a_remark_reaches_the_next_iteration_of_a_real_run(
    page: "Page", tmp_path: Path, start: Callable[..., Any]
) -> None:
    card = write_line_card(tmp_path / "LineWorld")
    command = [str(Path(sys.executable).parent / "rewardsmith"), "design", "--env", card]
    command += ["--task=reach", f"--runs={tmp_path / 'runs'}", *SHORT]
    (tmp_path / "runs").mkdir()
    log = (tmp_path / "log").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as process:
        try:
            page.goto(start(tmp_path / "runs").url)
            page.locator("[data-row] a").first.click(timeout=60_000)  # the list finds it by itself
            page.wait_for_url("**/runs/*")
            page.wait_for_load_state()
            page.keyboard.press("r")
            page.keyboard.type("Both legs, please.")
            page.locator("form.remark button").click()
            page.wait_for_selector(".said-list :text('not read yet')")
            page.wait_for_selector(".log :text('1 remark read for iteration 1')", timeout=100_000)
            page.wait_for_selector(".log :text('Iteration 1: 1 programs')", timeout=60_000)
            page.reload()
            page.wait_for_selector(".said-list .tag.good")
        finally:
            process.kill()
    read = Run.read(run_folders(tmp_path / "runs")[0]).recall("feedback_read", iteration=0)
    assert read is not None
    assert [remark["text"] for remark in read["remarks"]] == ["Both legs, please."]


# ---------------------------------------------------------------------------- people


def answer_pairs(page: "Page", keys: Sequence[str]) -> None:
    """Press a key for each pair, once it is shown."""
    for key in keys:
        until(page, "document.readyState === 'complete' && document.querySelector('#choices')")
        page.evaluate("window.isOld = true")
        page.keyboard.press(key)
        until(page, "!window.isOld")


def test_an_edited_candidate_is_taken_in_or_refused_with_its_findings(
    page: "Page", ranked: Path, start: Callable[..., Any]
) -> None:
    site = start(ranked.parent)
    first = ranking_of(Run.read(ranked)).entrants[0].id
    page.goto(f"{site.url}runs/{ranked.name}/candidates/{first.iteration}/{first.number}")
    edit_program(page, lambda text: text + "import os\n", "Break out.")
    page.wait_for_selector("#edit .notice.bad")
    assert "import os" in page.locator("#edit-text").input_value(), "what was typed is kept"


def edit_program(page: "Page", change: Callable[[str], str], why: str) -> None:
    form = page.locator("details.edit")
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    text = page.locator("#edit-text")
    text.fill(change(text.input_value()))
    page.locator("#edit-why").fill(why)
    page.locator("#edit form button").click()


@pytest.mark.timeout(900)  # real trainings and a browser, on cores that may be busy
def test_ranking_remark_and_edit_go_into_the_next_iteration_of_a_real_run(
    page: "Page", tmp_path: Path, start: Callable[..., Any]
) -> None:
    folder = wait_for_people(tmp_path)
    nothing = Film(video=None, reason="nothing to draw on", is_final=True)
    base = f"{start(folder.parent, studio=Studio(render=lambda _: nothing)).url}runs/{folder.name}"

    page.goto(base)
    page.locator("#rank-link").click()
    answer_pairs(page, ["ArrowLeft", "ArrowRight", "z", "s", *["ArrowDown", "ArrowRight"] * 5])
    page.wait_for_selector("#rank-progress :text('That is enough')")
    page.goto(f"{base}/candidates/0/0")
    edit_program(page, lambda text: text.replace('": 1.0', '": 1.75', 1), "More of the first.")
    page.wait_for_selector("#edit :text('waits for the next iteration')")
    page.locator("#remark-text").fill("Both legs, please.")
    page.locator("form.remark button").click()
    page.wait_for_selector(".said-list :text('not read yet')")
    page.locator(".on-span [name=last_step]").fill("3")
    page.locator(".on-span textarea").fill("Late here.")
    page.locator(".on-span button").click()
    page.wait_for_selector(".said-list :text('episode 0, steps 0 to 3')")

    with resume_run(folder) as run, pytest.raises(WaitingForPerson):
        finish_run(run, engine=lambda slots: InProcessEngine())
    run = Run.read(folder)
    decided = run.recall("ranking_decided", iteration=0)
    assert decided is not None
    # Twelve answers, of which one was taken back and one was none.
    assert [one.choice for one in read_comparisons(folder).standing][:3] == ["left", "skip", "tie"]
    assert decided["n_answered"] == 11
    read = [r["text"] for e in run.events("feedback_read") for r in e.data["remarks"]]
    assert read == ["Both legs, please.", "Late here."]
    proposed = [event.data["candidate"] for event in run.events("candidate_proposed")]
    mine = [one for one in proposed if one["author"] == "human"]
    assert [(one["id"][0], '": 1.75' in one["text"]) for one in mine] == [(1, True)]
    page.goto(f"{base}/candidates/1/{mine[0]['id'][1]}")
    assert "More of the first." in page.locator(".rationale").inner_text()


def wait_for_people(folder: Path) -> Path:
    """A run of real trainings that waits for comparisons after its first iteration."""
    card = load_card(write_line_card(folder / "LineWorld"))
    task = ad_hoc_task(card, "Reach the goal.", fitness=BY_RANKING, success="step < 0")
    settings = {
        "search.candidates": 4,
        "search.iterations": 2,
        "training.total_timesteps": 256,
        "evaluation.selection_episodes": 3,
        "evaluation.recorded_episodes": 3,
        "evaluation.evals_per_segment": 1,
    }
    with start_run(folder / "runs", task, load_config(None, settings)) as run:
        with pytest.raises(WaitingForPerson):
            finish_run(run, engine=lambda slots: InProcessEngine())
    return run.folder
