"""How good each of several things is, from which of two people preferred.

Bradley and Terry's model (1952) with Davidson's ties (1970), as the mode of a posterior under a
weak prior: strengths stay finite where one thing won every time, and what was compared with nothing
has strength 0 and a wide interval. Intervals are Laplace's. Pure: nothing is drawn but from the
given generator.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np

from rewardsmith.analysis.intervals import Interval

Preferred = Literal["first", "second", "tie"]

STRENGTH_SD = 2.0
"""Prior standard deviation of a strength: a difference of 2.8 is nothing special, which is 17 to 1
odds."""
TIE_MEAN, TIE_SD = math.log(0.5), 1.0
"""Prior of the logarithm of Davidson's tie parameter: a fifth of comparisons between equals tie."""
N_DRAWS = 400
"""Draws from the posterior behind the chance of being the best."""
MAX_STEPS = 60
PRECISION = 1e-10


class Preference(NamedTuple):
    """One comparison of two things, by their indices."""

    first: int
    second: int
    preferred: Preferred


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strengths:
    """What comparisons say of every thing."""

    values: np.ndarray
    """Log-odds scale with mean 0, shape (n,); a difference of d wins exp(d) to 1, ties aside."""
    covariance: np.ndarray
    """Of the values, shape (n, n)."""
    tie: float
    """Davidson's parameter; equal things tie with probability tie / (2 + tie)."""
    counts: np.ndarray
    """Comparisons that each took part in, shape (n,)."""

    def interval(self, index: int, *, confidence: float = 0.95) -> Interval:
        """The strength of one thing, against the mean of all."""
        z = NormalDist().inv_cdf(0.5 + confidence / 2)
        half = z * math.sqrt(max(0.0, float(self.covariance[index, index])))
        value = float(self.values[index])
        n = int(self.counts[index])
        return Interval(estimate=value, low=value - half, high=value + half, n=n)

    def chance(self, first: int, second: int) -> float:
        """Probability that `first` is preferred to `second`, a tie counting half.

        >>> fit(2, [Preference(0, 1, "first")]).chance(0, 1) > 0.6
        True
        """
        win, _, tie = _outcomes(self.values[first] - self.values[second], self.tie)
        return float(win + tie / 2)


def fit(n: int, preferences: Sequence[Preference]) -> Strengths:
    """The strengths of `n` things.

    Args:
        n: Number of things.
        preferences: Comparisons; their order does not matter.

    Raises:
        ValueError: A comparison is of a thing with itself, or of one that is not there.
    """
    for one in preferences:
        if one.first == one.second or not {one.first, one.second} <= set(range(n)):
            raise ValueError(f"{one} does not compare two of {n} things")
    design, sums = _statistics(n, preferences)
    at = np.append(np.zeros(n), TIE_MEAN)
    for _ in range(MAX_STEPS):
        gradient, curvature = _slopes(at, design, sums)
        step = np.linalg.solve(curvature, gradient)
        step *= min(1.0, 2.0 / max(1e-12, float(np.abs(step).max())))  # far from the mode: careful
        at = at + step
        if float(np.abs(step).max()) < PRECISION:
            break
    covariance = np.linalg.inv(_slopes(at, design, sums)[1])[:n, :n]
    centre = np.eye(n) - 1.0 / max(1, n)
    return Strengths(
        values=centre @ at[:n],
        covariance=centre @ covariance @ centre,
        tie=math.exp(float(at[n])),
        counts=np.abs(design).sum(axis=0).astype(int),
    )


def chances_of_best(strengths: Strengths, rng: np.random.Generator) -> np.ndarray:
    """Probability of being the strongest, shape (n,), by draws from the posterior."""
    if not len(strengths.values):
        return np.zeros(0)
    draws = rng.multivariate_normal(
        strengths.values, strengths.covariance, size=N_DRAWS, method="svd"
    )
    wins = np.bincount(draws.argmax(axis=1), minlength=len(strengths.values))
    return np.asarray(wins / N_DRAWS)


def most_informative(
    strengths: Strengths, pairs: Sequence[tuple[int, int]], rng: np.random.Generator
) -> tuple[int, int] | None:
    """Which of `pairs` to show next; None of none.

    What an answer is expected to tell of the pair's difference (the logarithm of how much narrower
    its posterior becomes), times the chance that one of the two is the best of all. Of equals the
    first one.
    """
    if not pairs:
        return None
    best = chances_of_best(strengths, rng) + 0.1 / len(strengths.values)
    gains = [_gain(strengths, i, j) * float(best[i] + best[j]) for i, j in pairs]
    return pairs[int(np.argmax(gains))]


def _gain(strengths: Strengths, i: int, j: int) -> float:
    c = strengths.covariance
    variance = max(0.0, float(c[i, i] + c[j, j] - 2 * c[i, j]))
    win, lose, _ = _outcomes(strengths.values[i] - strengths.values[j], strengths.tie)
    information = (win + lose) / 4 - (win - lose) ** 2 / 4
    return 0.5 * math.log1p(variance * float(information))


def _outcomes(difference: np.ndarray, tie: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities that the first wins, that it loses, and of a tie."""
    parts = np.stack(
        np.broadcast_arrays(difference / 2, -np.asarray(difference) / 2, math.log(tie))
    )
    parts = np.exp(parts - parts.max(axis=0))
    win, lose, equal = parts / parts.sum(axis=0)
    return win, lose, equal


def _statistics(n: int, preferences: Sequence[Preference]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of +1 and -1, one a comparison; and the sufficient statistics, shape (n + 1,)."""
    design = np.zeros((len(preferences), n))
    sums = np.zeros(n + 1)
    for row, one in zip(design, preferences, strict=True):
        row[one.first], row[one.second] = 1.0, -1.0
        if one.preferred == "tie":
            sums[n] += 1.0
        else:
            sums[:n] += row * (0.5 if one.preferred == "first" else -0.5)
    return design, sums


def _slopes(at: np.ndarray, design: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and negated curvature of the log-posterior at (strengths, log tie)."""
    n = len(at) - 1
    win, lose, equal = _outcomes(design @ at[:n], math.exp(float(at[n])))
    mean, spread = (win - lose) / 2, (win + lose) / 4
    expected = np.append(design.T @ mean, equal.sum())
    prior = np.append(at[:n] / STRENGTH_SD**2, (at[n] - TIE_MEAN) / TIE_SD**2)
    curvature = np.diag(np.append(np.full(n, STRENGTH_SD**-2), TIE_SD**-2))
    curvature[:n, :n] += design.T @ (design * (spread - mean**2)[:, None])
    curvature[n, n] += float((equal * (1 - equal)).sum())
    mixed = design.T @ (mean * equal)
    curvature[:n, n] -= mixed
    curvature[n, :n] -= mixed
    return sums - expected - prior, curvature
