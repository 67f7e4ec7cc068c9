"""Rank correlation, for "does the candidate's return follow the task's fitness?".

Spearman's (1904), ties averaged; the same value as `scipy.stats.spearmanr`, without its p-value.
"""

from collections.abc import Sequence

import numpy as np

MIN_PAIRS = 3
"""Two pairs always correlate perfectly, and say nothing."""


def spearman(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Spearman's rank correlation, in [-1, 1].

    Returns:
        None when it is undefined: fewer than `MIN_PAIRS` pairs, a value that is not finite, or one
        side constant.

    >>> spearman([1, 2, 3, 4], [10, 20, 40, 30])
    0.8
    """
    if len(x) != len(y):
        raise ValueError(f"{len(x)} values cannot pair with {len(y)}")
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.size < MIN_PAIRS or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    ranks_a, ranks_b = average_ranks(a), average_ranks(b)
    da, db = ranks_a - ranks_a.mean(), ranks_b - ranks_b.mean()
    scale = float(np.sqrt((da @ da) * (db @ db)))
    return None if scale == 0 else float(np.clip((da @ db) / scale, -1.0, 1.0))


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1; equal values share the mean of theirs.

    >>> average_ranks(np.array([5.0, 1.0, 5.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])
