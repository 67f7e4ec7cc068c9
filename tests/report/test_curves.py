"""A curve in one line of text."""

import math

from rewardsmith.report.curves import sparkline


def test_lowest_and_highest_reach_the_ends() -> None:
    assert sparkline([1.0, 3.0, 2.0]) == "▁█▅"


def test_constant_curve_is_flat() -> None:
    assert sparkline([2.0, 2.0]) == "▁▁"


def test_value_that_is_not_finite_is_a_gap() -> None:
    assert sparkline([0.0, math.nan, 1.0]) == "▁ █"
    assert sparkline([math.inf]) == " "
