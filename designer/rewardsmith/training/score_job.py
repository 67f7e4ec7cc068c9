"""Scores recorded trajectories with one program, in time order, inside a locked worker."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rewardsmith.messages import StateSpec, Trajectory
from rewardsmith.rewards.composition import RewardStream
from rewardsmith.rewards.contract import RewardProgram

Array = np.ndarray[Any, Any]


def score_program(
    program: RewardProgram, trajectories: Sequence[Trajectory], spec: StateSpec, *, gamma: float
) -> dict[str, Array]:
    """Components and total of every step of every trajectory.

    Returns:
        `component.<name>` and `rewards`, each of shape (timesteps of all trajectories,), one
        trajectory after the other.
    """
    stream = RewardStream(program, spec, len(trajectories), gamma=gamma)
    return {
        name: np.concatenate([values[: t.length, i] for i, t in enumerate(trajectories)])
        for name, values in _score(stream, trajectories).items()
    }


def _score(stream: RewardStream, trajectories: Sequence[Trajectory]) -> dict[str, Array]:
    """Score side by side; rows that have ended repeat their last step, which nobody reads."""
    lengths = np.array([t.length for t in trajectories])
    ends = np.array([t.terminated for t in trajectories])
    columns: dict[str, list[Array]] = {}
    stream.begin(_fields(trajectories, np.zeros_like(lengths)))
    for t in range(int(lengths.max())):
        step = np.minimum(t, lengths - 1)
        is_last = step == lengths - 1
        paid = stream.step(
            np.stack([tr.actions[s] for tr, s in zip(trajectories, step, strict=True)]),
            _fields(trajectories, step + 1),
            terminated=is_last & ends,
            truncated=is_last & ~ends,
        )
        for name, values in paid.components.items():
            columns.setdefault(f"component.{name}", []).append(np.array(values))
        columns.setdefault("rewards", []).append(np.array(paid.total))
    return {name: np.stack(values) for name, values in columns.items()}


def _fields(trajectories: Sequence[Trajectory], rows: Array) -> dict[str, Array]:
    names = trajectories[0].fields
    return {
        name: np.stack([t.fields[name][row] for t, row in zip(trajectories, rows, strict=True)])
        for name in names
    }
