"""Intervals agree with published values and cover what they promise."""

import numpy as np
import pytest

from rewardsmith.analysis import (
    bootstrap,
    improvement_interval,
    iqm,
    mean,
    probability_of_improvement,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson_gives_the_published_values(successes: int, n: int, low: float, high: float) -> None:
    interval = wilson(successes, n)

    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


def test_rate_without_episodes_is_refused() -> None:
    with pytest.raises(ValueError, match="have no rate"):
        wilson(0, 0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0], 1.0), ([1, 2, 3], 2.0), ([0, 1, 2, 90], 1.5), ([9, 0, 1, 2, 3], 2.0)],
)
def test_iqm_leaves_out_the_outer_quarters(values: list[float], expected: float) -> None:
    assert iqm(np.array(values)) == expected


def test_bootstrap_covers_the_true_mean_about_as_often_as_it_says(rng: np.random.Generator) -> None:
    covered = 0
    for _ in range(200):
        interval = bootstrap([rng.normal(3, 1, 30).tolist()], rng, statistic=mean, n_resamples=300)
        covered += interval.low <= 3 <= interval.high

    assert 175 <= covered <= 199


def test_strata_are_resampled_apart(rng: np.random.Generator) -> None:
    constant = bootstrap([[0.0] * 5, [1.0] * 5], rng, statistic=mean)

    assert (constant.low, constant.estimate, constant.high) == (0.5, 0.5, 0.5)
    assert constant.n == 10
    with pytest.raises(ValueError, match="every stratum"):
        bootstrap([[1.0], []], rng)


def test_same_generator_gives_the_same_interval() -> None:
    values = [[0.1, 0.7, 0.4, 0.9, 0.3]]

    assert bootstrap(values, np.random.default_rng(1)) == bootstrap(
        values, np.random.default_rng(1)
    )


def test_probability_of_improvement_counts_ties_half(rng: np.random.Generator) -> None:
    assert probability_of_improvement([1, 2], [1, 2]) == 0.5
    assert probability_of_improvement([3, 4], [1, 2]) == 1.0
    interval = improvement_interval([1, 2, 3], [0, 2, 2.5], rng)
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
