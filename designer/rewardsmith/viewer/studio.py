"""Films recorded episodes when somebody asks for them, one after another, beside the viewer.

A film costs seconds of a processor's time and few are watched, so none is made before it is asked
for. The renderer is a process of its own that locks itself; nothing of the run's code runs here.
Invariant: a scene is waiting, or it was tried, or nobody asked for it.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from rewardsmith.environments.cards import load_card
from rewardsmith.errors import RewardsmithError
from rewardsmith.evaluation.renderer import Film, render_episode
from rewardsmith.messages import CandidateId, Trajectory
from rewardsmith.store.films import film_path, save_film

MAX_WAITING: Final = 60
"""Scenes in the queue: about ten minutes of one core."""

Render = Callable[["Scene"], Film]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """A recorded episode that is to be filmed."""

    folder: Path
    """The run's."""
    env: str
    """What `load_card` takes."""
    candidate: CandidateId | str
    """Whose episode it is; the name of a folder for what no candidate did."""
    episode: Trajectory

    @property
    def name(self) -> str:
        """Equal for equal scenes: where the film will lie."""
        return f"{self.folder}/{film_path(self.candidate, self.episode)}"


def render_scene(scene: Scene) -> Film:
    """Replay the episode in the renderer's process."""
    return render_episode(load_card(scene.env), scene.episode.actions, scene.episode.seed)


@dataclass(slots=True)
class Studio:
    """Makes films in one thread; safe to use from several."""

    render: Render = render_scene
    _waiting: dict[str, Scene] = field(default_factory=dict)
    _problems: dict[str, str] = field(default_factory=dict)
    _queue: "SimpleQueue[Scene]" = field(default_factory=SimpleQueue)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def ask(self, scenes: Iterable[Scene]) -> None:
        """Have `scenes` filmed, unless they wait already; of too many the last are left out."""
        with self._turn:
            for scene in scenes:
                if scene.name not in self._waiting and len(self._waiting) < MAX_WAITING:
                    self._problems.pop(scene.name, None)
                    self._waiting[scene.name] = scene
                    self._queue.put(scene)
            if self._thread is None and self._waiting:
                # It lasts as long as the viewer: a renderer dies with the thread that started it.
                self._thread = threading.Thread(target=self._work, name="studio", daemon=True)
                self._thread.start()

    def is_waiting(self, scene: Scene) -> bool:
        """Whether it was asked for and is not done."""
        with self._turn:
            return scene.name in self._waiting

    def problem(self, scene: Scene) -> str:
        """Why the last try came to nothing; empty when there was none."""
        with self._turn:
            return self._problems.get(scene.name, "")

    def _work(self) -> None:
        while True:
            scene = self._queue.get()
            problem = self._film(scene)
            with self._turn:
                self._waiting.pop(scene.name, None)
                if problem:
                    self._problems[scene.name] = problem

    def _film(self, scene: Scene) -> str:
        try:
            film = self.render(scene)
            if film.video is None:
                return film.reason
            save_film(scene.folder, scene.candidate, scene.episode, film.video)
        except (RewardsmithError, OSError) as error:
            return str(error)
        return ""
