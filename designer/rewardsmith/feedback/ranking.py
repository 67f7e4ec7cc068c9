"""Which rollouts of a run to compare next, and what the comparisons so far add up to.

Two candidates are shown in episodes that began alike: the selection episodes are the same for all.
Nothing here writes; the same answers give the same ranking and the same next pair, wherever they
are asked for.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from rewardsmith.analysis.intervals import Interval
from rewardsmith.analysis.preferences import (
    Preference,
    Preferred,
    Strengths,
    chances_of_best,
    fit,
    most_informative,
)
from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId, Trajectory
from rewardsmith.store.comparisons import Choice, Comparison, read_comparisons
from rewardsmith.store.events import candidate_of, is_search
from rewardsmith.store.layout import recorded_name
from rewardsmith.store.run import Run

_PREFERRED: Mapping[Choice, Preferred] = {"left": "first", "right": "second", "tie": "tie"}


class Recording(NamedTuple):
    """Where the episodes of a candidate's last judged policies lie."""

    sha: str
    name: str


class Pair(NamedTuple):
    """Two candidates side by side, in episodes that began alike."""

    left: CandidateId
    right: CandidateId
    seed: int
    """What both episodes were reset with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A fully trained candidate whose rollouts can be shown."""

    id: CandidateId
    seeds: tuple[int, ...]
    """Start states of its recorded episodes."""
    recording: Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What all comparisons of a run say."""

    entrants: tuple[Entrant, ...]
    """In candidate order."""
    standing: tuple[Comparison, ...]
    """Every answer that was not taken back."""
    strengths: Strengths
    """In the order of the entrants."""

    @property
    def n_answered(self) -> int:
        """Comparisons that said something."""
        return sum(c.choice != "skip" for c in self.standing)

    @property
    def intervals(self) -> dict[CandidateId, Interval]:
        """Strength of every entrant, with its 95 % interval; higher is better."""
        return {one.id: self.strengths.interval(i) for i, one in enumerate(self.entrants)}

    @property
    def best_first(self) -> tuple[CandidateId, ...]:
        """The entrants by their strength."""
        order = np.argsort(-self.strengths.values, kind="stable")
        return tuple(self.entrants[int(i)].id for i in order)

    def entrant(self, candidate: CandidateId) -> Entrant | None:
        """The entrant of that id, if there is one."""
        return next((one for one in self.entrants if one.id == candidate), None)

    def chances(self) -> dict[CandidateId, float]:
        """Probability of every entrant to be the best."""
        found = chances_of_best(self.strengths, np.random.default_rng(0))
        return {one.id: float(p) for one, p in zip(self.entrants, found, strict=True)}


def ranking_of(run: Run) -> Ranking:
    """The ranking of a run as it stands.

    Raises:
        StoreError: The file of comparisons cannot be read.
    """
    entrants = entrants_of(run)
    known = {one.id for one in entrants}
    standing = tuple(c for c in read_comparisons(run.folder).standing if c.pair <= known)
    return _ranking(entrants, standing)


def entrants_of(run: Run) -> tuple[Entrant, ...]:
    """The fully trained candidates with recorded episodes, in candidate order."""
    trained = {
        candidate_of(event)
        for event in run.events("candidate_closed")
        if event.data["result"]["outcome"] == "trained"
    }
    found: dict[CandidateId, Entrant] = {}
    for event in run.events("candidate_evaluated"):
        id_ = candidate_of(event)
        recorded = event.data.get("recorded")
        if id_ is None or id_ not in trained or not is_search(event) or not recorded:
            continue
        seeds = [int(e["seed"]) for e in event.data["evaluation"]["episodes"]][: _n_recorded(run)]
        name = recorded_name(event.key["seed"], event.key["step"])
        found[id_] = Entrant(id=id_, seeds=tuple(seeds), recording=Recording(recorded, name))
    return tuple(found[id_] for id_ in sorted(found))


def rollout_of(run: Run, entrant: Entrant, seed: int) -> Trajectory:
    """The episode of the entrant's last policy that began with `seed`.

    Raises:
        StoreError: It was not recorded, or its file is damaged.
    """
    sha, name = entrant.recording
    # Episodes of all checkpoints of a segment stand behind each other: the last policy's come last.
    for episode in reversed(run.load_trajectories(entrant.id, sha, name=name)):
        if episode.seed == seed:
            return episode
    raise StoreError(f"The run holds no episode of {entrant.id} with seed {seed}.")


def next_pair(ranking: Ranking, run_seed: int) -> Pair | None:
    """The pair whose answer would tell most, sides shuffled; None when all were shown.

    Args:
        ranking: As it stands.
        run_seed: The run's; sides and start states follow from it and from what was asked before.
    """
    open_seeds = _open_seeds(ranking)
    n_asked = len(ranking.standing)
    rng = np.random.default_rng([run_seed, n_asked])
    chosen = most_informative(ranking.strengths, list(open_seeds), rng)
    if chosen is None:
        return None
    first, second = (ranking.entrants[i].id for i in chosen)
    drawn = _drawn(f"{run_seed}/{first}/{second}/{n_asked}")
    seeds = open_seeds[chosen]
    left, right = (first, second) if drawn % 2 else (second, first)
    return Pair(left, right, seeds[drawn // 2 % len(seeds)])


def likely_next(ranking: Ranking, pair: Pair, run_seed: int) -> tuple[Pair, ...]:
    """The pairs that come next if the left or the right one of `pair` is better."""
    found = []
    for choice in ("left", "right"):
        answer = Comparison(left=pair.left, right=pair.right, seed=pair.seed, choice=choice)
        found.append(next_pair(_ranking(ranking.entrants, (*ranking.standing, answer)), run_seed))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _ranking(entrants: tuple[Entrant, ...], standing: tuple[Comparison, ...]) -> Ranking:
    at = {one.id: i for i, one in enumerate(entrants)}
    answered = [
        Preference(at[c.left], at[c.right], _PREFERRED[c.choice])
        for c in standing
        if c.choice != "skip"
    ]
    return Ranking(entrants=entrants, standing=standing, strengths=fit(len(entrants), answered))


def _n_recorded(run: Run) -> int:
    """Episodes of every judged policy that were kept."""
    return int(run.manifest.config.get("evaluation", {}).get("recorded_episodes", 0))


def _open_seeds(ranking: Ranking) -> dict[tuple[int, int], tuple[int, ...]]:
    """Start states in which each pair of entrants was not shown yet, by their indices."""
    shown: dict[frozenset[CandidateId], set[int]] = {}
    for one in ranking.standing:
        shown.setdefault(one.pair, set()).add(one.seed)
    found = {}
    for i, j in combinations(range(len(ranking.entrants)), 2):
        a, b = ranking.entrants[i], ranking.entrants[j]
        done = shown.get(frozenset((a.id, b.id)), set())
        seeds = tuple(s for s in a.seeds if s in b.seeds and s not in done)
        if seeds:
            found[i, j] = seeds
    return found


def _drawn(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "big")
