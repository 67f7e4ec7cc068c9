"""Turns a quantity's values along one episode into one number; each says its denominator.

An episode may end before the horizon. Every aggregate states what the missing steps count as, so
that ending early can never pay by accident. Nothing is made finite here: NaN stays NaN.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an episode besides its fields."""

    length: int
    """Timesteps it lasted."""
    horizon: int
    """Timesteps after which it would have been truncated."""
    terminated: bool
    """Whether the environment ended it."""


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity along one episode."""

    values: np.ndarray
    """After each step, shape (n_steps,) or (n_steps, ...), float64."""
    start: np.ndarray | None = None
    """At the episode's start; only for aggregates that ask for it."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A way to turn a series into one number."""

    signature: str
    meaning: str
    """What it computes and what missing steps count as."""
    compute: Callable[[Series, Facts, float], float]
    """(series, facts, parameter) to the number."""
    parameter: str | None = None
    """Name of the second argument; None when it takes none."""
    default: float | None = None
    """Value of the second argument when it is left out; None when it may not be."""
    needs_start: bool = False
    """Whether it reads the episode's start: its quantity may then use state fields only."""
    takes_vector: bool = False
    """Whether the quantity may be a vector."""


def describe() -> str:
    """One line an aggregate, for people and prompts."""
    return "\n".join(f"{a.signature}: {a.meaning}" for a in AGGREGATES.values())


def longest_run(holds: np.ndarray) -> int:
    """Length of the longest run of true values.

    >>> longest_run(np.array([True, True, False, True]))
    2
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([0], holds.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _mean(series: Series, facts: Facts, missing: float) -> float:
    absent = facts.horizon - facts.length
    padding = missing * absent if absent else 0.0
    return (float(np.sum(series.values)) + padding) / facts.horizon


def _sum(series: Series, facts: Facts, parameter: float) -> float:
    return float(np.sum(series.values))


def _last(series: Series, facts: Facts, parameter: float) -> float:
    return float(series.values[-1]) if len(series.values) else np.nan


def _first(series: Series, facts: Facts, parameter: float) -> float:
    return np.nan if series.start is None else float(series.start)


def _max(series: Series, facts: Facts, parameter: float) -> float:
    return float(np.max(series.values)) if len(series.values) else np.nan


def _min(series: Series, facts: Facts, parameter: float) -> float:
    return float(np.min(series.values)) if len(series.values) else np.nan


def _any(series: Series, facts: Facts, parameter: float) -> float:
    return float(np.any(series.values > 0))


def _all(series: Series, facts: Facts, parameter: float) -> float:
    return float(facts.length >= facts.horizon and bool(np.all(series.values > 0)))


def _held(series: Series, facts: Facts, steps: float) -> float:
    return float(longest_run(series.values > 0) >= steps)


def _first_time(series: Series, facts: Facts, parameter: float) -> float:
    hits = np.flatnonzero(series.values > 0)
    return float(hits[0] + 1) if len(hits) else float(facts.horizon)


def _quantile(series: Series, facts: Facts, q: float) -> float:
    return float(np.quantile(series.values, q)) if len(series.values) else np.nan


def _displacement(series: Series, facts: Facts, parameter: float) -> float:
    if series.start is None or not len(series.values):
        return np.nan
    moved = series.values[-1] - series.start
    return float(moved) if moved.ndim == 0 else float(np.linalg.norm(moved))


AGGREGATES: Mapping[str, Aggregate] = {
    "mean": Aggregate(
        "mean(x, missing=0)",
        "sum over the steps divided by the horizon; steps missing because the episode ended early "
        "count as `missing`. For a cost, write a negative `missing`, or ending early pays.",
        _mean,
        parameter="missing",
        default=0.0,
    ),
    "sum": Aggregate("sum(x)", "sum over the steps; missing steps count 0.", _sum),
    "last": Aggregate("last(x)", "after the episode's last step, however early.", _last),
    "first": Aggregate(
        "first(x)", "at the episode's start, before any action.", _first, needs_start=True
    ),
    "max": Aggregate("max(x)", "largest over the steps there were.", _max),
    "min": Aggregate("min(x)", "smallest over the steps there were.", _min),
    "any": Aggregate("any(c)", "1 if c holds after at least one step, else 0.", _any),
    "all": Aggregate(
        "all(c)",
        "1 if c holds after every step of the horizon, else 0; ending early gives 0.",
        _all,
    ),
    "held": Aggregate(
        "held(c, steps)",
        "1 if c holds for that many steps in a row, else 0; missing steps do not hold.",
        _held,
        parameter="steps",
    ),
    "first_time": Aggregate(
        "first_time(c)",
        "number of steps until c first holds, from 1; the horizon when it never does.",
        _first_time,
    ),
    "quantile": Aggregate(
        "quantile(x, q)",
        "q-quantile over the steps there were, q in [0, 1].",
        _quantile,
        parameter="q",
    ),
    "displacement": Aggregate(
        "displacement(x)",
        "x after the last step minus x at the start; the distance moved when x is a vector.",
        _displacement,
        needs_start=True,
        takes_vector=True,
    ),
}
"""Every aggregate by its name."""

FACTS: Mapping[str, str] = {
    "length": "timesteps the episode lasted",
    "horizon": "timesteps after which it is truncated",
    "terminated": "1 if the environment ended it, else 0",
    "dt": "seconds per timestep",
}
"""Names that stand for a number of the whole episode."""
