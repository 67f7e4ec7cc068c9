"""A training curve in about ten numbers.

As in Eureka's reward reflection (Ma et al. 2024): values at even distances, then minimum, mean and
maximum over the whole curve, so that a short text says what a plot would.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rewardsmith.messages import MetricPoint

N_POINTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A sampled curve and what the sample leaves out."""

    steps: tuple[int, ...]
    """Timesteps of the sampled points, rising; the first and the last point are among them."""
    values: tuple[float, ...]
    low: float
    """Minimum over all points, sampled or not."""
    mean: float
    high: float


def sample_curve(
    points: Sequence[MetricPoint], metric: str, *, n_points: int = N_POINTS
) -> Curve | None:
    """At most `n_points` of a metric's curve; None when it was never logged.

    Args:
        points: Training statistics, in the order of their steps.
        metric: Key, as in `rollout/ep_rew_mean`.
        n_points: At least 2.
    """
    logged = [p for p in points if math.isfinite(p.values.get(metric, math.nan))]
    if not logged:
        return None
    values = np.array([p.values[metric] for p in logged])
    chosen = [logged[i] for i in _evenly([p.step for p in logged], n_points)]
    return Curve(
        steps=tuple(p.step for p in chosen),
        values=tuple(p.values[metric] for p in chosen),
        low=float(values.min()),
        mean=float(values.mean()),
        high=float(values.max()),
    )


def _evenly(steps: Sequence[int], n_points: int) -> list[int]:
    """Indices of the points nearest to evenly spaced steps, without repeats."""
    if len(steps) <= n_points:
        return list(range(len(steps)))
    wanted = np.linspace(steps[0], steps[-1], n_points)
    nearest = np.abs(np.asarray(steps)[None, :] - wanted[:, None]).argmin(axis=1)
    return sorted({int(i) for i in nearest})
