"""What each reward component did in the rollouts of the policy that it trained.

A share is |weight| x on-policy standard deviation over the sum of all: a policy gradient sees how
components vary, not how large they are. The verdicts follow the three tips of Eureka's reward
reflection (Ma et al. 2024): nearly constant, far larger than the others, or fine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from rewardsmith.messages import ComponentStats, Trajectory

DEAD_BELOW = 1e-9
"""A component whose values all lie closer to 0 than this never did anything."""

FLAT_BELOW = 1e-3
"""A standard deviation below this part of the largest magnitude is no variation to learn from."""

DOMINATING_SHARE = 0.9
"""Share from which one component drowns the others: ten times all of them together is 0.91."""


def component_stats(
    trajectories: Sequence[Trajectory], weights: Mapping[str, float]
) -> tuple[ComponentStats, ...]:
    """Statistics of every component, in the order of `weights`.

    Args:
        trajectories: Scored episodes: each has every component of `weights`, unweighted.
        weights: Component to weight; a component of weight 0 is logged and has no share.

    Returns:
        One entry a component; none when there are no steps.
    """
    if not sum(t.length for t in trajectories):
        return ()
    columns = {name: [t.components[name] for t in trajectories] for name in weights}
    steps = {name: np.concatenate(column) for name, column in columns.items()}
    shares = _shares({name: abs(w) * float(np.std(steps[name])) for name, w in weights.items()})
    paid = _shares({name: abs(w * float(np.sum(steps[name]))) for name, w in weights.items()})
    can_end = any(t.terminated for t in trajectories)
    return tuple(
        _judged(_stats(name, weight, steps[name], shares[name], paid[name]), weights, can_end)
        for name, weight in weights.items()
    )


def is_dead(stats: ComponentStats) -> bool:
    """Whether the component was 0 in every step: its condition was never met."""
    return max(abs(stats.low), abs(stats.high)) < DEAD_BELOW


def is_flat(stats: ComponentStats) -> bool:
    """Whether the component hardly varied, at whatever value."""
    return stats.std <= FLAT_BELOW * max(abs(stats.low), abs(stats.high), DEAD_BELOW)


def is_dominating(stats: ComponentStats, n_paid: int) -> bool:
    """Whether one of `n_paid` components of non-zero weight drowns the others."""
    return n_paid > 1 and stats.share >= DOMINATING_SHARE


def _stats(
    name: str, weight: float, values: np.ndarray, share: float, return_share: float
) -> ComponentStats:
    return ComponentStats(
        name=name,
        weight=weight,
        mean=float(np.mean(values)),
        std=float(np.std(values)),
        share=share,
        return_share=return_share,
        low=float(np.min(values)),
        high=float(np.max(values)),
    )


def _judged(stats: ComponentStats, weights: Mapping[str, float], can_end: bool) -> ComponentStats:
    n_paid = sum(weight != 0 for weight in weights.values())
    if stats.weight == 0:
        return stats
    if is_dead(stats):
        return replace(stats, verdict="rewrite")
    if is_flat(stats):
        # A constant pays for staying alive, but only where an episode can end.
        return replace(stats, verdict="keep" if can_end else "drop")
    return replace(stats, verdict="rescale" if is_dominating(stats, n_paid) else "keep")


def _shares(amounts: Mapping[str, float]) -> dict[str, float]:
    total = sum(amounts.values())
    return {name: amount / total if total > 0 else 0.0 for name, amount in amounts.items()}
