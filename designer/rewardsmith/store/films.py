"""Films of recorded episodes: files named by the episode they show.

A film can be made again at any time, so no event names it, and whoever looks at a run may add one
while the run is driven. An episode that was recorded anew has another name: what is found under it
is always the episode that was asked for.
"""

import hashlib
from pathlib import Path
from typing import Final

import numpy as np

from rewardsmith.messages import CandidateId, Trajectory
from rewardsmith.store import artifacts, layout

WINNER_FILM: Final = "rollout.mp4"
"""The winner's best episode, filmed at the end of its run."""


def film_path(place: CandidateId | str, episode: Trajectory) -> str:
    """Where the film of `episode` lies in a run, whether or not there is one."""
    return f"{layout.place_path(place)}/films/{_digest(episode)}.mp4"


def save_film(folder: Path, place: CandidateId | str, episode: Trajectory, video: bytes) -> str:
    """Write a film whole or not at all into the run in `folder`; returns its relative path.

    Raises:
        StoreError: The path leaves the run through a link, or the disk is full or read-only.
    """
    relative = film_path(place, episode)
    artifacts.write_artifact(folder, relative, video)
    return relative


def _digest(episode: Trajectory) -> str:
    """Of what is replayed: how the episode began, and every action."""
    actions = np.ascontiguousarray(episode.actions)
    seen = f"{episode.seed} {actions.dtype.str} {actions.shape} ".encode() + actions.tobytes()
    return hashlib.sha256(seen).hexdigest()[:16]
