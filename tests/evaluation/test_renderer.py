"""A recorded episode becomes a film, or one line about why not."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.evaluation import renderer
from rewardsmith.evaluation.renderer import SIZE, reel_of, render_episode
from rewardsmith.evaluation.rollout import record, uniform
from rewardsmith.isolation.lock import forecast


@pytest.fixture(scope="module")
def card() -> EnvCard:
    return load_card("HalfCheetah-v5")


def test_short_episode_runs_at_its_own_speed() -> None:
    reel = reel_of(299, 0.05)
    assert (reel.stride, reel.fps) == (1, 20.0)


def test_long_episode_has_few_frames_and_is_still_watchable() -> None:
    reel = reel_of(1000, 0.05)
    assert 1001 / reel.stride <= 300
    assert reel.fps >= 10.0


def test_environment_without_a_clock_has_a_usual_speed() -> None:
    assert reel_of(10, None).fps == 30.0


def test_film_is_h264_of_even_size(card: EnvCard, rng: np.random.Generator, tmp_path: Path) -> None:
    film = render_episode(card, rng.uniform(-1, 1, (6, 6)), 3)
    if film.video is None:
        pytest.skip(film.reason)
    path = tmp_path / "film.mp4"
    path.write_bytes(film.video)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    for part in ("h264", "yuv420p", "320x240"):
        assert part in said


@pytest.mark.parametrize("absent", ["nonsense", "osmesa"])
def test_machine_without_graphics_gets_one_line_that_says_what_to_install(
    card: EnvCard, monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    monkeypatch.setattr(renderer, "BACKENDS", (absent,))
    film = render_episode(card, np.zeros((2, 6)), 3)
    if film.video is not None:
        pytest.skip(f"{absent} draws here")
    assert film.lacks_graphics
    assert "neither EGL nor OSMesa draws on this machine" in film.reason
    assert "`apt-get install libegl1` or `apt-get install libosmesa6`" in film.reason
    assert "\n" not in film.reason


def test_what_else_goes_wrong_is_not_blamed_on_graphics(card: EnvCard) -> None:
    film = render_episode(card, np.zeros((2, 5)), 3)
    assert film.video is None
    assert "EGL" not in film.reason


def test_wrong_actions_are_a_reason_and_not_a_crash(card: EnvCard) -> None:
    film = render_episode(card, np.zeros((2, 5)), 3)
    assert film.video is None
    assert "\n" not in film.reason


def test_replay_reaches_the_state_that_was_recorded(
    card: EnvCard, rng: np.random.Generator
) -> None:
    vector = StateVectorEnv(card, 2)
    episode = record(vector, uniform(card.state.action, 2, rng), seed=40)[1]
    env = make_env(card)
    env.reset(seed=episode.seed)
    for action in episode.actions[:300]:
        obs = env.step(action)[0]
    np.testing.assert_array_equal(obs[0], episode.fields["height"][300])


PAINTER = '''"""Draws, and tries in every step what nobody needs to draw."""

import socket
from pathlib import Path

import gymnasium
import numpy as np


class Painter(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))

    def __init__(self, render_mode=None):
        self.render_mode, self.shade = render_mode, 0

    def reset(self, *, seed=None, options=None):
        return np.zeros(1, np.float32), {}

    def step(self, action):
        for attempt in (self.write, self.connect, self.read):
            try:
                attempt()
            except OSError:
                self.shade += 80
        return np.zeros(1, np.float32), 0.0, False, False, {}

    def write(self):
        Path(__file__).with_name("leak").write_text("x")

    def connect(self):
        socket.create_connection(("127.0.0.1", 9), timeout=1)

    def read(self):
        Path(__file__).parent.parent.joinpath("private").read_text()

    def render(self):
        return np.full((48, 64, 3), self.shade % 256, np.uint8)
'''
PAINTER_CARD = """
id: painter:Painter
title: Painter
description: It draws.
action: {shape: [1], low: -1, high: 1, meaning: none}
state:
  x: {source: "obs[0]", range: [-1, 1], meaning: none}
max_steps: 10
tasks:
  rest: {instruction: Rest., fitness: -mean(abs(x)), success: abs(x) < 1, target: 0.8}
"""


@pytest.fixture
def painter(tmp_path: Path) -> EnvCard:
    home = tmp_path / "painter"
    home.mkdir()
    (home / "painter.py").write_text(PAINTER, encoding="utf-8")
    (home / "card.yaml").write_text(PAINTER_CARD, encoding="utf-8")
    (tmp_path / "private").write_text("private", encoding="utf-8")
    return load_card(str(home))


def test_environment_that_takes_no_size_is_drawn_in_its_own(painter: EnvCard) -> None:
    film = render_episode(painter, np.zeros((2, 1)), 3)
    assert film.reason == ""
    assert film.video is not None


def test_render_that_raises_is_said_with_its_line(painter: EnvCard, tmp_path: Path) -> None:
    broken = PAINTER.replace("return np.full(", "raise RuntimeError('no display')\n        (")
    (tmp_path / "painter" / "painter.py").write_text(broken, encoding="utf-8")
    film = render_episode(painter, np.zeros((2, 1)), 3)
    assert film.video is None
    line = broken[: broken.index("raise Run")].count("\n") + 1
    assert film.reason == f"RuntimeError: no display (painter.py, line {line})"


def test_replay_opens_nothing_that_the_card_does_not_name(painter: EnvCard, tmp_path: Path) -> None:
    if forecast().landlock_abi == 0:
        pytest.skip("no Landlock on this system")
    film = render_episode(painter, np.zeros((1, 1)), 3)
    assert film.video is not None
    assert not (tmp_path / "painter" / "leak").exists()
    # Three refusals make the second picture light grey: writing, connecting, reading beyond.
    assert last_shade(film.video, tmp_path) == pytest.approx(240, abs=12)


def last_shade(video: bytes, folder: Path) -> int:
    """Brightness in the middle of the last picture."""
    path = folder / "film.mp4"
    path.write_bytes(video)
    decoder = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo"]
    grey = [*decoder, "-pix_fmt", "gray", "-"]
    pictures = subprocess.run(grey, capture_output=True, check=True).stdout
    width, height = SIZE
    last = np.frombuffer(pictures[-width * height :], dtype=np.uint8).reshape(height, width)
    return int(last[height // 2, width // 2])
