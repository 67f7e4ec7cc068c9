"""Halving keeps the best, spares the tied, and pays for itself."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.analysis import Rung, decide

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("scores", "kept"),
    [
        ([0.1, 0.4, 0.3, 0.2], (1, 2)),
        ([0.3, 0.1, 0.2, 0.5, 0.4], (0, 3, 4)),
        ([0.0, 0.0, 0.0, 0.0], (0, 1, 2, 3)),
        ([0.0, 0.0, 0.0, 1.0], (0, 1, 2, 3)),
        ([0.5, 0.5, 0.5, 0.1], (0, 1, 2)),
        ([0.0, 0.0, 0.0, None], (0, 1, 2)),
        ([None, NAN, 0.1, None], (0, 2)),
        ([None, INF, -INF, 0.2, 0.1, 0.3], (3, 4, 5)),
        ([None, None, None], (0, 1, 2)),
        ([0.1, 0.9], (0, 1)),
        ([NAN, 0.9], (0, 1)),
        ([0.9], (0,)),
        ([], ()),
    ],
)
def test_who_is_kept(scores: list[float | None], kept: tuple[int, ...]) -> None:
    assert decide(scores).kept == kept


def test_share_and_minimum_can_be_chosen() -> None:
    scores = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]

    assert decide(scores, keep=0.25, minimum=1).kept == (6, 7)
    assert decide(scores, keep=0.01, minimum=1).kept == (7,)
    assert decide(scores, keep=0.1, minimum=3).kept == (5, 6, 7)
    with pytest.raises(ValueError, match="keep has to lie"):
        decide(scores, keep=0.0)


@given(st.lists(st.none() | st.floats(), max_size=12))
def test_every_decision_is_whole_and_fair(scores: list[float | None]) -> None:
    rung = decide(scores)

    assert sorted(rung.kept + rung.stopped) == list(range(len(scores)))
    assert len(rung.kept) >= min(2, len(scores))
    kept = [s for i in rung.kept if (s := scores[i]) is not None and math.isfinite(s)]
    stopped = [s for i in rung.stopped if (s := scores[i]) is not None and math.isfinite(s)]
    assert not stopped or (len(kept) == len(rung.kept) and min(kept) > max(stopped))


RUNGS = (0.25, 0.5, 1.0)
NOISE = 0.1


def bracket(rng: np.random.Generator, n: int = 8) -> tuple[bool, float]:
    """One search over simulated learning curves that cross.

    Returns whether the best, or one within a standard error of it, got to the end, and the steps
    paid as a share of training all.
    """
    quality, pace = rng.uniform(0, 1, n), rng.uniform(0.1, 0.4, n)
    alive, paid, before = list(range(n)), 0.0, 0.0
    for rung in RUNGS:
        paid += len(alive) * (rung - before)
        times = before + (rung - before) * np.array([4, 5, 6]) / 6
        curves = quality[alive, None] * (1 - np.exp(-times / pace[alive, None]))
        before = rung
        if rung < 1:
            scores = (curves + rng.normal(0, NOISE, curves.shape)).mean(axis=1)
            alive = [alive[i] for i in decide(scores.tolist()).kept]
    final = quality * (1 - np.exp(-1 / pace))
    is_kept = final[alive].max() >= final.max() - NOISE / np.sqrt(3)
    return bool(is_kept), paid / n


def test_best_of_eight_is_kept_for_half_the_steps(rng: np.random.Generator) -> None:
    brackets = [bracket(rng) for _ in range(400)]

    assert np.mean([is_kept for is_kept, _ in brackets]) >= 0.9
    assert np.mean([paid for _, paid in brackets]) <= 0.55


def test_rung_says_both_sides() -> None:
    assert decide([0.9, 0.1, 0.5, 0.2]) == Rung(kept=(0, 2), stopped=(1, 3))
