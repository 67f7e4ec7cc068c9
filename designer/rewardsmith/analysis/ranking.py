"""Does a reward order rollouts as the task does?

`order_accuracy` is the share of pairs that return and fitness order equally (the pair accuracy of
CARD's Trajectory Preference Evaluation, Sun et al. 2024, as its text defines it, and an AUC where
fitness is success). `success_order` is the stricter share that CARD's released code computes, which
one outlier among the failures can bring down: hence both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rewardsmith.analysis.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOrder:
    """How well two orders agree."""

    accuracy: float
    """Share of the pairs ordered equally, in [0, 1]; 0.5 is chance; higher is better."""
    n_pairs: int
    """Pairs that the task does order."""


def order_accuracy(returns: Sequence[float], fitness: Sequence[float]) -> PairOrder | None:
    """Share of pairs of episodes that `returns` orders as `fitness` does.

    A pair of equal fitness is left out; one of equal return counts half. With fitness 1 for success
    and 0 for failure it is the AUC of the return as a test for success.

    Args:
        returns: The candidate's, one an episode; per step, where episodes can end early.
        fitness: The task's, one an episode; True and False will do.

    Returns:
        None when no pair has an order, or a value is not finite.

    >>> order_accuracy([1.0, 3.0, 2.0], [0.0, 1.0, 1.0])
    PairOrder(accuracy=1.0, n_pairs=2)
    """
    a, b = _arrays(returns, fitness)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    first, second = np.triu_indices(a.size, k=1)
    agreement = np.sign(a[first] - a[second]) * np.sign(b[first] - b[second])
    ordered = b[first] != b[second]
    n_pairs = int(ordered.sum())
    if n_pairs == 0:
        return None
    return PairOrder(accuracy=float((agreement[ordered] + 1).mean() / 2), n_pairs=n_pairs)


def order_interval(
    returns: Sequence[float],
    fitness: Sequence[float],
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    n_resamples: int = 1000,
) -> Interval | None:
    """`order_accuracy` with a percentile bootstrap over episodes.

    Pairs share episodes, so the episodes are resampled, not the pairs. None when it is undefined.
    """
    whole = order_accuracy(returns, fitness)
    if whole is None:
        return None
    a, b = _arrays(returns, fitness)
    rows = rng.integers(a.size, size=(n_resamples, a.size))
    found = [order_accuracy(a[row].tolist(), b[row].tolist()) for row in rows]
    tail = (1 - confidence) / 2
    accuracies = [order.accuracy for order in found if order is not None]
    low, high = np.quantile(accuracies, [tail, 1 - tail]) if accuracies else (0.0, 1.0)
    return Interval(estimate=whole.accuracy, low=float(low), high=float(high), n=a.size)


def success_order(returns: Sequence[float], successes: Sequence[bool]) -> float | None:
    """Share of successful episodes with a higher return than every failed one, in [0, 1].

    Returns:
        None without a success or without a failure, where CARD's code passes everything.

    >>> success_order([3.0, 1.0, 2.0], [True, True, False])
    0.5
    """
    a, won = _arrays(returns, successes)
    is_success = won > 0
    if is_success.all() or not is_success.any():
        return None
    return float((a[is_success] > a[~is_success].max()).mean())


def _arrays(x: Sequence[float], y: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    if len(x) != len(y):
        raise ValueError(f"{len(x)} values cannot pair with {len(y)}")
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
