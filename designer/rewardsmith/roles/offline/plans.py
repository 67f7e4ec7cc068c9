"""From a brief to objectives: what to pay for, what to keep, and how an episode may end."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from rewardsmith.errors import UsageError
from rewardsmith.messages import ActionSpec, StateSpec
from rewardsmith.roles.offline.brief import Brief
from rewardsmith.roles.offline.lexicon import TYPICAL
from rewardsmith.roles.offline.matching import (
    Signal,
    body_speed,
    find_distance,
    find_height,
    find_place,
    find_speed,
    find_spin,
    find_upright,
    find_value,
)
from rewardsmith.roles.offline.objectives import Aim, Objective
from rewardsmith.roles.offline.views import View, concepts_of, single_numbers, tidy, views_of
from rewardsmith.roles.offline.words import Intent, read_intents

_NO_EARLY_END = re.compile(r"\b(never|only|no early|not end|none|horizon alone)\b")
_FALL_WORDS = frozenset(
    {"fal", "below", "leav", "rang", "unhealthy", "tilt", "angle", "z", "crash"}
)
_GOAL_WORDS = frozenset({"target", "reach", "succes", "solv", "arriv"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a brief comes down to."""

    goals: tuple[tuple[Objective, ...], ...]
    """What is asked for; each with its possible readings, the likeliest first."""
    keeps: tuple[Objective, ...]
    """Side conditions."""
    may_fall: bool
    """Whether an episode can end early by failing."""
    ends_at_goal: bool
    """Whether reaching the goal ends an episode, so that being paid for time would delay it."""
    wants_effort: bool
    wants_smooth: bool
    speed: View | None
    """The speed that tells best how much the body moves."""
    state: StateSpec
    doubts: tuple[str, ...] = ()
    """What the words asked for and no field was found for."""

    @property
    def action(self) -> ActionSpec:
        """What a policy may do."""
        return self.state.action

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Every objective, in every reading."""
        return (*(reading for goal in self.goals for reading in goal), *self.keeps)


def plan_of(brief: Brief) -> Plan:
    """Read the brief's words and find the fields they speak of."""
    views = views_of(brief.state)
    intents = read_intents(brief.instruction)
    asked = [i for i in intents if not i.is_constraint and i.quantity not in _NOT_GOALS]
    goals = [_readings(i, views, "goal") for i in asked]
    sides = [i for i in intents if i.is_constraint or (i in asked[1:] and i.quantity == "still")]
    remarked = [i for text in brief.remarks for i in read_intents(text)]
    keeps = [
        r for i in (*sides, *remarked) if i.quantity not in _NOT_GOALS for r in _kept(i, views)
    ]
    named = {i.quantity for i in (*intents, *remarked)}
    end = concepts_of(brief.words.episode_end)
    found = tuple(goal for goal in goals if goal) or _fallback(brief, views)
    at_goal = bool(end & _GOAL_WORDS)
    return Plan(
        goals=found,
        keeps=_unique(keeps, {o.signal.formula for goal in found for o in goal}),
        may_fall="alive" in named or (_ends_early(brief) and not at_goal),
        ends_at_goal=at_goal and any(o.aim == "less" for goal in found for o in goal),
        wants_effort="effort" in named,
        wants_smooth="smooth" in named,
        speed=body_speed(views),
        state=brief.state,
        doubts=tuple(i.quantity for i, goal in zip(asked, goals, strict=True) if not goal),
    )


_NOT_GOALS = frozenset({"alive", "effort", "smooth"})


def _ends_early(brief: Brief) -> bool:
    text = brief.words.episode_end.lower()
    return bool(concepts_of(text) & _FALL_WORDS) and not _NO_EARLY_END.search(text)


def _readings(intent: Intent, views: tuple[View, ...], role: str) -> tuple[Objective, ...]:
    """Objectives that an intent may mean, the likeliest first."""
    signals = _FINDERS[intent.quantity](intent, views)
    made = [_objective(intent, signal) for signal in signals[:2]]
    if intent.quantity == "reach":
        made = made[:1] if role == "keep" else made
    flipped = [_flip(o) for o in made[:1] if o.signal.is_ambiguous]
    return tuple([*made[:1], *flipped, *made[1:]])


def _kept(intent: Intent, views: tuple[View, ...]) -> tuple[Objective, ...]:
    readings = _readings(intent, views, "keep")
    if intent.quantity == "speed" and intent.mode == "more" and not intent.heading:
        return ()
    chosen = readings if intent.quantity == "stay" else readings[:1]
    return tuple(replace(o, role="keep") for o in chosen)


def _objective(intent: Intent, signal: Signal) -> Objective:
    aim = _aim(intent)
    target = intent.amount.value / signal.factor if intent.amount else 0.0
    if intent.quantity == "speed" and aim == "near":
        target = abs(target)
    if intent.quantity in {"stay", "still"}:
        typical = TYPICAL["length"] / signal.factor
        signal = replace(signal, scale=tidy(min(signal.scale, typical)))
    from_start = _counts_from_start(intent, aim, signal)
    if from_start and signal.is_length:
        signal = replace(
            signal, scale=tidy(min(signal.scale, TYPICAL["length"] / 2 / signal.factor))
        )
    within = aim == "less" and intent.amount is not None
    return Objective(
        signal=signal,
        aim=aim,
        target=0.0 if within else float(f"{target:.4g}"),
        tolerance=float(f"{target:.4g}") if within else None,
        start_relative=from_start,
    )


def _aim(intent: Intent) -> Aim:
    """What the intent wants of its signal."""
    if intent.quantity in _FIXED_AIMS:
        return _FIXED_AIMS[intent.quantity]
    if intent.quantity == "reach":
        return "near" if intent.mode == "hold" and intent.amount else "less"
    if intent.mode == "hold":
        return "near" if intent.amount else "more"
    return _AIM_OF_MODE[intent.mode]


_FIXED_AIMS: dict[str, Aim] = {
    "hop": "repeat",
    "upright": "zero",
    "stay": "zero",
    "still": "zero",
    "swing": "swing",
}
_AIM_OF_MODE: dict[str, Aim] = {"more": "more", "less": "less", "above": "above", "below": "below"}


def _counts_from_start(intent: Intent, aim: Aim, signal: Signal) -> bool:
    if "{s}" not in signal.formula or "xp." in signal.formula or signal.name == "tilt":
        return False
    return aim == "repeat" or (aim == "more" and intent.quantity in {"height", "value"})


def _flip(objective: Objective) -> Objective:
    """The same wish with the other sign, for a field that does not say which is which."""
    formula = objective.signal.formula
    turned = formula[1:] if formula.startswith("-") else f"-{formula}"
    return replace(objective, signal=replace(objective.signal, formula=turned))


def _fallback(brief: Brief, views: tuple[View, ...]) -> tuple[tuple[Objective, ...], ...]:
    """With no known quantity: the field that shares most words with the task, else the speed."""
    subject = concepts_of(brief.instruction)
    wish = Intent(quantity="value", mode="more", subject=subject)
    for quantity in ("value", "speed", "spin"):
        found = _readings(replace(wish, quantity=quantity), views, "goal")
        if found:
            return (found,)
    numbers = [v for v in views if v.size == 1 and not v.is_constant]
    known = tuple(numbers) or single_numbers(brief.state)
    if not known:
        raise UsageError(
            "The offline designer finds no number among the state fields. Add one to the card, or "
            "ask a language model with --model."
        )
    return (_readings(replace(wish, subject=known[0].concepts), known, "goal"),)


def _unique(keeps: list[Objective], taken: set[str]) -> tuple[Objective, ...]:
    """Side conditions that are not already the goal, each once."""
    chosen: dict[str, Objective] = {}
    for keep in keeps:
        if keep.signal.formula not in taken:
            chosen.setdefault(keep.key, keep)
    return tuple(chosen.values())


_FINDERS: dict[str, Callable[[Intent, tuple[View, ...]], list[Signal]]] = {
    "speed": find_speed,
    "still": find_speed,
    "height": find_height,
    "hop": find_height,
    "upright": find_upright,
    "swing": find_upright,
    "spin": find_spin,
    "stay": find_place,
    "reach": find_distance,
    "value": find_value,
}
