"""Strengths from comparisons, and which comparison to ask for next."""

from itertools import combinations

import numpy as np
import pytest

from rewardsmith.analysis.preferences import (
    Preference,
    chances_of_best,
    fit,
    most_informative,
)


def simulated(
    strengths: np.ndarray, n: int, rng: np.random.Generator, tie: float = 0.5
) -> list[Preference]:
    """`n` comparisons of random pairs, answered by Davidson's model itself."""
    found = []
    for _ in range(n):
        i, j = (int(k) for k in rng.choice(len(strengths), size=2, replace=False))
        d = strengths[i] - strengths[j]
        parts = np.exp([d / 2, -d / 2, np.log(tie)])
        drawn = rng.choice(3, p=parts / parts.sum())
        found.append(Preference(i, j, ("first", "second", "tie")[drawn]))
    return found


def test_many_comparisons_recover_the_strengths_and_the_ties(rng: np.random.Generator) -> None:
    truth = np.array([-1.5, -0.5, 0.0, 0.5, 1.5])
    found = fit(5, simulated(truth, 4000, rng))
    assert np.abs(found.values - truth).max() < 0.15
    assert abs(found.tie - 0.5) < 0.08


def test_intervals_hold_the_truth_about_as_often_as_they_say(rng: np.random.Generator) -> None:
    truth = np.array([-1.0, -0.3, 0.3, 1.0])
    held = [
        found.interval(i).low <= truth[i] <= found.interval(i).high
        for found in (fit(4, simulated(truth, 60, rng)) for _ in range(100))
        for i in range(4)
    ]
    assert 0.91 < np.mean(held) < 0.99


def test_mode_is_where_the_posterior_is_highest(rng: np.random.Generator) -> None:
    asked = simulated(np.array([0.0, 1.0, 2.0]), 12, rng)
    found = fit(3, asked)

    def posterior(values: np.ndarray, log_tie: float) -> float:
        value = -float((values**2).sum()) / 8 - (log_tie - np.log(0.5)) ** 2 / 2
        for one in asked:
            d = values[one.first] - values[one.second]
            parts = {"first": d / 2, "second": -d / 2, "tie": log_tie}
            value += parts[one.preferred] - float(np.log(np.exp(list(parts.values())).sum()))
        return float(value)

    top = posterior(found.values, float(np.log(found.tie)))
    for _ in range(200):
        nudge = rng.normal(scale=0.05, size=4)
        assert posterior(found.values + nudge[:3], np.log(found.tie) + nudge[3]) <= top + 1e-9


def test_who_won_every_time_stays_finite_and_who_was_never_shown_is_unknown() -> None:
    found = fit(3, [Preference(0, 1, "first")] * 20)
    assert found.values[0] > found.values[2] > found.values[1]
    assert np.abs(found.values).max() < 10
    unseen, seen = found.interval(2), found.interval(0)
    assert unseen.n == 0
    assert unseen.high - unseen.low > seen.high - seen.low


def test_the_order_and_the_sides_of_comparisons_do_not_matter(rng: np.random.Generator) -> None:
    asked = simulated(np.array([0.0, 1.0, 2.0]), 20, rng)
    swapped = {"first": "second", "second": "first", "tie": "tie"}
    mirrored = [Preference(p.second, p.first, swapped[p.preferred]) for p in reversed(asked)]  # type: ignore[arg-type]  # the three words
    assert np.allclose(fit(3, asked).values, fit(3, mirrored).values)


def test_only_ties_leave_all_equal() -> None:
    found = fit(3, [Preference(i, j, "tie") for i, j in combinations(range(3), 2)])
    assert np.allclose(found.values, 0.0)
    assert found.tie > 0.5


def test_comparison_with_itself_or_with_nobody_is_refused() -> None:
    for wrong in (Preference(0, 0, "tie"), Preference(0, 2, "first")):
        with pytest.raises(ValueError, match="does not compare"):
            fit(2, [wrong])


def test_the_next_pair_is_one_that_may_decide_who_is_best(rng: np.random.Generator) -> None:
    # 0 and 1 are close at the top; 2 and 3 lost everything, and nobody compared these two.
    known = [Preference(top, low, "first") for top in (0, 1) for low in (2, 3)] * 4
    found = fit(4, known)
    assert most_informative(found, list(combinations(range(4), 2)), rng) == (0, 1)
    assert most_informative(found, [], rng) is None
    assert chances_of_best(found, rng)[:2].sum() > 0.9


def test_informative_pairs_find_the_best_with_fewer_questions_than_random_ones() -> None:
    hits = {"asked": 0, "random": 0}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        truth = rng.normal(size=6)
        for how in hits:
            known: list[Preference] = []
            for _ in range(10):
                pairs = list(combinations(range(6), 2))
                chosen = most_informative(fit(6, known), pairs, rng)
                assert chosen is not None
                i, j = chosen if how == "asked" else pairs[rng.integers(len(pairs))]
                known.append(Preference(i, j, "first" if truth[i] > truth[j] else "second"))
            hits[how] += int(fit(6, known).values.argmax() == truth.argmax())
    assert hits["asked"] > hits["random"] + 3
