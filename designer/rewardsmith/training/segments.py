"""A training as a chain of segments, each from a checkpoint with fresh, reseeded environments.

Pure: where a training is cut, what is handed out, and the seed of each link. Since every segment
starts afresh, a resumed training equals an undisturbed one bit for bit.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rewardsmith.config import MAX_TRAINING_SEED
from rewardsmith.training.preset import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One link of the chain."""

    start_step: int
    end_step: int
    checkpoint_steps: tuple[int, ...]
    """Timesteps at which the policy is handed out, in order; the last one is `end_step`."""
    goes_on: bool = False
    """Whether another link follows."""


def plan_segments(
    preset: Preset, *, total_timesteps: int, rungs: Sequence[float], evaluations: int
) -> tuple[Segment, ...]:
    """Cut a training at its rungs.

    Args:
        preset: Gives the size of a rollout, of which every boundary is a multiple.
        total_timesteps: Length of the whole training, in timesteps.
        rungs: Shares of the training after which candidates are compared, rising, in (0, 1).
        evaluations: Checkpoints per segment, spread over its second half.
    """
    bounds = [0, *(preset.rounded(total_timesteps * share) for share in (*rungs, 1.0))]
    unique = sorted(set(bounds))
    return tuple(
        Segment(
            start_step=start,
            end_step=end,
            checkpoint_steps=_checkpoints(preset, start, end, evaluations),
            goes_on=end < unique[-1],
        )
        for start, end in pairwise(unique)
    )


def segment_seed(training_seed: int, start_step: int) -> int:
    """Seed of one segment's networks, sampling and environments, in the band of trainings.

    A hash, so that segments of one training do not share episodes.
    """
    digest = hashlib.sha256(f"segment/{training_seed}/{start_step}".encode("ascii")).digest()
    return int.from_bytes(digest[:8], "big") % MAX_TRAINING_SEED


def _checkpoints(preset: Preset, start: int, end: int, evaluations: int) -> tuple[int, ...]:
    size = preset.rollout_size
    n_rollouts = (end - start) // size
    shares = [1.0 - 0.5 * i / max(1, evaluations) for i in range(evaluations)]
    rollouts = {max(1, round(n_rollouts * share)) for share in shares} | {n_rollouts}
    return tuple(start + size * n for n in sorted(rollouts))
