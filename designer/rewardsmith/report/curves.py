"""A curve in one line of text."""

import math
from collections.abc import Sequence
from typing import Final

BARS: Final = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float]) -> str:
    """One bar per value, from the lowest to the highest; a gap where a value is not finite.

    >>> sparkline([0.0, 1.0, 2.0, 4.0])
    '▁▃▅█'
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return " " * len(values)
    low, span = min(finite), max(finite) - min(finite)
    return "".join(_bar(value, low, span) for value in values)


def _bar(value: float, low: float, span: float) -> str:
    if not math.isfinite(value):
        return " "
    height = (value - low) / span if span > 0 else 0.0
    return BARS[round(height * (len(BARS) - 1))]
