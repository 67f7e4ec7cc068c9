"""Point estimates with intervals.

Wilson (1927) for shares; percentile bootstrap, stratified by task, for means and interquartile
means, and the probability of improvement, as rliable does (Agarwal et al. 2021, "Deep
Reinforcement Learning at the Edge of the Statistical Precipice"). Too few runs give a wide
interval, never an error.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

Statistic = Callable[[np.ndarray], np.ndarray]
"""Reduces the last axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and the interval around it."""

    estimate: float
    low: float
    high: float
    n: int
    """Independent observations behind it."""

    def __str__(self) -> str:
        return f"{self.estimate:.3g} [{self.low:.3g}, {self.high:.3g}]"


def wilson(n_successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a success rate.

    >>> str(wilson(8, 10))
    '0.8 [0.49, 0.943]'
    """
    if not 0 <= n_successes <= n or n == 0:
        raise ValueError(f"{n_successes} successes in {n} episodes have no rate")
    z2 = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2
    rate = n_successes / n
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # At 0 and n the bound is exact, which rounding would miss by 1e-17.
    low = 0.0 if n_successes == 0 else max(0.0, centre - half)
    high = 1.0 if n_successes == n else min(1.0, centre + half)
    return Interval(estimate=rate, low=low, high=high, n=n)


def mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis."""
    return np.asarray(np.mean(values, axis=-1))


def iqm(values: np.ndarray) -> np.ndarray:
    """Interquartile mean over the last axis: the mean without the lowest and highest quarter.

    A quarter is rounded down, as `scipy.stats.trim_mean(values, 0.25)` does.

    >>> float(iqm(np.array([0.0, 1.0, 2.0, 90.0])))
    1.5
    """
    n = values.shape[-1]
    cut = n // 4
    return mean(np.sort(values, axis=-1)[..., cut : n - cut])


def bootstrap(
    strata: Sequence[Sequence[float]],
    rng: np.random.Generator,
    *,
    statistic: Statistic = iqm,
    confidence: float = 0.95,
    n_resamples: int = 2000,
) -> Interval:
    """Percentile bootstrap of a statistic over all values, resampled within each stratum.

    Args:
        strata: One sequence of scores a task, each over its training seeds; comparable between
            tasks (normalised). One task is one stratum.
        rng: Source of the resamples.
        statistic: `iqm` or `mean`.
        confidence: In (0, 1).
        n_resamples: Number of resamples.
    """
    groups = [np.asarray(stratum, dtype=np.float64) for stratum in strata]
    if not groups or any(group.size == 0 for group in groups):
        raise ValueError("every stratum needs at least one score")
    resampled = np.concatenate([_resample(g, rng, n_resamples) for g in groups], axis=1)
    every = np.concatenate(groups)
    low, high = _percentiles(statistic(resampled), confidence)
    return Interval(estimate=float(statistic(every)), low=low, high=high, n=every.size)


def probability_of_improvement(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Chance that a random run of ours scores higher than one of theirs; a tie counts half.

    >>> probability_of_improvement([1.0, 2.0], [0.0, 1.0])
    0.875
    """
    return float(_improvement(np.asarray(ours, float)[None], np.asarray(theirs, float)[None])[0])


def improvement_interval(
    ours: Sequence[float],
    theirs: Sequence[float],
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    n_resamples: int = 2000,
) -> Interval:
    """The probability of improvement with its percentile bootstrap interval."""
    if not len(ours) or not len(theirs):
        raise ValueError("both sides need at least one score")
    a = _resample(np.asarray(ours, dtype=np.float64), rng, n_resamples)
    b = _resample(np.asarray(theirs, dtype=np.float64), rng, n_resamples)
    low, high = _percentiles(_improvement(a, b), confidence)
    estimate = probability_of_improvement(ours, theirs)
    return Interval(estimate=estimate, low=low, high=high, n=min(len(ours), len(theirs)))


def _improvement(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    a, b = ours[:, :, None], theirs[:, None, :]
    return np.asarray(((a > b) + 0.5 * (a == b)).mean(axis=(1, 2)))


def _resample(values: np.ndarray, rng: np.random.Generator, n_resamples: int) -> np.ndarray:
    return np.asarray(values[rng.integers(values.size, size=(n_resamples, values.size))])


def _percentiles(values: np.ndarray, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
