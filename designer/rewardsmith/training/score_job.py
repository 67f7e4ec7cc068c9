"""Scores recorded trajectories with one program, as arrays for the pipe."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rewardsmith.messages import StateSpec, Trajectory
from rewardsmith.rewards.contract import RewardProgram
from rewardsmith.rewards.scoring import score

Array = np.ndarray[Any, Any]


def score_program(
    program: RewardProgram, trajectories: Sequence[Trajectory], spec: StateSpec, *, gamma: float
) -> dict[str, Array]:
    """Components and total of every step of every trajectory.

    Returns:
        `component.<name>` and `rewards`, each of shape (timesteps of all trajectories,), one
        trajectory after the other.
    """
    scores = score(program, trajectories, spec, gamma=gamma)
    values = {f"component.{name}": paid for name, paid in scores.components.items()}
    return {
        name: np.concatenate([scores.of(paid, i) for i in range(len(trajectories))])
        for name, paid in (values | {"rewards": scores.rewards}).items()
    }
