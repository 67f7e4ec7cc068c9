"""Small changes to a sketch, each with half a sentence that says what it does."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from rewardsmith.messages import ComponentStats
from rewardsmith.roles.offline.grammar import forms_of
from rewardsmith.roles.offline.matching import Signal, plain
from rewardsmith.roles.offline.objectives import Objective, gate_of
from rewardsmith.roles.offline.parts import Gate, Part, gated
from rewardsmith.roles.offline.plans import Plan
from rewardsmith.roles.offline.sketch import Sketch, add, drop
from rewardsmith.roles.offline.views import View

GOAL_ROLES = frozenset({"goal", "motion"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an edit may look at beside the sketch."""

    plan: Plan
    bank: Mapping[str, Part]
    """Parts by component name, to recognise what a component is for."""
    stats: Mapping[str, ComponentStats]
    """How the parent's components behaved; empty when it was never rolled out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A changed sketch and what was changed, as half a sentence."""

    sketch: Sketch
    change: str


def reweigh(sketch: Sketch, factors: Mapping[str, float], change: str) -> Revision | None:
    """Multiply weights; None when no component is concerned."""
    known = {name: f for name, f in factors.items() if name in sketch.weights}
    if not known:
        return None
    weights = {n: _rounded(w * known.get(n, 1.0)) for n, w in sketch.weights.items()}
    return Revision(sketch=replace(sketch, weights=weights), change=change)


def widen(sketch: Sketch, component: str, factor: float) -> Revision | None:
    """Multiply the scales that a component reads, its lines included."""
    formula = _expanded(sketch, component)
    concerned = [
        name
        for name, value in sketch.params.items()
        if f"params.{name}" in formula
        and isinstance(value, float)
        and name.endswith(("scale", "width", "near", "far", "step"))
    ]
    if not concerned:
        return None
    changed = {n: _rounded(float(str(sketch.params[n])) * factor) for n in concerned}
    told = ", ".join(f"`{n}` {sketch.params[n]:g} → {v:g}" for n, v in changed.items())
    return Revision(sketch=replace(sketch, params={**sketch.params, **changed}), change=told)


def without(sketch: Sketch, names: Iterable[str], context: Context) -> Revision | None:
    """Drop components, as long as something that pays for the goal stays."""
    gone = [name for name in names if name in sketch.components]
    left = [name for name in sketch.components if name not in gone]
    if not gone or not any(_role(name, context) in GOAL_ROLES for name in left):
        return None
    told = " and ".join(f"`{name}`" for name in gone)
    return Revision(sketch=drop(sketch, *gone), change=f"{told} dropped")


def with_parts(sketch: Sketch, parts: Iterable[Part], why: str) -> Revision | None:
    """Add components that the sketch does not hold yet."""
    new = [part for part in parts if part.name not in sketch.components]
    if not new:
        return None
    told = " and ".join(f"`{part.name}`" for part in new)
    return Revision(sketch=add(sketch, *new), change=f"{told} added, which {why}")


def aimed(
    sketch: Sketch, view: View, target: float, form: str, context: Context
) -> Revision | None:
    """Pay for a field's being at `target`, instead of whatever paid for its being more or less."""
    goals = names_by_role(sketch, context, *GOAL_ROLES)
    gone = [name for name in goals if _reads(sketch, name, view.field)]
    if not gone:
        return None
    weight = max(sketch.weights.get(name, 1.0) for name in gone)
    bundle = forms_of(Objective(signal=signal_of(view), aim="near", target=target))[form]
    parts = [replace(part, weight=_rounded(part.weight * weight)) for part in bundle]
    left = " and ".join(f"`{name}`" for name in gone)
    come = " and ".join(f"`{part.name}`" for part in parts)
    change = f"{left} gives way to {come}, which wants {target:g} {view.unit}".rstrip()
    why = parts[0].why
    bare = replace(drop(sketch, *gone), title=f"{why[:1].upper()}{why[1:]}.")
    return Revision(sketch=add(bare, *parts), change=change)


def signal_of(view: View) -> Signal:
    """A scalar field as something a component can pay for, under its own name."""
    return plain(view.field.lower().strip("_")[:20], view)


def reformed(
    sketch: Sketch, component: str, preferred: Iterable[str], context: Context
) -> Revision | None:
    """Pay the objective behind `component` in another form, by preference."""
    if component not in sketch.components:  # an earlier answer has replaced it
        return None
    part = context.bank.get(component)
    objective = _objective(part, context) if part else None
    if part is None or objective is None:
        return None
    mine = [n for n in sketch.components if _about(n, context) == part.about]
    forms = forms_of(objective)
    for form in (*preferred, *forms):
        bundle = forms.get(form)
        if bundle and component not in {p.name for p in bundle}:
            weight = max(sketch.weights.get(n, 1.0) for n in mine or [component])
            kept = [replace(p, weight=_rounded(p.weight * weight)) for p in bundle]
            bare = drop(sketch, *mine)
            done = add(bare, *(gated(p, _gates_in(sketch, context)) for p in kept))
            told = " and ".join(f"`{p.name}`" for p in bundle)
            return Revision(sketch=done, change=f"`{component}` gives way to {told} ({form} form)")
    return None


def gated_by_keeps(sketch: Sketch, context: Context) -> Revision | None:
    """Turn side conditions from components into a gate on what pays for the goal."""
    keeps = context.plan.keeps
    if not keeps or _gates_in(sketch, context):
        return None
    goals = [n for n in sketch.components if _role(n, context) in GOAL_ROLES]
    sides = [n for n in sketch.components if _role(n, context) == "keep"]
    parts = [replace(context.bank[n], weight=sketch.weights[n]) for n in goals if n in context.bank]
    if len(parts) != len(goals) or not goals:
        return None
    gates = tuple(gate_of(keep) for keep in keeps)
    bare = drop(sketch, *goals, *sides)
    done = add(bare, *(gated(p, gates) for p in parts))
    ordered = {n: done.components[n] for n in (*goals, *bare.components)}
    told = " and ".join(f"`{g.line.name}`" for g in gates)
    return Revision(
        sketch=replace(done, components=ordered), change=f"{told} scale the goal instead"
    )


def names_by_role(sketch: Sketch, context: Context, *roles: str) -> list[str]:
    """Components of the sketch with one of those roles."""
    return [name for name in sketch.components if _role(name, context) in roles]


def idle_names(sketch: Sketch, context: Context) -> list[str]:
    """Components that pay about the same in every step, so that nothing has to be done for them."""
    found = []
    for name in sketch.components:
        stats = context.stats.get(name)
        steady = stats is not None and stats.mean * stats.weight > 0
        steady = steady and stats is not None and stats.std < 0.1 * abs(stats.mean)
        if steady or (name == "alive" and stats is None):
            found.append(name)
    return found


def _role(name: str, context: Context) -> str:
    part = context.bank.get(name)
    return part.role if part else "goal"


def _about(name: str, context: Context) -> str:
    part = context.bank.get(name)
    return part.about if part else ""


def _objective(part: Part, context: Context) -> Objective | None:
    return next((o for o in context.plan.objectives if o.key == part.about), None)


def _gates_in(sketch: Sketch, context: Context) -> tuple[Gate, ...]:
    known = {line.name for line in sketch.lines}
    gates = (gate_of(keep) for keep in context.plan.keeps)
    return tuple(gate for gate in gates if gate.line.name in known)


def _reads(sketch: Sketch, component: str, field: str) -> bool:
    return re.search(rf"\bstate\.{field}\b", _expanded(sketch, component)) is not None


def _expanded(sketch: Sketch, component: str) -> str:
    """A component's formula followed by the lines it reads."""
    formula = sketch.components.get(component, "")
    for line in reversed(sketch.lines):
        if line.name in formula:
            formula += f" {line.formula}"
    return formula


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
