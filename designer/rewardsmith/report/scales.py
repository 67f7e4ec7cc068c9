"""Scales of a picture: from values to pixels, with ticks at round numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A linear map from values to pixels."""

    low: float
    high: float
    start: float
    """Pixel of `low`."""
    stop: float
    """Pixel of `high`."""
    ticks: tuple[float, ...]
    """Round values from `low` to `high`."""

    def __call__(self, value: float) -> float:
        """The pixel of `value`."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)


def scale_of(values: Sequence[float], start: float, stop: float, *, n_ticks: int = 5) -> Scale:
    """A scale that holds all finite `values` and begins and ends near round numbers.

    >>> scale_of([0.0, 9.3], 0, 100).ticks
    (0.0, 2.0, 4.0, 6.0, 8.0)
    """
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-6):
        low, high = low - 0.5, high + 0.5
    step = _round_step((high - low) / n_ticks)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    return Scale(low=low, high=high, start=start, stop=stop, ticks=ticks)


def _round_step(rough: float) -> float:
    """The first of 1, 2, 5, 10 times a power of ten that is not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
