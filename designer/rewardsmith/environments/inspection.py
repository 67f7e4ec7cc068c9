"""Checks that a card tells the truth about its environment, on random play.

A wrong card makes every later number wrong, so nothing is assumed: the spaces are compared, every
field is read, and values outside the card's range, or not finite, are problems.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import gymnasium
import numpy as np
from gymnasium.wrappers import FlattenObservation

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.deviations import Bounds, seed_deviations
from rewardsmith.environments.drafting.play import play
from rewardsmith.environments.factory import Env, choices_of, make_env
from rewardsmith.environments.failures import blamed
from rewardsmith.environments.fields import Fields
from rewardsmith.environments.lookalikes import Lookalikes
from rewardsmith.environments.stopwatch import Stopwatch
from rewardsmith.environments.vector import StateVectorEnv, VectorStep
from rewardsmith.errors import UsageError

N_ENVS = 4
N_STEPS = 500
"""Timesteps in each of them."""
PLAY_S = 120.0
"""Seconds after which no further timestep is played, once there are `MIN_STEPS`: a simulator
of five timesteps a second is looked at for two minutes, and not for seven."""
MIN_STEPS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CardProblem:
    """One way in which a card and its environment disagree."""

    subject: str
    """`action`, `state.<field>`, `max_steps`, ..."""
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.reason} {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What random play said of a card."""

    problems: tuple[CardProblem, ...]
    """Empty when the card is right as far as it was looked at."""
    n_timesteps: int
    """Played, in all environments together."""
    notes: tuple[str, ...] = ()
    """What a person should look at, though nothing is wrong for sure."""
    deviations: tuple[str, ...] = ()
    """Where the environment does otherwise than it says itself."""


def check_card(
    card: EnvCard, *, n_steps: int = N_STEPS, budget_s: float = PLAY_S, seed: int = 0
) -> Inspection:
    """Play randomly and collect everything the card says wrongly.

    Args:
        card: The card to check.
        n_steps: Timesteps in each of four environments, at most.
        budget_s: Seconds after which a slow environment has been played enough.
        seed: Of environments and actions.
    """
    problems: list[CardProblem] = []
    deviations: list[str] = []
    n_played, lookalikes = 0, Lookalikes()
    try:
        with blamed(card.called, "__init__"):
            env = make_env(card)
            vector = StateVectorEnv(card, N_ENVS)
        play(env, card.called, seed=seed, episodes=(MIN_STEPS,))  # says what breaks the interface
        problems += [*_check_action(card, env), *_check_limit(card), *_check_goals(card, env)]
        with blamed(card.called, "reset() or step()"):
            bounds = Bounds(env.observation_space)
            n_played, found = _check_play(vector, n_steps, budget_s, seed, (lookalikes, bounds))
            problems += [*found, *_check_reading(card, seed)]
            actions = random_actions(card, MIN_STEPS, np.random.default_rng(seed))
            deviations = [*bounds.said(), *seed_deviations(card, env, actions, seed=seed)]
            env.close()
            vector.close()
    except UsageError as error:
        problems.append(CardProblem(subject="card", reason=str(error), remedy=""))
    return Inspection(
        problems=tuple(problems),
        n_timesteps=n_played * N_ENVS,
        notes=tuple(lookalikes.notes()),
        deviations=tuple(deviations),
    )


def goal_problem(card: EnvCard, env: Env) -> CardProblem | None:
    """Where observations do not begin with two goals, though the card says so; None otherwise.

    Args:
        card: Whose `goal_dim` is compared; 0 says nothing.
        env: As `make_env` makes it. Of a vector that is none of its doing only the length is known.
    """
    space = env.env.observation_space if isinstance(env, FlattenObservation) else None
    parts = space.spaces if isinstance(space, gymnasium.spaces.Dict) else None
    observed = env.observation_space if space is None else space
    found = [] if parts is None else [(k, v.shape) for k, v in list(parts.items())[:2]]
    goals = [(name, (card.goal_dim,)) for name in ("achieved_goal", "desired_goal")]
    holds = found == goals if space is not None else 2 * card.goal_dim <= _length(env)
    if holds or not card.goal_dim:
        return None
    return CardProblem(
        subject="goal_dim",
        reason=f"Observations do not begin with two goals of {card.goal_dim} numbers.",
        remedy=f"The environment says {observed}. Correct the length, or leave `goal_dim` out.",
    )


def _length(env: Env) -> int:
    """Of an observation that is one vector."""
    return (env.observation_space.shape or (0,))[0]


def random_actions(card: EnvCard, n_envs: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform actions within the card's bounds, shape (n_envs, *action shape)."""
    action = card.state.action
    if action.choices:
        chosen = rng.integers(action.choices, size=(n_envs, len(action.choices)))
        return chosen.reshape(n_envs, *action.shape)
    low, high = (np.reshape(np.asarray(x), action.shape) for x in (action.low, action.high))
    return rng.uniform(low, high, size=(n_envs, *action.shape)).astype(np.float32)


def _check_action(card: EnvCard, env: Env) -> Iterator[CardProblem]:
    space, action = env.action_space, card.state.action
    remedy = f"The environment says {space}."
    if isinstance(space, gymnasium.spaces.Discrete):
        if action.kind != "discrete" or action.n != space.n:
            yield CardProblem(subject="action", reason="The choices differ.", remedy=remedy)
    elif isinstance(space, gymnasium.spaces.Box):
        is_same = (
            action.kind == "continuous"
            and space.shape == action.shape
            and np.allclose(np.ravel(space.low), action.low)
            and np.allclose(np.ravel(space.high), action.high)
        )
        if not is_same:
            yield CardProblem(subject="action", reason="Shape or bounds differ.", remedy=remedy)
    elif isinstance(space, gymnasium.spaces.MultiDiscrete | gymnasium.spaces.MultiBinary):
        if (space.shape, choices_of(space)) != (action.shape, action.nvec):
            yield CardProblem(subject="action", reason="The choices differ.", remedy=remedy)
    else:
        reason = "It is no Box, Discrete, MultiDiscrete or MultiBinary."
        yield CardProblem(subject="action", reason=reason, remedy=remedy)


def _check_limit(card: EnvCard) -> Iterator[CardProblem]:
    registered = gymnasium.registry.get(card.id)
    limit = registered.max_episode_steps if registered else None
    if limit is not None and card.max_steps > limit:
        yield CardProblem(
            subject="max_steps",
            reason=f"{card.max_steps} is more than the registered {limit}.",
            remedy=f"Write at most {limit}, or scores cannot be compared with others'.",
        )


def _check_goals(card: EnvCard, env: Env) -> Iterator[CardProblem]:
    problem = goal_problem(card, env)
    if problem is not None:
        yield problem


def _check_reading(card: EnvCard, seed: int) -> Iterator[CardProblem]:
    """Whether a person's own functions change what they are to read.

    An environment that plays differently each time says nothing about that.
    """
    if not any(spec.source.startswith("function") for spec in card.state.fields):
        return
    first, again, read = (_observed(card, names, seed) for names in ((), (), None))
    if np.array_equal(first, again) and not np.array_equal(first, read):
        yield CardProblem(
            subject="state",
            reason="With its fields read, the same actions lead elsewhere.",
            remedy="Let functions look at the environment and change nothing in it.",
        )


def _observed(card: EnvCard, names: tuple[str, ...] | None, seed: int) -> np.ndarray:
    """What a few random actions lead to while these fields are read."""
    vector, rng = StateVectorEnv(card, 1, names=names), np.random.default_rng(seed)
    vector.reset(seed)
    found = [vector.step(random_actions(card, 1, rng)).next_obs for _ in range(MIN_STEPS)]
    vector.close()
    return np.concatenate(found)


class _Watcher(Protocol):
    """What looks on while random actions are played."""

    def add(self, step: VectorStep) -> None:
        """Take one step in."""


def _check_play(
    vector: StateVectorEnv,
    n_steps: int,
    budget_s: float,
    seed: int,
    watchers: Sequence[_Watcher],
) -> tuple[int, list[CardProblem]]:
    """How many timesteps each environment played, and what they showed."""
    rng = np.random.default_rng(seed)
    extremes = _Extremes()
    watch, n_played = Stopwatch(), 0
    extremes.add(vector.reset(seed).fields)
    is_finite = True
    while n_played < n_steps and (n_played < MIN_STEPS or watch.seconds() < budget_s):
        step = vector.step(random_actions(vector.card, vector.n_envs, rng))
        extremes.add(step.fields)
        extremes.add(step.start_fields)
        for watcher in watchers:
            watcher.add(step)
        is_finite &= bool(np.isfinite(step.next_obs).all() and np.isfinite(step.obs).all())
        n_played += 1
    found = ([] if is_finite else [_NOT_FINITE]) + [
        p for spec in vector.spec.fields for p in extremes.judge(spec.name, spec.low, spec.high)
    ]
    return n_played, found


_NOT_FINITE = CardProblem(
    subject="observation",
    reason="It was not finite in random play.",
    remedy="A policy cannot learn from it: find the division by 0 or the blow-up.",
)


class _Extremes:
    """Smallest and largest value of every field."""

    def __init__(self) -> None:
        self._low: dict[str, float] = {}
        self._high: dict[str, float] = {}

    def add(self, fields: Fields) -> None:
        for name, values in fields.items():
            # NaN has to stick: np.minimum keeps it, min() would lose it
            self._low[name] = float(np.minimum(self._low.get(name, np.inf), values.min()))
            self._high[name] = float(np.maximum(self._high.get(name, -np.inf), values.max()))

    def judge(self, name: str, low: float | None, high: float | None) -> Iterator[CardProblem]:
        seen = (self._low[name], self._high[name])
        if not np.isfinite(seen).all():
            yield CardProblem(
                subject=f"state.{name}",
                reason="It was not finite.",
                remedy="Take another source, or guard the division.",
            )
        elif (low is not None and seen[0] < low) or (high is not None and seen[1] > high):
            yield CardProblem(
                subject=f"state.{name}",
                reason=f"It went from {seen[0]:.4g} to {seen[1]:.4g} in random play.",
                remedy=f"Widen its range of [{low}, {high}].",
            )
