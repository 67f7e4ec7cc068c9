"""Films on demand: who may order one, what is made of it, and where it lies."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from rewardsmith.evaluation.renderer import Film
from rewardsmith.messages import CandidateId
from rewardsmith.store.films import film_path
from rewardsmith.store.run import Run
from rewardsmith.viewer.studio import MAX_WAITING, Scene, Studio

VIDEO = bytes(range(64))
WINNER = CandidateId(1, 0)


class Camera:
    """Stands in for the renderer's process, which tests/evaluation tries; waits if it is held."""

    def __init__(self, film: Film) -> None:
        self.film, self.scenes, self.is_free = film, list[Scene](), threading.Event()
        self.is_free.set()

    def __call__(self, scene: Scene) -> Film:
        self.scenes.append(scene)
        assert self.is_free.wait(20)
        return self.film


@pytest.fixture
def camera() -> Camera:
    return Camera(Film(video=VIDEO))


@pytest.fixture
def site(runs_dir: Path, start: Callable[..., Any], camera: Camera) -> Any:
    return start(runs_dir, studio=Studio(render=camera))


def order(site: Any, done: Path, headers: dict[str, str] | None = None, **fields: str) -> Any:
    body = urlencode({"token": site.form_token(), "episode": "0"} | fields)
    return site.post(f"/runs/{done.name}/candidates/1/0/films", body, headers)


def rollout(site: Any, done: Path, query: str) -> Any:
    return site.get(f"/runs/{done.name}/candidates/1/0/rollout?{query}")


def wait_for(site: Any, done: Path, episode: int) -> str:
    """The rollout's part once nobody waits for that film any more."""
    deadline = time.monotonic() + 60
    while (answer := rollout(site, done, f"episode={episode}&wait=1")).status == 204:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return str(answer.text)


def test_nothing_is_filmed_before_it_is_asked_for(site: Any, done: Path, camera: Camera) -> None:
    page = site.get(f"/runs/{done.name}/candidates/1/0?episode=0").text
    assert "not filmed yet" in page
    assert camera.scenes == []


def test_an_order_makes_the_film_of_that_episode(site: Any, done: Path, camera: Camera) -> None:
    camera.is_free.clear()
    answer = order(site, done, step="7")
    assert answer.status == 303
    assert answer.headers["location"].endswith("/candidates/1/0?episode=0&step=7#rollout")
    assert "Filming" in rollout(site, done, "episode=0").text
    assert rollout(site, done, "episode=0&wait=1").status == 204
    camera.is_free.set()
    part = wait_for(site, done, 0)
    assert f'<video src="/runs/{done.name}/candidates/1/0/films/0"' in part
    assert site.get(f"/runs/{done.name}/candidates/1/0/films/0").body == VIDEO
    assert [scene.episode.seed for scene in camera.scenes] == [1]
    assert camera.scenes[0].env == Run.read(done).manifest.task.env


def test_a_page_that_exchanges_parts_gets_the_part(site: Any, done: Path, camera: Camera) -> None:
    camera.is_free.clear()
    answer = order(site, done, {"hx-request": "true"})
    assert answer.status == 200
    assert answer.text.lstrip().startswith("<section")
    assert "Filming" in answer.text
    camera.is_free.set()
    wait_for(site, done, 0)


def test_best_median_and_worst_are_made_together_and_only_once(
    site: Any, done: Path, camera: Camera
) -> None:
    (done / "rollout.mp4").unlink()
    order(site, done, which="three")
    order(site, done, which="three")
    wait_for(site, done, 0)
    wait_for(site, done, 1)
    order(site, done, which="three")
    assert [scene.episode.seed for scene in camera.scenes] == [1, 2]


def test_the_winners_film_of_its_run_is_not_made_again(
    site: Any, done: Path, camera: Camera
) -> None:
    order(site, done, episode="1")
    assert "<video" in rollout(site, done, "episode=1").text
    assert camera.scenes == []


def test_what_cannot_be_filmed_says_why_and_may_be_tried_again(
    runs_dir: Path, done: Path, start: Callable[..., Any]
) -> None:
    camera = Camera(Film(video=None, reason="no graphics <here>"))
    site = start(runs_dir, studio=Studio(render=camera))
    order(site, done)
    part = wait_for(site, done, 0)
    assert "no graphics &lt;here&gt;" in part
    assert "Try again" in part
    camera.film = Film(video=VIDEO)
    order(site, done)
    assert "<video" in wait_for(site, done, 0)


def test_an_environment_that_is_not_here_is_a_reason(
    runs_dir: Path, done: Path, start: Callable[..., Any]
) -> None:
    site = start(runs_dir)  # the toy task's environment has no card
    order(site, done)
    assert "Unknown environment" in wait_for(site, done, 0)


def test_a_disk_that_refuses_is_a_reason(site: Any, done: Path) -> None:
    (done / "iterations/001/candidates/0/films").write_bytes(b"in the way")
    order(site, done)
    assert "could not be filmed" in wait_for(site, done, 0)


def test_a_film_belongs_to_the_episode_that_it_shows(site: Any, done: Path) -> None:
    order(site, done)
    wait_for(site, done, 0)
    recorded = Run.read(done).load_trajectories(WINNER)
    assert (done / film_path(WINNER, recorded[0])).read_bytes() == VIDEO
    assert film_path(WINNER, recorded[0]) != film_path(WINNER, recorded[1])
    with Run.open(done) as run:
        run.save_trajectories(WINNER, recorded[::-1])
    assert site.get(f"/runs/{done.name}/candidates/1/0/films/1").body == VIDEO


@pytest.mark.parametrize(
    ("headers", "fields", "status"),
    [
        ({"origin": "http://evil.example"}, {}, 403),
        ({"sec-fetch-site": "cross-site"}, {}, 403),
        ({}, {"token": "wrong"}, 403),
        ({"content-type": "text/plain"}, {}, 415),
    ],
)
def test_a_foreign_order_is_refused(
    site: Any,
    done: Path,
    camera: Camera,
    headers: dict[str, str],
    fields: dict[str, str],
    status: int,
) -> None:
    assert order(site, done, headers, **fields).status == status
    assert camera.scenes == []


def test_an_order_is_no_address(site: Any, done: Path, camera: Camera) -> None:
    assert site.get(f"/runs/{done.name}/candidates/1/0/films?episode=0").status in (404, 405)
    for bad in ("99", "-1", "x", "..%2f..%2fetc"):
        assert site.get(f"/runs/{done.name}/candidates/1/0/films/{bad}").status in (404, 422)
    assert camera.scenes == []


def test_a_candidate_without_episodes_cannot_be_filmed(site: Any, done: Path) -> None:
    body = urlencode({"token": site.form_token()})
    assert site.post(f"/runs/{done.name}/candidates/0/1/films", body).status == 404


def test_a_link_in_place_of_a_film_is_not_followed(site: Any, done: Path) -> None:
    secret = done.parent.parent / "secret"
    secret.write_bytes(b"secret")
    path = done / film_path(WINNER, Run.read(done).load_trajectories(WINNER)[0])
    path.parent.mkdir()
    path.symlink_to(secret)
    assert site.get(f"/runs/{done.name}/candidates/1/0/films/0").status == 404


def test_a_film_is_not_written_through_a_linked_folder(site: Any, done: Path) -> None:
    outside = done.parent.parent / "outside"
    outside.mkdir()
    (done / "iterations/001/candidates/0/films").symlink_to(outside)
    order(site, done)
    assert "leaves run" in wait_for(site, done, 0)
    assert list(outside.iterdir()) == []


def test_the_queue_is_bounded(done: Path, camera: Camera) -> None:
    camera.is_free.clear()
    studio = Studio(render=camera)
    episode = Run.read(done).load_trajectories(WINNER)[0]
    scenes = [
        Scene(folder=done, env="", candidate=CandidateId(0, n), episode=episode) for n in range(99)
    ]
    studio.ask(scenes)
    assert sum(studio.is_waiting(scene) for scene in scenes) == MAX_WAITING
    camera.film = Film(video=None, reason="enough")
    camera.is_free.set()
