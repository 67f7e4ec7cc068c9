"""Judges one episode by the card's own measure: fitness, success and audit metrics.

Pure: a `Trajectory` in, a number out. A number that is not finite is returned as it is; whoever
compares scores has to refuse it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from rewardsmith.environments.aggregates import Facts, Series, longest_run
from rewardsmith.environments.judging import INFO, info_keys, other_entry, parse_function, whole
from rewardsmith.environments.outer import Outer, Term, parse_outer, problem, uses_aggregates
from rewardsmith.errors import ConfigError
from rewardsmith.language.expressions import CompiledExpression, compile_expression
from rewardsmith.messages import (
    BY_LABELS,
    BY_RANKING,
    FieldSpec,
    StateSpec,
    SuccessSemantics,
    Trajectory,
)

NO_MEASURE = "0 * length"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A per-step expression inside an aggregate, compiled."""

    term: Term
    expression: CompiledExpression


@dataclass(frozen=True, slots=True)
class Fitness:
    """A compiled expression over whole episodes; higher is better."""

    text: str
    outer: Outer
    quantities: tuple[Quantity, ...]
    horizon: int
    """Timesteps after which an episode is truncated; the denominator of means."""
    dt: float
    """Seconds per timestep; NaN when the environment has no clock."""

    @property
    def reads(self) -> frozenset[str]:
        """Inputs of all its per-step expressions."""
        return frozenset().union(*(q.expression.reads for q in self.quantities))

    def evaluate(self, episode: Trajectory) -> float:
        """The episode's value, which may be infinite or NaN."""
        inputs = step_inputs(episode, self.reads)
        facts = Facts(episode.length, self.horizon, episode.terminated)
        with np.errstate(all="ignore"):
            series = {
                q.term.key: Series(
                    _along(q.expression, inputs, episode.length), _at_start(q, episode)
                )
                for q in self.quantities
            }
            return self.combine(series, facts)

    def combine(self, series: Mapping[str, Series], facts: Facts) -> float:
        """The value, from the series of every term by its key."""
        values = {
            "length": np.float64(facts.length),
            "horizon": np.float64(facts.horizon),
            "terminated": np.float64(facts.terminated),
            "dt": np.float64(self.dt),
        }
        with np.errstate(all="ignore"):
            for quantity in self.quantities:
                term = quantity.term
                number = term.aggregate.compute(series[term.key], facts, term.parameter)
                values[term.key] = np.float64(number)
            return float(self.outer.evaluate(values))


class EpisodeMeasure(Protocol):
    """Turns one episode into one number; higher is better."""

    @property
    def reads(self) -> frozenset[str]:
        """Inputs: `state.x`, `previous.x`, `initial.x`, `info.x`, `action`, ..."""

    def evaluate(self, episode: Trajectory) -> float:
        """The episode's value, which may be infinite or NaN."""


@dataclass(frozen=True, slots=True)
class Success:
    """A compiled success criterion: a condition of steps, or of the whole episode."""

    text: str
    semantics: SuccessSemantics
    held_steps: int
    condition: CompiledExpression | None
    """Per-step condition; None when the criterion is about the whole episode."""
    whole: EpisodeMeasure | None
    """Criterion over the whole episode; None when it is about steps."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields that it reads, entries of `info` among them."""
        judged = self.condition or self.whole
        return tuple(sorted(fields_of(judged.reads))) if judged else ()

    def steps(self, episode: Trajectory) -> np.ndarray | None:
        """Whether the condition holds after each step, shape (n_steps,); None over aggregates."""
        if self.condition is None:
            return None
        with np.errstate(all="ignore"):
            inputs = step_inputs(episode, self.condition.reads)
            return np.asarray(_along(self.condition, inputs, episode.length) > 0)

    def evaluate(self, episode: Trajectory) -> bool:
        """Whether the episode met the criterion."""
        if self.whole is not None:
            return self.whole.evaluate(episode) > 0
        holds = self.steps(episode)
        if holds is None or not len(holds):
            return False
        if self.semantics == "final":
            return bool(holds[-1])
        return longest_run(holds) >= (self.held_steps if self.semantics == "held" else 1)


def compile_fitness(
    text: str,
    spec: StateSpec,
    *,
    horizon: int,
    dt: float | None,
    what: str = "fitness",
    home: Path | None = None,
) -> EpisodeMeasure:
    """Compile what judges one episode; a function is not imported before it is used.

    Args:
        text: Numbers and comparisons over aggregates of per-step quantities, `info["key"]` for the
            mean of an entry, or `function: module:name`.
        spec: Fields and action of the environment.
        horizon: Timesteps after which an episode is truncated.
        dt: Seconds per timestep; None when the environment has no clock.
        what: What messages call it.
        home: Folder of a function's module, where it is not installed.

    Raises:
        ConfigError: Names column, reason and remedy.
    """
    function = parse_function(text, _all_fields(spec), home, what)
    if function is not None:
        return function
    return compile_expression_of_episode(whole(text), spec, horizon=horizon, dt=dt, what=what)


def compile_expression_of_episode(
    text: str, spec: StateSpec, *, horizon: int, dt: float | None, what: str
) -> Fitness:
    """`compile_fitness` for an expression.

    Raises:
        ConfigError: Names column, reason and remedy.
    """
    _refuse_other_entries(text, what)
    # No number of ours stands in for what people judge: it is 0 in every episode.
    outer = parse_outer(NO_MEASURE if text in (BY_RANKING, BY_LABELS) else text, what)
    names = _names(horizon, dt)
    quantities = tuple(
        _compile_quantity(term, spec, what, (text.strip(), names)) for term in outer.terms
    )
    if not quantities and not outer.facts & {"length", "terminated"}:
        raise problem(
            what, text.strip(), 1, "is the same for every episode.", "Write mean(...), last(...)."
        )
    return Fitness(text, outer, quantities, horizon, np.nan if dt is None else dt)


def compile_success(
    text: str,
    spec: StateSpec,
    *,
    semantics: SuccessSemantics,
    held_steps: int,
    horizon: int,
    dt: float | None,
    home: Path | None = None,
) -> Success:
    """Compile a success criterion: per step when it uses no aggregate and is no function.

    Raises:
        ConfigError: Names column, reason and remedy.
    """
    function = parse_function(text, _all_fields(spec), home, "success")
    if function is not None:
        return Success(text, semantics, held_steps, None, function)
    if uses_aggregates(text):
        over_episode = compile_expression_of_episode(
            text, spec, horizon=horizon, dt=dt, what="success"
        )
        return Success(text, semantics, held_steps, None, over_episode)
    _refuse_other_entries(text, "success")
    condition = compile_step(text, spec, "success", _names(horizon, dt))
    if condition.shape != ():
        raise problem("success", text, 1, f"has shape {condition.shape}.", "Compare norm(...).")
    return Success(text, semantics, held_steps, condition, None)


def compile_step(
    text: str, spec: StateSpec, what: str, names: Mapping[str, float | FieldSpec]
) -> CompiledExpression:
    """Compile a per-step expression; `what` names it in messages."""
    try:
        return compile_expression(text, spec, names=names, info=info_keys(text))
    except ConfigError as error:
        raise ConfigError(f"{what}: {error}") from error


def _refuse_other_entries(text: str, what: str) -> None:
    column = other_entry(text)
    if column:
        raise problem(
            what,
            text,
            column,
            "only an entry at the top of info can judge.",
            "Write info[\"key\"], the key of letters, digits and '_'; a wrapper can put there what "
            "lies deeper.",
        )


def step_inputs(episode: Trajectory, reads: frozenset[str]) -> dict[str, np.ndarray]:
    """Inputs of per-step expressions along one episode, each with leading axis n_steps."""
    # an expression that reads nothing takes the number of steps from any input
    return {name: _input(name, episode) for name in (*reads, "step")}


def fields_of(reads: Collection[str]) -> set[str]:
    """Names of the fields behind inputs; an entry of `info` keeps its whole name.

    >>> sorted(fields_of({"state.x", "initial.x", "action", "info.is_success"}))
    ['info.is_success', 'x']
    """
    parts = [(name, *name.partition(".")[::2]) for name in reads]
    owned = {field for _, owner, field in parts if owner in ("state", "previous", "initial")}
    return owned | {name for name, owner, _ in parts if owner == INFO}


def start_inputs(fields: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Inputs of expressions over state fields only, at episode starts."""
    return {f"state.{name}": values for name, values in fields.items()}


def _input(name: str, episode: Trajectory) -> np.ndarray:
    part, _, field = name.partition(".")
    n_steps = episode.length
    match part:
        case "state":
            return episode.fields[field][1:]
        case "previous":
            return episode.fields[field][:-1]
        case "initial":
            return np.repeat(episode.fields[field][:1], n_steps, axis=0)
        case "info":
            return episode.fields[name][1:]
        case "action":
            return episode.actions
        case "previous_action":
            return np.concatenate([np.zeros_like(episode.actions[:1]), episode.actions[:-1]])
        case "step":
            return np.arange(1, n_steps + 1)
        case "terminated":
            return np.asarray(np.arange(1, n_steps + 1) == (n_steps if episode.terminated else 0))
    raise KeyError(name)


def _along(
    expression: CompiledExpression, inputs: Mapping[str, np.ndarray], n_steps: int
) -> np.ndarray:
    values = np.asarray(expression.evaluate(np, inputs), dtype=np.float64)
    return np.broadcast_to(values, (n_steps, *expression.shape))


def _at_start(quantity: Quantity, episode: Trajectory) -> np.ndarray | None:
    if not quantity.term.aggregate.needs_start:
        return None
    fields = {name: values[:1] for name, values in episode.fields.items()}
    return np.asarray(_along(quantity.expression, start_inputs(fields), 1)[0])


def _all_fields(spec: StateSpec) -> frozenset[str]:
    return frozenset(f"state.{field.name}" for field in spec.fields)


def _names(horizon: int, dt: float | None) -> dict[str, float | FieldSpec]:
    """What a per-step expression may read besides fields and actions."""
    numbers: dict[str, float | FieldSpec] = {"horizon": float(horizon)}
    if dt is not None:
        numbers["dt"] = dt
    step = FieldSpec(name="step", kind="int")
    return {**numbers, "step": step, "terminated": FieldSpec(name="terminated", kind="bool")}


def _compile_quantity(
    term: Term,
    spec: StateSpec,
    what: str,
    context: tuple[str, Mapping[str, float | FieldSpec]],
) -> Quantity:
    text, names = context
    expression = compile_step(term.quantity, spec, f"{what}, {term.key!r}", names)
    if expression.shape != () and not term.aggregate.takes_vector:
        raise problem(
            what,
            text,
            term.column,
            f"{term.quantity!r} has shape {expression.shape} in every step.",
            "Make it one number: norm(...), or pick one with [0].",
        )
    foreign = [name for name in expression.reads if not name.startswith("state.")]
    if term.aggregate.needs_start and foreign:
        raise problem(
            what,
            text,
            term.column,
            f"{foreign[0]!r} is unknown at the episode's start.",
            "Use state fields only here.",
        )
    return Quantity(term, expression)
