"""Drafts ways to measure a task from its words, for a person to choose from.

Three expressions that differ where the words leave it open: in which reading is meant, and whether
the whole episode counts, its end, or the share of it in which the task is being done. They are as
blind as the offline designer: words and typed fields in, no reward of any kind.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from rewardsmith.environments.fitness import compile_fitness
from rewardsmith.errors import ConfigError
from rewardsmith.messages import MeasureDraft
from rewardsmith.roles.offline.brief import Brief
from rewardsmith.roles.offline.objectives import Aim, Objective, width_of
from rewardsmith.roles.offline.plans import Plan, plan_of
from rewardsmith.roles.offline.views import tidy

N_DRAFTS = 3
KEPT_WEIGHT = 0.3
"""Of a side condition beside the goals, each in its own scale."""
_HELD = 0.5
"""Share of a signal's everyday size from which a goal without a number counts as being done."""
_FIELD = re.compile(r"\b(state\.|xp\.)")


def draft_measures(brief: Brief, *, dt: float | None) -> tuple[MeasureDraft, ...]:
    """Three fitness expressions for a task, the likeliest first; fewer where words say little.

    Args:
        brief: The task in words, and the card's fields.
        dt: Seconds per timestep; None when the environment has no clock.

    Raises:
        UsageError: The fields hold no number to measure by.
    """
    found: dict[str, MeasureDraft] = {}
    for draft in _ideas(plan_of(brief)):
        try:
            compile_fitness(draft.text, brief.state, horizon=brief.horizon, dt=dt)
        except ConfigError:
            continue  # a formula of programs that expressions do not have
        text = ast.unparse(ast.parse(draft.text, mode="eval"))  # without needless brackets
        found.setdefault(text, replace(draft, text=text))
    return tuple(found.values())[:N_DRAFTS]


def _ideas(plan: Plan) -> Iterator[MeasureDraft]:
    likely = tuple(goal[0] for goal in plan.goals)
    names = _named(likely)
    yield MeasureDraft(text=_over(likely, plan, "mean"), why=f"Over the whole episode: {names}.")
    yield MeasureDraft(text=_share(likely), why=f"Share of the time with: {names}.")
    for number, goal in enumerate(plan.goals):
        for other in goal[1:]:
            meant = (*likely[:number], other, *likely[number + 1 :])
            why = f"In another reading, over the whole episode: {_named(meant)}."
            yield MeasureDraft(text=_over(meant, plan, "mean"), why=why)
    yield MeasureDraft(text=_over(likely, plan, "last"), why=f"At the end only: {names}.")
    yield MeasureDraft(text=_over(likely, plan, "max"), why=f"At its best moment: {names}.")


def _over(goals: tuple[Objective, ...], plan: Plan, aggregate: str) -> str:
    """Goals under one aggregate, side conditions over the whole episode, in their own scales."""
    parts = [f"{aggregate}({_quality(goal)})" for goal in goals]
    kept = [f"{KEPT_WEIGHT} * mean({_quality(keep)})" for keep in plan.keeps]
    return " + ".join([*parts, *kept])


def _share(goals: tuple[Objective, ...]) -> str:
    return f"mean({' and '.join(f'({_condition(goal)})' for goal in goals)})"


def _signal(objective: Objective) -> str:
    """The signal as expressions write it."""
    formula = objective.signal.formula.format(s="state")
    if objective.start_relative:
        formula += f" - {objective.signal.formula.format(s='initial')}"
    return _FIELD.sub("", formula).replace("atan2", "arctan2")


def _quality(objective: Objective) -> str:
    """A number of one step that is larger the better, in the signal's everyday size."""
    x, target = f"({_signal(objective)})", f"{objective.target:g}"
    raw = _QUALITIES[objective.aim](x, target)
    scale = f"{tidy(objective.signal.scale):g}"
    return raw if objective.aim == "swing" or scale == "1" else f"{raw} / {scale}"


_QUALITIES: dict[Aim, Callable[[str, str], str]] = {
    "more": lambda x, t: x,
    "less": lambda x, t: f"-{x}",
    "near": lambda x, t: f"-abs({x} - {t})",
    "zero": lambda x, t: f"-abs{x}",
    "above": lambda x, t: f"minimum({x} - {t}, 0)",
    "below": lambda x, t: f"minimum({t} - {x}, 0)",
    "repeat": lambda x, t: f"maximum({x}, 0)",
    "swing": lambda x, t: f"cos{x}",
}


def _condition(objective: Objective) -> str:
    """Whether the goal is being met in one step."""
    x, width = f"({_signal(objective)})", width_of(objective)
    held = f"{tidy(_HELD * objective.signal.scale):g}"
    near = f"{tidy(objective.tolerance or _HELD * width):g}"
    match objective.aim:
        case "more" | "repeat":
            return f"{x} > {held}"
        case "less":
            return f"{x} < {near}"
        case "near":
            return f"abs({x} - {objective.target:g}) < {near}"
        case "zero":
            return f"abs{x} < {near}"
        case "above":
            return f"{x} > {objective.target:g}"
        case "below":
            return f"{x} < {objective.target:g}"
        case "swing":
            return f"cos{x} > 0.9"


def _named(goals: tuple[Objective, ...]) -> str:
    return ", ".join(f"{_AIMS[goal.aim]} {goal.signal.name.replace('_', ' ')}" for goal in goals)


_AIMS: dict[Aim, str] = {
    "more": "more",
    "less": "less",
    "near": "the wanted",
    "zero": "no",
    "above": "enough",
    "below": "not too much",
    "repeat": "repeated",
    "swing": "raised",
}
