"""Films an episode that is about to be shown, unless it was filmed before."""

from dataclasses import dataclass
from pathlib import Path

from rewardsmith.environments.cards import load_card
from rewardsmith.evaluation.renderer import render_episode
from rewardsmith.messages import CandidateId, Trajectory
from rewardsmith.store.films import film_path, save_film
from rewardsmith.store.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where an episode can be watched, or why it cannot."""

    path: Path | None
    reason: str = ""
    is_final: bool = False
    """Whether no episode of this environment can be filmed here."""


def film_of(run: Run, place: CandidateId | str, episode: Trajectory) -> Shown:
    """The episode's film; takes seconds when it has to be made.

    Raises:
        StoreError: It cannot be written into the run.
    """
    path = run.folder / film_path(place, episode)
    if path.is_file():
        return Shown(path=path)
    film = render_episode(load_card(run.manifest.task.env), episode.actions, episode.seed)
    if film.video is None:
        return Shown(path=None, reason=film.reason, is_final=film.is_final)
    save_film(run.folder, place, episode, film.video)
    return Shown(path=path)
