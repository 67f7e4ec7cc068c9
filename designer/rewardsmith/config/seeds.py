"""Every seed of a run, derived from the run's own.

Pure. Invariant: trainings and the sets of evaluation episodes never share a seed, whatever the
run.
"""

import hashlib
from collections.abc import Mapping

from rewardsmith.messages import CandidateId, SeedSet

# Bands of seeds. Gymnasium gives environment i of a vector the seed `seed + i`, so every band keeps
# a margin at its end; all seeds fit into 31 bits.
_TRAININGS = range(0, 2**29)
_BANDS: Mapping[SeedSet, range] = {
    "training": range(2**29, 2**30),
    "selection": range(2**30, 2**30 + 2**29),
    "report": range(2**30 + 2**29, 2**31),
    "later": range(2**30 + 2**29, 2**31),
}
_MARGIN = 2**16

MAX_TRAINING_SEED = len(_TRAININGS) - _MARGIN
"""Every training seed, also one of a segment, lies below this."""

MAX_EPISODES = 4096
"""Episodes of one block of seeds."""

# Report and later episodes share a band, and every block of it: 31 bits hold no fifth band.
_FIRST_IN_BLOCK: Mapping[SeedSet, int] = {"later": MAX_EPISODES // 2}
_LONGEST: Mapping[SeedSet, int] = {"report": MAX_EPISODES // 2, "later": MAX_EPISODES // 2}


def most_episodes(seed_set: SeedSet) -> int:
    """Episodes that one block of a set holds."""
    return _LONGEST.get(seed_set, MAX_EPISODES)


def episode_seeds(run_seed: int, seed_set: SeedSet, n: int, *, salt: int = 0) -> tuple[int, ...]:
    """Seeds of `n` evaluation episodes, consecutive, the same for all candidates.

    The sets are disjoint by construction, whatever the run and the salt:

    | set | seeds |
    |---|---|
    | (trainings, see `training_seed`) | 0 to 2^29 - 1 |
    | training: probes, recorded transitions | 2^29 to 2^30 - 1 |
    | selection: rungs, winner | 2^30 to 2^30 + 2^29 - 1 |
    | report: the final claim, used once | 2^30 + 2^29 to 2^31 - 1, first half of each block |
    | later: whatever is evaluated after that | the same, second half of each block |

    Within a set, different salts of a run give disjoint blocks of 4096 seeds ("fresh episodes"),
    and fewer episodes of a block are the first of more.

    Args:
        run_seed: The run's.
        seed_set: What the episodes are for.
        n: Number of episodes, at most `most_episodes`.
        salt: Number of the block, below 2^16.
    """
    most = most_episodes(seed_set)
    if not 0 <= n <= most or not 0 <= salt < 2**16:
        raise ValueError(f"n is at most {most} and salt below 65536, got {n} and {salt}")
    band = _BANDS[seed_set]
    n_blocks = (len(band) - _MARGIN) // MAX_EPISODES
    block = (_hashed(f"episodes/{run_seed}/{seed_set}") + salt) % n_blocks
    first = band.start + block * MAX_EPISODES + _FIRST_IN_BLOCK.get(seed_set, 0)
    return tuple(range(first, first + n))


def training_seed(run_seed: int, candidate: CandidateId, replicate: int = 0) -> int:
    """Seed of a candidate's training; never one that an evaluation uses.

    Args:
        run_seed: The run's.
        candidate: Whose training it is.
        replicate: 0 for the first training seed, 1 for the second, ...
    """
    drawn = _hashed(f"training/{run_seed}/{candidate}/{replicate}")
    return drawn % MAX_TRAINING_SEED


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "big")
