"""Hypotheses of a first iteration: which forms to combine, what to add against falling or idling.

A recipe is data. The order is that of trust: programs that pay for behaviour and charge side
conditions come first, since a bonus for what standing still already earns teaches to stand still.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np

from rewardsmith.roles.offline.grammar import forms_of
from rewardsmith.roles.offline.objectives import Forms, Objective, gate_of
from rewardsmith.roles.offline.parts import Local, Number, Part, gated
from rewardsmith.roles.offline.plans import Plan
from rewardsmith.roles.offline.sketch import Sketch, sketch_of

Keeping = Literal["charged", "gate", "paid", "ignored"]
Survival = Literal["none", "little", "paid", "fall"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way of turning objectives into a program."""

    form: str
    """Preferred form of the goals; the first form where a goal has none of that name."""
    keeping: Keeping
    """How side conditions enter."""
    survival: Survival
    """What is done against ending early."""
    effort: float = 0.0
    """Weight of the effort component; 0 leaves it out."""
    motion: bool = False
    """Whether motion as such is paid a little at first."""


RECIPES = (
    Recipe(form="linear", keeping="charged", survival="little", effort=0.01),
    Recipe(form="bounded", keeping="gate", survival="none"),
    Recipe(form="mixed", keeping="charged", survival="fall", effort=0.01),
    Recipe(form="linear", keeping="ignored", survival="none"),
    Recipe(form="progress", keeping="charged", survival="little", motion=True),
    Recipe(form="bounded", keeping="charged", survival="paid", effort=0.05),
    Recipe(form="potential", keeping="charged", survival="fall", effort=0.01),
    Recipe(form="linear", keeping="gate", survival="fall", motion=True),
    Recipe(form="events", keeping="charged", survival="little"),
    Recipe(form="record", keeping="charged", survival="fall", motion=True),
    Recipe(form="mixed", keeping="gate", survival="none", effort=0.01),
)

_FORMS = ("linear", "bounded", "mixed", "progress", "record", "potential", "events")


def hypotheses(plan: Plan, rng: np.random.Generator) -> Iterator[tuple[Sketch, str]]:
    """Programs and their rationales, endless: recipes, other readings, random mixtures."""
    readings = list(product(*plan.goals)) or [()]
    recipes = sorted(RECIPES, key=lambda r: plan.ends_at_goal and not r.motion)
    for recipe in recipes[:2]:
        yield compose(plan, readings[0], recipe)
    for chosen in readings[1:3]:
        yield compose(plan, chosen, recipes[0])
    for recipe in recipes[2:]:
        yield compose(plan, readings[0], recipe)
    while True:
        chosen = readings[int(rng.integers(len(readings)))]
        yield compose(plan, chosen, _random(rng), rng)


def compose(
    plan: Plan,
    goals: tuple[Objective, ...],
    recipe: Recipe,
    rng: np.random.Generator | None = None,
) -> tuple[Sketch, str]:
    """A program for `goals` after `recipe`, and one sentence on it; `rng` varies the weights."""
    gates = tuple(gate_of(keep) for keep in plan.keeps) if recipe.keeping == "gate" else ()
    bundles = [_chosen(forms_of(goal), recipe.form, is_gated=bool(gates)) for goal in goals]
    parts = [gated(part, gates) for bundle in bundles for part in bundle]
    parts += [part for keep in plan.keeps for part in _keep(keep, recipe.keeping)]
    parts += motion_parts(plan, parts) if recipe.motion else ()
    parts += survival_parts(plan, recipe.survival)
    parts += cost_parts(plan, recipe.effort)
    parts = list({part.name: part for part in reversed(parts)}.values())[::-1]
    if rng is not None:
        parts = [replace(p, weight=_varied(p.weight, rng)) for p in parts]
    return sketch_of(tuple(parts), _title(parts)), _sentence(plan, parts, recipe)


def bank(plan: Plan) -> dict[str, Part]:
    """Every part a program for `plan` may hold, by component name."""
    goals = [p for o in plan.objectives for form in forms_of(o).values() for p in form]
    others = [*motion_parts(plan, ()), *cost_parts(plan, 0.01)]
    others += [p for mode in ("fall", "paid") for p in survival_parts(plan, mode)]
    return {part.name: part for part in reversed([*goals, *others])}


def survival_parts(plan: Plan, mode: Survival) -> tuple[Part, ...]:
    """What speaks against ending an episode early; where the goal ends it, against dawdling."""
    if plan.ends_at_goal:
        return _hurry_parts()
    if mode == "none" or not plan.may_fall:
        return ()
    if mode == "fall":
        return (FALL,)
    return (replace(ALIVE, weight=0.2 if mode == "little" else 1.0),)


ALIVE = Part(
    name="alive",
    formula="xp.where(terminated, 0.0, 1.0)",
    why="pays every step that does not end the episode",
    role="survival",
    about="survival",
)
FALL = Part(
    name="fall",
    formula="xp.where(terminated, -1.0, 0.0)",
    why="charges ending the episode early",
    weight=10.0,
    role="survival",
    about="survival",
)


def _hurry_parts() -> tuple[Part, ...]:
    """Time costs and arriving pays, so that being rewarded on the way never delays the end."""
    hurry = Part(
        name="hurry",
        formula="xp.where(terminated, 0.0, -1.0)",
        why="charges every step, since reaching the goal ends the episode",
        role="survival",
        about="survival",
    )
    arrived = Part(
        name="arrived",
        formula="xp.where(terminated, 1.0, 0.0)",
        why="pays the end of the episode, which is the goal",
        weight=50.0,
        role="survival",
        about="survival",
    )
    return (hurry, arrived)


def cost_parts(plan: Plan, effort: float) -> tuple[Part, ...]:
    """Effort and smoothness, as far as the task asks for them or `effort` is above 0."""
    if plan.action.choices:
        return ()
    size = max((abs(v) for v in (*plan.action.low, *plan.action.high)), default=1.0)
    bound = Number("action_size", size)
    scaled = "action" if size == 1.0 else "action / params.action_size"
    numbers = () if size == 1.0 else (bound,)
    found = []
    if plan.wants_effort or effort:
        found.append(
            Part(
                name="effort",
                formula=f"-xp.mean(xp.square({scaled}))",
                why="charges strong actions",
                weight=max(effort, 0.1 if plan.wants_effort else 0.0),
                role="cost",
                about="effort",
                numbers=numbers,
            )
        )
    if plan.wants_smooth:
        found.append(smooth_part())
    return tuple(found)


def smooth_part() -> Part:
    """A charge on changing the action from step to step."""
    return Part(
        name="smooth",
        formula="-xp.mean(xp.square(action - previous_action))",
        why="charges sudden changes of the action",
        weight=0.1,
        role="cost",
        about="smooth",
    )


def motion_parts(plan: Plan, parts: list[Part] | tuple[()]) -> tuple[Part, ...]:
    """A little pay for moving at all, unless motion is paid already or the task says to stay."""
    view = plan.speed
    stays = any(keep.aim == "zero" and "offset" in keep.signal.name for keep in plan.keeps)
    if view is None or stays or any(p.role == "motion" or view.field in p.fields for p in parts):
        return ()
    line = Local("motion", f"xp.abs({view.formula.format(s='state')})", view.unit)
    full = Number("motion_scale", view.scale * 2, view.unit)
    return (
        Part(
            name="motion",
            formula="xp.saturate(motion / params.motion_scale)",
            why="pays moving at all, so that a start is found",
            weight=0.8 if plan.ends_at_goal else 0.2,
            role="motion",
            about="motion",
            locals=(line,),
            numbers=(full,),
            fields=(view.field,),
        ),
    )


def _chosen(forms: Forms, wanted: str, *, is_gated: bool) -> tuple[Part, ...]:
    """The wanted form, or the plainest; a gate needs a goal that is paid, not charged."""
    bundle = forms.get(wanted) or next(iter(forms.values()))
    if is_gated and bundle[0].is_charge:
        return forms["bounded"]
    return bundle


def _keep(keep: Objective, keeping: Keeping) -> tuple[Part, ...]:
    """A side condition as components; gates are not components."""
    if keeping in {"gate", "ignored"}:
        return ()
    forms = forms_of(keep)
    form = forms["linear"] if keeping == "charged" else forms["bounded"]
    return tuple(replace(part, weight=0.2 * part.weight) for part in form[:1])


def _random(rng: np.random.Generator) -> Recipe:
    keepings: tuple[Keeping, ...] = ("charged", "gate", "paid", "ignored")
    survivals: tuple[Survival, ...] = ("none", "little", "paid", "fall")
    return Recipe(
        form=_FORMS[int(rng.integers(len(_FORMS)))],
        keeping=keepings[int(rng.integers(len(keepings)))],
        survival=survivals[int(rng.integers(len(survivals)))],
        effort=(0.0, 0.001, 0.01, 0.05)[int(rng.integers(4))],
        motion=bool(rng.integers(2)),
    )


def _varied(weight: float, rng: np.random.Generator) -> float:
    return float(f"{weight * 2.0 ** rng.integers(-1, 2):.3g}")


def _title(parts: list[Part]) -> str:
    """First words of the goals' reasons, as a docstring."""
    goals = [p for p in parts if p.role in {"goal", "motion"}]
    text = "; ".join(p.why for p in goals[:3]) or "Pays staying alive"
    return f"{text[0].upper()}{text[1:]}."


def _sentence(plan: Plan, parts: list[Part], recipe: Recipe) -> str:
    told = ", ".join(f"`{p.name}` {p.why}" for p in parts)
    gates = f" All of it only as far as {_kept(plan)} holds." if _is_gated(plan, recipe) else ""
    doubts = f" No field was found for: {', '.join(plan.doubts)}." if plan.doubts else ""
    return f"Hypothesis ({recipe.form}): {told}.{gates}{doubts}"


def _is_gated(plan: Plan, recipe: Recipe) -> bool:
    return recipe.keeping == "gate" and bool(plan.keeps)


def _kept(plan: Plan) -> str:
    return " and ".join(f"a small {keep.signal.name.replace('_', ' ')}" for keep in plan.keeps)
