"""Pages about a run and its candidates say what the journal holds, as it reads."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import numpy as np
import pytest

from rewardsmith.cli import video
from rewardsmith.cli.candidate_page import find_candidate, show_candidate
from rewardsmith.cli.conclusion import show_conclusion
from rewardsmith.cli.run_page import show_run
from rewardsmith.cli.terminal import console
from rewardsmith.errors import UsageError
from rewardsmith.evaluation.renderer import Film
from rewardsmith.messages import Trajectory
from rewardsmith.report.figures import run_picture
from rewardsmith.store.run import Run

Printed = Callable[[], str]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    return lambda: capsys.readouterr().out


@pytest.mark.parametrize(
    ("film", "said"),
    [
        (
            Film(video=None, reason="OSError: no display"),
            r"OSError: no display\. Let render\(\) .*out\.$",
        ),
        (
            Film(video=None, reason="Install libegl1.", lacks_graphics=True),
            r"^No video: Install lib\S+$",
        ),
        (
            Film(video=None, reason="It draws nothing.", is_final=True),
            r"^No video: It draws nothing\.$",
        ),
    ],
)
def test_a_film_that_failed_says_what_to_do(
    run: Run, monkeypatch: pytest.MonkeyPatch, film: Film, said: str
) -> None:
    shown = Trajectory(seed=1, actions=np.zeros((1, 6)), fields={}, terminated=False)
    monkeypatch.setattr(video, "best_episode", lambda run: shown)
    monkeypatch.setattr(video, "render_episode", lambda *words: film)
    assert re.search(said, video.save_video(run))


def test_run_page_lists_every_candidate_with_its_cause(run: Run, printed: Printed) -> None:
    show_run(run)
    text = printed()
    assert "ended: finished" in text
    row = next(line for line in text.splitlines() if line.startswith("001/0"))
    assert row.split()[:5] == ["001/0", "offline", "trained", "3", "100%"]
    assert "It stands still." in row
    assert "rejected" in text
    assert "line 8: no such field" in text
    assert "final (001/0)" in text


def test_candidate_page_shows_code_verdict_parts_and_evidence(run: Run, printed: Printed) -> None:
    show_candidate(run, "1/0", with_compiled=True)
    text = printed()
    for part in ("parents 000/0", "def reward", "def components", "Verdict: accepted"):
        assert part in text
    for part in ("eval/fitness", "reward/speed", "▁█", "stands-still", "episode 1 step 7"):
        assert part in text


def test_refused_candidate_page_shows_the_finding(run: Run, printed: Printed) -> None:
    show_candidate(run, "000/1")
    assert "line 8: No field `speed`. Use another." in printed()


def test_text_of_programs_reaches_the_terminal_without_controls(run: Run, printed: Printed) -> None:
    show_candidate(run, "best")
    text = printed()
    assert "[bold]" in text
    assert not [c for c in text if ord(c) < 32 and c != "\n"]
    assert "title" not in text


def test_unknown_candidate_is_refused_with_those_there_are(run: Run) -> None:
    with pytest.raises(UsageError, match="Known: 000/0, 000/1, 001/0"):
        find_candidate(run, "7/7")


def test_conclusion_shows_the_winner_and_its_diff_to_the_first(run: Run, printed: Printed) -> None:
    show_conclusion(run, console())
    text = printed()
    assert "The winner: 001/0" in text
    assert '-WEIGHTS = {"speed": 1.0}' in text
    assert '+WEIGHTS = {"speed": 2.0}' in text
    assert f"rewardsmith export {run.id}" in text


def test_picture_of_a_run_is_xml_with_every_trained_candidate(run: Run) -> None:
    root = ElementTree.fromstring(run_picture(run))
    texts = ["".join(node.itertext()) for node in root.iter()]
    assert {"000/0", "001/0", "final", "sparse"} <= set(texts)
    assert "000/1" not in texts
