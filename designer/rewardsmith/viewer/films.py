"""The films of a candidate's recorded episodes: which there are, and which wait to be made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rewardsmith.evaluation.renderer import reel_of
from rewardsmith.messages import CandidateId, Trajectory
from rewardsmith.store.films import WINNER_FILM, film_path
from rewardsmith.viewer.close_up import Rollouts
from rewardsmith.viewer.library import Opened, regular_file
from rewardsmith.viewer.studio import Scene, Studio

State = Literal["ready", "waiting", "failed", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmState:
    """What there is of one episode's film."""

    state: State
    problem: str = ""
    """Why it could not be made."""
    stride: int = 1
    """Timesteps that one picture stands for."""


def film_of(
    opened: Opened, candidate: CandidateId, rollouts: Rollouts, episode: int
) -> Path | None:
    """The film of a recorded episode; None when there is none."""
    one, folder = rollouts.trajectories[episode], opened.run.folder
    made = regular_file(folder, film_path(candidate, one))
    if made is None and opened.index.best == candidate and episode == rollouts.best:
        return regular_file(folder, WINNER_FILM)
    return made


def film_states(
    opened: Opened, candidate: CandidateId, rollouts: Rollouts, studio: Studio
) -> tuple[FilmState, ...]:
    """Of every recorded episode, in order."""
    return tuple(
        _state(opened, candidate, rollouts, number, studio)
        for number in range(len(rollouts.trajectories))
    )


def scenes_of(
    opened: Opened, candidate: CandidateId, rollouts: Rollouts, episodes: Sequence[int]
) -> list[Scene]:
    """Those of `episodes` that are not filmed yet."""
    return [
        _scene(opened, candidate, rollouts.trajectories[number])
        for number in episodes
        if film_of(opened, candidate, rollouts, number) is None
    ]


def _state(
    opened: Opened, candidate: CandidateId, rollouts: Rollouts, number: int, studio: Studio
) -> FilmState:
    one = rollouts.trajectories[number]
    stride = reel_of(one.length, None).stride
    scene = _scene(opened, candidate, one)
    if studio.is_waiting(scene):
        return FilmState(state="waiting", stride=stride)
    if film_of(opened, candidate, rollouts, number) is not None:
        return FilmState(state="ready", stride=stride)
    problem = studio.problem(scene)
    return FilmState(state="failed" if problem else "none", problem=problem, stride=stride)


def _scene(opened: Opened, candidate: CandidateId, episode: Trajectory) -> Scene:
    run = opened.run
    return Scene(folder=run.folder, env=run.manifest.task.env, candidate=candidate, episode=episode)
