"""Measures a task's own measure: what fitness and success say of behaviour whose worth is known.

A fitness that gives doing nothing as much as the task cannot guide a search, and a success that
random play reaches judges nothing. Rollouts are made in the evaluator; no reward code is involved.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rewardsmith.analysis.intervals import Interval, bootstrap, mean
from rewardsmith.config import RunConfig, episode_seeds
from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.ceiling import ceiling
from rewardsmith.environments.judging import above
from rewardsmith.errors import RewardsmithError
from rewardsmith.evaluation.requests import PolicyRequest
from rewardsmith.messages import EpisodeScore, Task
from rewardsmith.training.engine import Chain
from rewardsmith.training.reference_rollouts import behaviour_chain, extreme_actions
from rewardsmith.training.shipped_rollouts import COMPETENT, load_shipped

N_EPISODES = 10
"""Of doing nothing, of random actions and of swinging."""
N_HELD_EPISODES = 5
"""Of every extreme action that is held: one start may just suit it, as a free crossing does."""
BY_CHANCE = 0.2
"""Success rate of aimless behaviour above which a success says nothing."""
MARGIN = 0.1
"""How far above the best of all aimless rollouts a success begins when nobody says what it is, as a
share of how far that stands above the middle one: the worst may be as bad as it likes."""

AIMLESS = ("do nothing", "random", "oscillate", "hold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the measure says of one kind of behaviour."""

    name: str
    episodes: tuple[EpisodeScore, ...]

    @property
    def is_competent(self) -> bool:
        """Whether it is known to do the task."""
        return self.name == COMPETENT

    @property
    def fitness(self) -> Interval:
        """Mean fitness over its episodes; NaN where one is not finite."""
        values = [episode.fitness for episode in self.episodes]
        if not all(map(math.isfinite, values)):
            return Interval(estimate=math.nan, low=math.nan, high=math.nan, n=len(values))
        return bootstrap([values], np.random.default_rng(0), statistic=mean)

    @property
    def success_rate(self) -> float:
        """Share of its episodes that met the success criterion."""
        return sum(e.success for e in self.episodes) / len(self.episodes)

    @property
    def best(self) -> float:
        """The highest fitness of its episodes."""
        return max(episode.fitness for episode in self.episodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a measure is fit to judge by."""

    separates: bool | None
    """Whether a competent rollout stands above all others; None when none is known."""
    reasons: tuple[str, ...]
    """What is wrong with it, or what could not be looked at."""


def readings_chain(task: Task, config: RunConfig) -> Chain[tuple[Reading, ...]]:
    """Roll out behaviour of known worth and measure it.

    Raises:
        ConfigError: What the card brings along is not what it should be.
        RewardsmithError: The environment does not run.
    """
    card = load_card(task.env)
    asked = list(_policies(card, task, config.seed))
    judged = yield from behaviour_chain(card, task, [policy for _, policy in asked], config)
    reply = judged.reply
    names = [name for name, _ in asked]
    return tuple(
        Reading(name=name, episodes=episodes)
        for name, episodes in zip(names, reply.episodes, strict=True)
    )


def judge(readings: Sequence[Reading], *, solved_by: Collection[str] = ()) -> Judgement:
    """Whether the measure tells competent behaviour from all other.

    Args:
        readings: What the measure says of each.
        solved_by: Aimless behaviour that is known to do the task too: it has to, and no measure
            that was true could tell it apart.
    """
    reasons = [*_complaints(readings, solved_by), *_unsolved(readings, solved_by)]
    aimless = [r for r in readings if not r.is_competent and r.name not in solved_by]
    others = [r for r in aimless if math.isfinite(r.best)]
    known = next((r for r in readings if r.is_competent), None)
    if known is None:
        return Judgement(separates=None, reasons=(*reasons, "no competent rollout is known"))
    top = max(others, key=lambda r: r.fitness.high, default=None)
    if top is not None and not known.fitness.low > top.fitness.high:
        said = f"{top.name!r} has a fitness of {top.fitness}, the competent rollout {known.fitness}"
        return Judgement(separates=False, reasons=(*reasons, said))
    return Judgement(separates=not reasons, reasons=tuple(reasons))


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A success criterion that nobody gave, and what it begins beyond."""

    success: str
    """The criterion."""
    best: str = ""
    """The aimless behaviour with the highest fitness in one episode; empty where the environment
    itself says what success is."""
    fitness: float = math.nan
    """That fitness."""


def beyond_chance(fitness: str, readings: Sequence[Reading]) -> Threshold:
    """A success criterion for who gave none: a fitness above that of all aimless behaviour.

    Where the text of the fitness says how high it can get at all, success begins half of the way
    up to there at the latest.

    Raises:
        RewardsmithError: The fitness is never finite, or aimless behaviour has all there can be.
    """
    aimless = [(e.fitness, r.name) for r in readings if not r.is_competent for e in r.episodes]
    finite = [(value, name) for value, name in aimless if math.isfinite(value)]
    if not finite:
        raise RewardsmithError("The fitness is finite in no episode. Correct --fitness.")
    high, best = max(finite)
    top = ceiling(fitness)
    if high >= top:
        raise RewardsmithError(
            f"The fitness is {high:.4g} in {best!r} already, and never higher. Correct --fitness, "
            "or say with --success when an episode succeeds."
        )
    spread = high - float(np.median([value for value, _ in finite]))
    beyond = high + MARGIN * max(spread, 0.1 * abs(high), 1e-3)
    success = above(fitness, min(beyond, (high + top) / 2))
    return Threshold(success=success, best=best, fitness=high)


def _policies(card: EnvCard, task: Task, seed: int) -> Iterator[tuple[str, PolicyRequest]]:
    action = card.state.action
    seeds = episode_seeds(seed, "training", N_EPISODES)
    extremes = extreme_actions(action)
    yield AIMLESS[0], PolicyRequest(kind="constant", seeds=seeds)
    yield AIMLESS[1], PolicyRequest(kind="uniform", seeds=seeds)
    if len(extremes) > 1:
        yield AIMLESS[2], PolicyRequest(kind="cycle", seeds=seeds, actions=extremes[:2])
    for number, held in enumerate(extremes):
        name = f"{AIMLESS[3]} {_called(held, number)}"
        starts = seeds[:N_HELD_EPISODES]
        yield name, PolicyRequest(kind="cycle", seeds=starts, actions=(held,))
    shipped = load_shipped(card, task)
    for name, rollout in (shipped.rollouts if shipped else {}).items():
        start = (shipped.seed,) if shipped else ()
        yield name, PolicyRequest(kind="cycle", seeds=start, actions=rollout.actions)


def _called(held: Sequence[float], number: int) -> str:
    if len(held) == 1:
        return f"{held[0]:g}"
    return ("all high", "all low")[number] if number < 2 else f"corner {number}"


def _complaints(readings: Sequence[Reading], solved_by: Collection[str]) -> Iterator[str]:
    values = [episode.fitness for reading in readings for episode in reading.episodes]
    if not all(map(math.isfinite, values)):
        names = [r.name for r in readings if not math.isfinite(r.fitness.estimate)]
        yield f"the fitness is not finite in {', '.join(names)}"
    elif max(values) - min(values) <= 1e-9 * max(1.0, abs(max(values))):
        yield f"the fitness is {max(values):.4g} whatever happens"
    for reading in readings:
        if reading.is_competent and reading.success_rate < 1.0:
            yield "success does not hold in the competent rollout"
        elif reading.is_competent or reading.name in solved_by:
            continue
        elif reading.success_rate > BY_CHANCE:
            yield f"success holds in {reading.success_rate:.0%} of {reading.name!r}"


def _unsolved(readings: Sequence[Reading], solved_by: Collection[str]) -> Iterator[str]:
    """What `solved_by` says wrongly."""
    rates = {r.name: r.success_rate for r in readings if not r.is_competent}
    for name in solved_by:
        if name not in rates:
            yield f"'solved_by' names {name!r}, and there is {', '.join(map(repr, rates))}"
        elif rates[name] <= BY_CHANCE:
            yield f"'solved_by' names {name!r}, which does the task in {rates[name]:.0%} only"
