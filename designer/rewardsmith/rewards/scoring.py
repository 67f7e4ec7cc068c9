"""Scores recorded trajectories with one program, side by side and in time order.

The scores are those that training would pay, from the same `RewardStream`. Runs reward code, so
only in a locked worker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardsmith.messages import StateSpec, Trajectory
from rewardsmith.rewards.composition import RewardStream, compose
from rewardsmith.rewards.contract import RewardProgram

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What every step of every trajectory earned; rows past a trajectory's end mean nothing."""

    lengths: Array
    """Timesteps of every trajectory, shape (n,)."""
    components: dict[str, Array]
    """Unweighted, each of shape (longest, n)."""
    rewards: Array
    """Composed, with shaping, shape (longest, n)."""
    shaping: Array | None
    """The potential's part of the rewards; None for programs without a potential."""
    memory: dict[str, Array]
    """What every step found in memory, each of shape (longest, n, ...)."""

    def of(self, values: Array, i: int) -> Array:
        """The steps of trajectory `i` alone."""
        return values[: self.lengths[i], i]


def score(
    program: RewardProgram, trajectories: Sequence[Trajectory], spec: StateSpec, *, gamma: float
) -> Scores:
    """Score the trajectories; there has to be one at least."""
    stream = RewardStream(program, spec, len(trajectories), gamma=gamma)
    lengths = np.array([t.length for t in trajectories])
    ends = np.array([t.terminated for t in trajectories])
    fields = {name: _padded([t.fields[name] for t in trajectories]) for name in stream.fields}
    actions = _padded([t.actions for t in trajectories])
    memory: list[dict[str, Array]] = []
    paid = []
    stream.begin({name: values[0] for name, values in fields.items()})
    for t in range(len(actions)):
        memory.append(dict(stream.memory))
        is_over = t >= lengths - 1
        after = {name: values[t + 1] for name, values in fields.items()}
        paid.append(
            stream.step(actions[t], after, terminated=is_over & ends, truncated=is_over & ~ends)
        )
    shaping = [step.potential for step in paid if step.potential is not None]
    return Scores(
        lengths=lengths,
        components={n: np.stack([step.components[n] for step in paid]) for n in program.components},
        rewards=np.stack([step.total for step in paid]),
        shaping=np.stack(shaping) if shaping else None,
        memory={name: np.stack([kept[name] for kept in memory]) for name in program.memory},
    )


def returns_without_shaping(program: RewardProgram, scores: Scores) -> list[float]:
    """The return of every trajectory, shape (n,), of what the components pay alone.

    Shaping changes the order of no two policies, but it changes undiscounted sums, so returns that
    are compared with each other leave it out.
    """
    with np.errstate(all="ignore"):
        paid = compose(program.weights, program.total, scores.components)
        return [float(scores.of(paid, i).sum()) for i in range(len(scores.lengths))]


def _padded(arrays: Sequence[Array]) -> Array:
    """Arrays of different lengths side by side, shape (longest, n, ...); last rows are repeated."""
    longest = np.arange(max(len(array) for array in arrays))
    return np.stack([array[np.minimum(longest, len(array) - 1)] for array in arrays], axis=1)
