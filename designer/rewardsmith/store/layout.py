"""Where things lie in a run folder, as relative paths; and how runs are called.

Pure: nothing is created. Every path has forward slashes.
"""

import re
from datetime import date
from typing import Final

from rewardsmith.messages import CandidateId

RUN_FILE = "run.json"
EVENTS_FILE = "events.jsonl"
FEEDBACK_FILE = "feedback.jsonl"
EDITS_FILE = "edits.jsonl"
EVALUATIONS_FILE = "evaluations.jsonl"
CARD_FILE = "card.yaml"
"""The environment's card, where it was drafted for the run."""

_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def run_id(day: date, name: str, number: int) -> str:
    """A name for a run that a person can read, sort and type.

    >>> run_id(date(2026, 11, 20), "HalfCheetah: run forward", 1)
    '2026-11-20-halfcheetah-run-forward-1'
    """
    slug = _NOT_SLUG.sub("-", name.lower()).strip("-")[:60].strip("-") or "run"
    return f"{day.isoformat()}-{slug}-{number}"


def candidate_path(candidate: CandidateId) -> str:
    """Folder of a candidate.

    >>> candidate_path(CandidateId(2, 1))
    'iterations/002/candidates/1'
    """
    return f"iterations/{candidate.iteration:03d}/candidates/{candidate.number}"


def place_path(place: CandidateId | str) -> str:
    """Folder of whoever was trained: a candidate, or a control such as `claim/sparse`."""
    return place if isinstance(place, str) else candidate_path(place)


def checkpoint_path(place: CandidateId | str, seed: int, step: int) -> str:
    """Policy tensors of a training with `seed` after `step` timesteps."""
    return f"{place_path(place)}/checkpoints/{seed}/{step}.safetensors"


def experience_path(place: CandidateId | str, seed: int, step: int) -> str:
    """What an off-policy training needs beside its checkpoint to go on after `step` timesteps."""
    return f"{place_path(place)}/checkpoints/{seed}/{step}.experience.safetensors"


def metrics_path(place: CandidateId | str) -> str:
    """Training statistics of all trainings of one place."""
    return f"{place_path(place)}/metrics.jsonl"


def tensorboard_path(place: CandidateId | str, seed: int) -> str:
    """TensorBoard's file of one training; the name is one that TensorBoard looks for."""
    return f"{place_path(place)}/tb/{seed}/events.out.tfevents.0.rewardsmith"


RECORDED: Final = "trajectories"
"""What a candidate's episodes are recorded under, those of its last judged policy."""


def recorded_name(seed: int, step: int) -> str:
    """What the episodes are recorded under by which the checkpoints up to `step` were judged."""
    return f"recorded-{seed}-{step}"


def trajectories_path(place: CandidateId | str, name: str) -> str:
    """Recorded episodes of a policy."""
    return f"{place_path(place)}/{name}.npz"
