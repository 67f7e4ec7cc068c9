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
from rewardsmith.evaluation.renderer import reel_of, render_episode
from rewardsmith.evaluation.rollout import record, uniform


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


def test_machine_without_graphics_gets_one_line(
    card: EnvCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderer, "BACKENDS", ("nonsense",))
    film = render_episode(card, np.zeros((2, 6)), 3)
    assert film.video is None
    assert film.reason
    assert "\n" not in film.reason


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
