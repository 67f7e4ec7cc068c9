"""Correlation, pair order and sampled curves, against literal values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.analysis import (
    Curve,
    PairOrder,
    order_accuracy,
    order_interval,
    sample_curve,
    spearman,
    success_order,
)
from rewardsmith.messages import MetricPoint


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ([1, 2, 3], [1, 4, 9], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        # scipy.stats.spearmanr([1, 2, 2, 4, 5], [2, 1, 4, 4, 9])
        ([1, 2, 2, 4, 5], [2, 1, 4, 4, 9], 0.763157894736842),
        ([1, 2], [1, 2], None),
        ([1, 1, 1], [1, 2, 3], None),
        ([1, math.nan, 3], [1, 2, 3], None),
        ([], [], None),
    ],
)
def test_spearman(x: list[float], y: list[float], expected: float | None) -> None:
    found = spearman(x, y)
    assert found == (None if expected is None else pytest.approx(expected))


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=3))
def test_spearman_is_symmetric_and_bounded(pairs: list[tuple[int, int]]) -> None:
    x, y = zip(*pairs, strict=True)
    found = spearman(x, y)

    assert found == spearman(y, x)
    assert found is None or -1 <= found <= 1


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot pair"):
        spearman([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="cannot pair"):
        order_accuracy([1, 2, 3], [1, 2])


def test_pair_order_leaves_out_equal_fitness_and_halves_equal_returns() -> None:
    assert order_accuracy([1, 1, 2], [0, 1, 1]) == PairOrder(accuracy=0.75, n_pairs=2)
    assert order_accuracy([3, 2, 1], [1, 2, 3]) == PairOrder(accuracy=0.0, n_pairs=3)
    assert order_accuracy([1, 2], [5, 5]) is None
    assert order_accuracy([1, math.nan], [5, 6]) is None


def test_outlier_fails_the_strict_order_and_hardly_the_pairs() -> None:
    returns = [5, 6, 7, 8, 1, 2, 3, 99]
    successes = [True] * 4 + [False] * 4

    assert success_order(returns, successes) == 0.0
    assert order_accuracy(returns, successes) == PairOrder(accuracy=0.75, n_pairs=16)
    assert success_order([1, 2], [True, True]) is None
    assert success_order([1, 2], [False, False]) is None


def test_order_interval_holds_the_estimate(rng: np.random.Generator) -> None:
    fitness = rng.normal(size=40)
    interval = order_interval((fitness + rng.normal(size=40)).tolist(), fitness.tolist(), rng)

    assert interval is not None
    assert 0.5 < interval.low < interval.estimate < interval.high < 1
    assert order_interval([1, 2], [3, 3], rng) is None


def test_curve_keeps_ends_and_extremes() -> None:
    points = [
        MetricPoint(step=s, values={"r": float(s == 55), "other": 0.0}) for s in range(0, 101, 5)
    ]
    curve = sample_curve(points, "r")

    assert curve is not None
    assert (curve.steps[0], curve.steps[-1], len(curve.steps)) == (0, 100, 10)
    assert (curve.low, curve.high) == (0.0, 1.0)
    assert curve.mean == pytest.approx(1 / 21)


def test_short_curve_is_kept_whole_and_missing_one_is_none() -> None:
    points = [MetricPoint(step=1, values={"r": 2.0}), MetricPoint(step=2, values={})]

    assert sample_curve(points, "r") == Curve(
        steps=(1,), values=(2.0,), low=2.0, mean=2.0, high=2.0
    )
    assert sample_curve(points, "x") is None
