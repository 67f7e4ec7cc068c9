"""Evaluations of stored policies: the one that ended a run, and those made after it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rewardsmith.analysis.intervals import Interval, bootstrap, mean, wilson
from rewardsmith.messages import Evaluation, SeedSet
from rewardsmith.store.codec import load
from rewardsmith.store.events import CONCLUSION
from rewardsmith.store.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What an evaluation says, with 95 % intervals over its episodes."""

    fitness: Interval
    """Bootstrap of the mean."""
    success: Interval
    """Wilson's."""


def judged(evaluation: Evaluation) -> Judged:
    """Fitness and success of one policy; intervals are over episodes, not over trainings."""
    episodes = evaluation.episodes
    n_successes = sum(episode.success for episode in episodes)
    return Judged(
        fitness=_mean_of([episode.fitness for episode in episodes]),
        success=wilson(n_successes, len(episodes)),
    )


def called(seed_set: SeedSet) -> str:
    """What people call the episodes of a set: those made after a search are fresh ones."""
    return "fresh" if seed_set == "later" else seed_set


def concluding_evaluation(run: Run) -> Evaluation | None:
    """The evaluation that ended a run without a claim; None where there is none."""
    found = [
        event.data["evaluation"]
        for event in run.events("candidate_evaluated")
        if event.key.get("purpose") == CONCLUSION
    ]
    return load(Evaluation, found[-1]) if found else None


def _mean_of(values: Sequence[float]) -> Interval:
    if not np.all(np.isfinite(values)):
        return Interval(estimate=np.nan, low=np.nan, high=np.nan, n=len(values))
    # Seeded: the same evaluation always prints the same interval.
    return bootstrap([values], np.random.default_rng(0), statistic=mean)
