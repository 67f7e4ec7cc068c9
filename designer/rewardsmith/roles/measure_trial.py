"""Tries a drafted measure before a person is asked to choose it.

By the compiler that every fitness goes through, then on recorded episodes that no reward shaped.
What judges here may read fields only: entries of `info` and functions may hold rewards.
"""

import ast
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rewardsmith.environments.fitness import Fitness, compile_expression_of_episode
from rewardsmith.environments.judging import info_keys
from rewardsmith.environments.outer import uses_aggregates
from rewardsmith.errors import ConfigError
from rewardsmith.messages import (
    BY_LABELS,
    BY_RANKING,
    MAX_FITNESS,
    MeasureDraft,
    StateSpec,
    Trajectory,
)

MAX_CHARS = 600
"""Of one expression: a person has to read it."""
MAX_ENTRIES = 1 << 16
"""Numbers that one expression may hold in each step: it is evaluated in the driver and the viewer,
which no limit on memory protects. With 1,000 steps that is half a gigabyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What drafts are tried on."""

    state: StateSpec
    horizon: int
    """Timesteps after which an episode is truncated."""
    dt: float | None
    """Seconds per timestep; None when the environment has no clock."""
    rollouts: Sequence[Trajectory]
    """Episodes of doing nothing, chance, held and swinging actions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of a draft."""

    draft: MeasureDraft
    """In plain notation: equal expressions are then equal texts."""
    problem: str = ""
    """What is wrong with it, with the remedy; empty when it measures."""


def try_measure(draft: MeasureDraft, ground: Ground) -> Trial:
    """Compile both expressions of a draft and evaluate them on every recorded episode."""
    try:
        fitness = _compiled(draft.text, "fitness", ground)
        success = _compiled(draft.success, "success", ground)
    except ConfigError as error:
        return Trial(draft=draft, problem=str(error))
    plain = replace(draft, text=_plain(draft.text), success=_plain(draft.success))
    problem = next(_problems(fitness, success, ground.rollouts), "")
    return Trial(draft=plain, problem=problem)


def _compiled(text: str, what: str, ground: Ground) -> Fitness:
    """Compile what judges an episode: a fitness, or a success criterion over the whole of it."""
    _require_fields_only(text, what)
    if what == "success" and not uses_aggregates(text):
        raise ConfigError(
            "success: it says nothing of the whole episode. Write an aggregate, as in "
            "held(c, 20), last(x) < 0.1 or mean(c) > 0.8."
        )
    made = compile_expression_of_episode(
        text, ground.state, horizon=ground.horizon, dt=ground.dt, what=what
    )
    if sum(quantity.expression.n_entries for quantity in made.quantities) > MAX_ENTRIES:
        raise ConfigError(
            f"{what}: it holds more than {MAX_ENTRIES} numbers in each step. Use shorter vectors."
        )
    return made


def _require_fields_only(text: str, what: str) -> None:
    """Refuse what reads more than state fields, and what nobody would read."""
    if not text.strip() or len(text) > MAX_CHARS:
        size = f"{len(text)} characters long" if text.strip() else "empty"
        raise ConfigError(f"{what}: it is {size}. Write one expression of at most {MAX_CHARS}.")
    is_word = text.strip() in (BY_LABELS, BY_RANKING)  # they would compile, and measure nothing
    if is_word or info_keys(text) or text.strip().startswith("function:"):
        raise ConfigError(
            f"{what}: it is no expression over fields. Write it over the fields alone."
        )


def _plain(text: str) -> str:
    return ast.unparse(ast.parse(text.strip(), mode="eval"))  # no needless brackets, no comments


def _problems(fitness: Fitness, success: Fitness, rollouts: Sequence[Trajectory]) -> Iterator[str]:
    values = [fitness.evaluate(rollout) for rollout in rollouts]
    for name, found in (("fitness", values), ("success", [success.evaluate(r) for r in rollouts])):
        odd = [value for value in found if not abs(value) <= MAX_FITNESS]
        if odd:
            yield (
                f"{name}: it is {odd[0]} in {len(odd)} of {len(found)} recorded episodes. Guard "
                "divisions, logarithms and exponentials, so that it is finite whatever happens."
            )
    if len(values) > 1 and math.isclose(min(values), max(values), rel_tol=1e-9, abs_tol=1e-12):
        yield (
            f"fitness: it is {values[0] + 0.0:.4g} in all of {len(values)} recorded episodes of "
            "no, random, held and swinging actions. Grade the way to the goal as well, so that a "
            "first clumsy step in its direction counts."
        )
