"""Which pair is shown, from what, and what the answers add up to."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.errors import StoreError
from rewardsmith.feedback.ranking import (
    Pair,
    entrants_of,
    likely_next,
    next_pair,
    ranking_of,
    rollout_of,
)
from rewardsmith.store.comparisons import Choice, Comparison, append_comparison
from rewardsmith.store.run import Run


def answer(folder: Path, pair: Pair, choice: Choice) -> None:
    append_comparison(
        folder, Comparison(left=pair.left, right=pair.right, seed=pair.seed, choice=choice)
    )


def shown(folder: Path, choice: Choice, n: int, run_seed: int = 0) -> list[Pair]:
    """The first `n` pairs, each answered alike."""
    pairs = []
    for _ in range(n):
        pair = next_pair(ranking_of(Run.read(folder)), run_seed)
        if pair is None:
            break
        pairs.append(pair)
        answer(folder, pair, choice)
    return pairs


def test_both_rollouts_of_a_pair_begin_alike(ranked: Path) -> None:
    run = Run.read(ranked)
    ranking = ranking_of(run)
    pair = next_pair(ranking, 0)
    assert pair is not None
    sides = [ranking.entrant(pair.left), ranking.entrant(pair.right)]
    first, second = (rollout_of(run, one, pair.seed) for one in sides if one)
    for name, values in first.fields.items():
        assert np.array_equal(values[0], second.fields[name][0])
    assert not np.array_equal(first.actions, second.actions)


def test_the_rollout_is_that_of_the_fully_trained_policy(ranked: Path) -> None:
    run = Run.read(ranked)
    (entrant, *_) = entrants_of(run)
    seeds = [e["seed"] for e in run.events("candidate_evaluated")[0].data["evaluation"]["episodes"]]
    assert entrant.seeds == tuple(seeds[:3])
    every = run.load_trajectories(entrant.id, entrant.recording.sha, name=entrant.recording.name)
    last = {one.seed: one for one in every}[seeds[1]]
    assert np.array_equal(rollout_of(run, entrant, seeds[1]).actions, last.actions)
    with pytest.raises(StoreError, match="no episode"):
        rollout_of(run, entrant, 5)


def test_the_same_answers_give_the_same_next_pair_everywhere(ranked: Path) -> None:
    shown(ranked, "left", 2)
    pairs = {next_pair(ranking_of(Run.read(ranked)), 0) for _ in range(3)}
    assert len(pairs) == 1


def test_every_pair_is_shown_once_in_each_start_state_even_when_skipped(ranked: Path) -> None:
    pairs = shown(ranked, "skip", 50)
    assert len(pairs) == 3 * 3
    assert len({(frozenset((p.left, p.right)), p.seed) for p in pairs}) == 9
    assert ranking_of(Run.read(ranked)).n_answered == 0


def test_sides_are_shuffled(ranked: Path) -> None:
    sides = Counter(pair.left < pair.right for seed in range(8) for pair in first(ranked, seed))
    assert min(sides.values()) >= 2


def first(folder: Path, run_seed: int) -> list[Pair]:
    pair = next_pair(ranking_of(Run.read(folder)), run_seed)
    return [pair] if pair else []


def test_who_is_preferred_every_time_leads_the_ranking(ranked: Path) -> None:
    ids = [one.id for one in entrants_of(Run.read(ranked))]
    best = ids[1]
    for _ in range(6):
        pair = next_pair(ranking_of(Run.read(ranked)), 0)
        assert pair is not None
        choice: Choice = "tie"
        if best in (pair.left, pair.right):
            choice = "left" if pair.left == best else "right"
        answer(ranked, pair, choice)
    ranking = ranking_of(Run.read(ranked))
    assert ranking.best_first[0] == best
    assert ranking.chances()[best] > 0.6
    assert ranking.intervals[best].low < ranking.intervals[best].estimate


def test_the_pairs_asked_for_ahead_are_those_that_may_come(ranked: Path) -> None:
    ranking = ranking_of(Run.read(ranked))
    pair = next_pair(ranking, 0)
    assert pair is not None
    ahead = likely_next(ranking, pair, 0)
    answer(ranked, pair, "left")
    assert next_pair(ranking_of(Run.read(ranked)), 0) in ahead


def test_answers_about_strangers_count_for_nothing(ranked: Path) -> None:
    ids = [one.id for one in entrants_of(Run.read(ranked))]
    stranger = ids[0]._replace(iteration=9)
    append_comparison(ranked, Comparison(left=ids[0], right=stranger, seed=1, choice="left"))
    assert not ranking_of(Run.read(ranked)).standing
    assert len(list(combinations(ids, 2))) == 3
