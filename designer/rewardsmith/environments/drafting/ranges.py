"""Plausible ranges from the values that random play showed."""

import math


def widened(low: float, high: float) -> tuple[float, float]:
    """A tidy range three times as wide as what was seen: a trained policy goes further.

    >>> widened(-0.12, 0.31)
    (-0.6, 0.8)
    """
    spread = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-3)
    step = 10.0 ** math.floor(math.log10(spread))
    return _tidy(math.floor((low - spread) / step) * step), _tidy(
        math.ceil((high + spread) / step) * step
    )


def _tidy(value: float) -> float:
    return float(f"{value:.6g}") + 0.0
