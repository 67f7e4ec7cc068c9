"""Numbers as prompts show them: short, and never more exact than they are."""

import math
from collections.abc import Iterable

import numpy as np


def number(value: float | int | bool | None, digits: int = 3) -> str:
    """A number in a few digits.

    >>> [number(v) for v in (0.123456, 1500.0, -0.0, 2e-7, None, True)]
    ['0.123', '1500', '0', '2e-07', '-', 'yes']
    """
    if value is None:
        return "-"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    if 1000 <= abs(value) < 1e7:
        return str(round(value))
    return f"{value:.{digits}g}"


def percent(share: float | None) -> str:
    """A share in whole per cent; `-` when unknown.

    >>> percent(0.126)
    '13 %'
    """
    return "-" if share is None else f"{100 * share:.0f} %"


def listed(values: Iterable[float], digits: int = 3) -> str:
    """Numbers, separated by spaces."""
    return " ".join(number(v, digits) for v in values)


def interval(low: float | None, high: float | None) -> str:
    """A range; empty when nothing is known of it.

    >>> interval(-1.0, None)
    '[-1, ?]'
    """
    if low is None and high is None:
        return ""
    return f"[{'?' if low is None else number(low)}, {'?' if high is None else number(high)}]"
