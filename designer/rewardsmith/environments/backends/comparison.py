"""Tells whether two samples of the same quantity come from environments that behave alike.

Pure statistics. Distributions are compared up to a tolerance, so that what differs by less than
anybody cares about is equal; means that matter have to be shown equal, not merely not different.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

ALPHA = 1e-4
"""Chance with which one comparison of equal environments fails; a check makes some hundred."""


def distance(a: Array, b: Array, tolerance: float) -> float:
    """Largest difference of two distribution functions, where `b` may be shifted by `tolerance`.

    The Kolmogorov-Smirnov statistic for a tolerance of 0.

    >>> distance(np.array([0.0, 1.0]), np.array([0.01, 1.01]), 0.05)
    0.0
    >>> distance(np.array([0.0, 0.0]), np.array([1.0, 1.0]), 0.05)
    1.0

    Args:
        a: Values, in any order, shape (n,).
        b: Values, in any order, shape (m,).
        tolerance: In the units of the values.
    """
    return max(0.0, _above(a, b, tolerance), _above(b, a, tolerance))


def critical_distance(n: int, m: int) -> float:
    """Distance that samples of `n` and `m` equal values exceed with probability `ALPHA`."""
    return float(np.sqrt(-np.log(ALPHA / 2.0) / 2.0 * (n + m) / (n * m)))


def gap(a: Array, b: Array) -> float:
    """What the difference of two means may be at most, at two standard errors."""
    error = np.sqrt(np.var(a) / len(a) + np.var(b) / len(b))
    return float(abs(np.mean(a) - np.mean(b)) + 2.0 * error)


def _above(a: Array, b: Array, tolerance: float) -> float:
    """How far the distribution function of `a` lies above that of `b` moved left at most."""
    a, b = np.sort(a), np.sort(b)
    of_a = np.searchsorted(a, a, side="right") / len(a)
    of_b = np.searchsorted(b, a + tolerance, side="right") / len(b)
    return float((of_a - of_b).max())
