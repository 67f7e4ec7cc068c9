"""Pure statistics: who stays in the race, what components do, what a number is worth.

No I/O, no clock; randomness is passed in. Arrays in, frozen values out.
"""

from rewardsmith.analysis.correlation import spearman
from rewardsmith.analysis.curves import Curve, sample_curve
from rewardsmith.analysis.halving import Rung, decide
from rewardsmith.analysis.intervals import (
    Interval,
    bootstrap,
    improvement_interval,
    iqm,
    mean,
    probability_of_improvement,
    wilson,
)
from rewardsmith.analysis.ranking import PairOrder, order_accuracy, order_interval, success_order
from rewardsmith.analysis.shares import component_stats, is_dead, is_dominating, is_flat

__all__ = [
    "Curve",
    "Interval",
    "PairOrder",
    "Rung",
    "bootstrap",
    "component_stats",
    "decide",
    "improvement_interval",
    "iqm",
    "is_dead",
    "is_dominating",
    "is_flat",
    "mean",
    "order_accuracy",
    "order_interval",
    "probability_of_improvement",
    "sample_curve",
    "spearman",
    "success_order",
    "wilson",
]
