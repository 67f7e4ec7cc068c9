"""Where a measure is highest between too little and too much.

A tent, y = top - slope * |x - at|, fitted by least squares: two straight flanks are the least that
tells a peak from a trend, and few points are enough for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MIN_POINTS = 8
"""Points below which three numbers fit anything."""
MIN_ON_A_SIDE = 3
"""Points that have to lie on each flank, off the top."""
OFF_TOP = 0.05
"""How far from the top a point counts as on a flank, over the spread of all x."""
BETTER_THAN_LINE = 0.5
"""The tent has to leave at most this share of what a straight line leaves unexplained."""
MIN_EXPLAINED = 0.7
"""Share of the variance of y that the tent has to explain."""
_GRID = 101


@dataclass(frozen=True, slots=True)
class Peak:
    """The top of a fitted tent."""

    at: float
    """In the unit of x."""
    explained: float
    """Share of the variance of y that the tent explains, in [0, 1]."""


def peak_of(x: Sequence[float], y: Sequence[float]) -> Peak | None:
    """The x of the highest y, where y falls on both sides of it.

    Returns:
        None for too few points, a value that is not finite, a trend, or no clear shape.

    >>> peak_of([0, 1, 1.5, 2, 3, 4, 4.5, 5, 6], [0, 1, 1.5, 2, 3, 2, 1.5, 1, 0]).at
    3.0
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.size != b.size:
        raise ValueError(f"{a.size} values cannot pair with {b.size}")
    if a.size < MIN_POINTS or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    total = float(((b - b.mean()) ** 2).sum())
    if not total > 0 or not np.ptp(a) > 0:
        return None
    fits = [(_left_over(-np.abs(a - at), b), float(at)) for at in _tops(a)]
    rising = [(left, at) for (left, slope), at in fits if slope > 0]
    if not rising:
        return None
    left, at = min(rising)
    found = Peak(at=at, explained=1.0 - left / total)
    is_clear = found.explained >= MIN_EXPLAINED and left <= BETTER_THAN_LINE * _left_over(a, b)[0]
    return found if is_clear and _has_flanks(a, at) else None


def _tops(a: np.ndarray) -> np.ndarray:
    return np.linspace(a.min(), a.max(), _GRID)[1:-1]


def _left_over(basis: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """(squares that the fitted line through `basis` leaves, its slope)."""
    centred, wanted = basis - basis.mean(), b - b.mean()
    square = float(centred @ centred)
    slope = float(centred @ wanted) / square if square > 0 else 0.0
    return float(((wanted - slope * centred) ** 2).sum()), slope


def _has_flanks(a: np.ndarray, at: float) -> bool:
    off = OFF_TOP * float(np.ptp(a))
    return min(int((a < at - off).sum()), int((a > at + off).sum())) >= MIN_ON_A_SIDE
