"""Answers the analyzer's causes with changes to the parent's program.

A table from cause to edits; each edit says what it changed, each revised program names the cause
that led to it. Alternatives stand in order of trust, so that several children of one parent differ.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from rewardsmith.messages import Cause
from rewardsmith.roles.offline.edits import (
    Context,
    Revision,
    aimed,
    gated_by_keeps,
    idle_names,
    names_by_role,
    reformed,
    reweigh,
    signal_of,
    widen,
    with_parts,
    without,
)
from rewardsmith.roles.offline.grammar import forms_of
from rewardsmith.roles.offline.objectives import Objective, gate_of
from rewardsmith.roles.offline.parts import Part
from rewardsmith.roles.offline.recipes import ALIVE, FALL, cost_parts, motion_parts, smooth_part
from rewardsmith.roles.offline.sketch import Sketch
from rewardsmith.roles.offline.views import View, views_of

Edit = Callable[[Sketch, Cause, Context], Revision | None]

_SEVERITY = {"error": 0, "warning": 1, "note": 2}


def answers(sketch: Sketch, causes: tuple[Cause, ...], context: Context) -> Iterator[Revision]:
    """Revisions of `sketch`: first all causes answered, then each alone, then second choices.

    What rollouts showed of the task itself is answered in all of them.
    """
    known = [c for c in causes if c.code in EDITS]
    ordered = [c for c in known if c.severity != "note"] or _hints(known)
    ordered.sort(key=lambda c: _SEVERITY[c.severity])
    facts = [c for c in ordered if c.code in OF_THE_TASK]
    others = [c for c in ordered if c not in facts]
    n_variants = max((len(EDITS[c.code]) for c in ordered), default=0)
    for variant in range(n_variants):
        alone = ([*facts, c] for c in others if variant < len(EDITS[c.code]))
        for answered in ([*facts, *others][:3], facts, *alone):
            revision = _together(sketch, answered, context, variant)
            if revision:
                yield revision


def _hints(causes: list[Cause]) -> list[Cause]:
    """Notes worth acting on where nothing graver was found; a goal may dominate its own reward."""
    return [c for c in causes if c.code not in {"dominating-component", "flat-component"}]


def remarked(sketch: Sketch, context: Context) -> Revision | None:
    """Side conditions that people's remarks brought into the plan, added as charges."""
    gates = {line.name for line in sketch.lines}
    open_keeps = [k for k in context.plan.keeps if gate_of(k).line.name not in gates]
    parts = [forms_of(keep)["linear"][0] for keep in open_keeps]
    parts += cost_parts(context.plan, 0.0)
    new = [replace(p, weight=max(0.3, p.weight * 0.3)) for p in parts]
    revision = with_parts(sketch, new, "answers a person's remark")
    return replace(revision, change=f"{revision.change}.") if revision else None


def _together(
    sketch: Sketch, causes: list[Cause], context: Context, variant: int
) -> Revision | None:
    """One revision that answers several causes in turn."""
    changes: list[str] = []
    for cause in causes:
        edits = EDITS[cause.code]
        revision = edits[variant % len(edits)](sketch, cause, context)
        if revision:
            sketch = revision.sketch
            changes.append(_told(revision, cause).change)
    return Revision(sketch=sketch, change=" ".join(changes)) if changes else None


def _told(revision: Revision, cause: Cause) -> Revision:
    """The revision with its cause before it."""
    reason = cause.message.rstrip(". ")
    return replace(revision, change=f"Because {_uncapitalised(reason)}: {revision.change}.")


def _uncapitalised(text: str) -> str:
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _stop_paying_idleness(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    """Drop what standing still earns, and pay for getting going."""
    done = without(sketch, idle_names(sketch, context), context)
    base = done.sketch if done else sketch
    started = _get_going(base, cause, context)
    changes = [r.change for r in (done, started) if r]
    final = started or done
    return Revision(sketch=final.sketch, change="; ".join(changes)) if final else None


def _pay_goal_more(sketch: Sketch, _cause: Cause, context: Context) -> Revision | None:
    idle = idle_names(sketch, context)
    goals = [n for n in names_by_role(sketch, context, "goal", "motion") if n not in idle]
    factors = {**dict.fromkeys(goals, 2.0), **dict.fromkeys(idle, 0.2)}
    factors |= dict.fromkeys(names_by_role(sketch, context, "cost"), 0.2)
    return reweigh(sketch, factors, "the goal weighs twice, what idling earns a fifth")


def _gate(sketch: Sketch, _cause: Cause, context: Context) -> Revision | None:
    return gated_by_keeps(sketch, context)


def _get_going(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    """Pay speed of what is to move: the goal's own rate, else the body's speed."""
    rates = [p for p in context.bank.values() if p.role == "motion" and p.about != "motion"]
    telling = [
        p for p in rates if p.about in {o.key for goal in context.plan.goals for o in goal[:1]}
    ]
    parts = telling[:1] or list(motion_parts(context.plan, ())) or _rate_of(cause, context)
    return with_parts(sketch, parts, "pays moving")


def _rate_of(cause: Cause, context: Context) -> list[Part]:
    """Change of the unmoved field in one step, where nothing else measures motion."""
    found = [p for p in context.bank.values() if cause.field in p.fields and "progress" in p.name]
    return found[:1]


def _live_longer(sketch: Sketch, _cause: Cause, context: Context) -> Revision | None:
    if "alive" in sketch.components:
        return reweigh(sketch, {"alive": 3.0}, "`alive` weighs three times")
    return with_parts(sketch, [replace(ALIVE, weight=0.5)], ALIVE.why)


def _charge_falls(sketch: Sketch, _cause: Cause, _context: Context) -> Revision | None:
    if "fall" in sketch.components:
        return reweigh(sketch, {"fall": 3.0}, "`fall` weighs three times")
    return with_parts(sketch, [FALL], FALL.why)


def _calm_down(sketch: Sketch, _cause: Cause, context: Context) -> Revision | None:
    lively = names_by_role(sketch, context, "motion")
    return reweigh(sketch, dict.fromkeys(lively, 0.3), "what pays mere motion weighs a third")


def _widen(sketch: Sketch, cause: Cause, _context: Context) -> Revision | None:
    return widen(sketch, cause.component or "", 3.0)


def _reshape(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    return reformed(sketch, cause.component or "", ("linear", "mixed", "progress"), context)


def _bound(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    return reformed(sketch, cause.component or _main(sketch, context), ("bounded",), context)


def _drop(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    return without(sketch, [cause.component or ""], context)


def _balance(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    """Bring a dominating component's share down to a half of all."""
    stats = context.stats.get(cause.component or "")
    share = min(stats.share if stats else 0.95, 0.99)
    factor = max((1.0 - share) / max(share, 1e-6), 0.1)
    change = f"`{cause.component}` weighs {factor:.2g} of what it did"
    return reweigh(sketch, {cause.component or "": factor}, change)


def _raise_others(sketch: Sketch, cause: Cause, _context: Context) -> Revision | None:
    others = [n for n in sketch.weights if n != cause.component]
    return reweigh(sketch, dict.fromkeys(others, 3.0), "all other components weigh three times")


def _other_form(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    name = cause.component or _main(sketch, context)
    return reformed(sketch, name, ("bounded", "progress", "mixed"), context)


def _other_reading(sketch: Sketch, _cause: Cause, context: Context) -> Revision | None:
    """Flip the sign of a signal of which nothing says which way is meant."""
    for goal in context.plan.goals:
        name = goal[0].signal.name
        for i, line in enumerate(sketch.lines):
            if goal[0].signal.is_ambiguous and line.name.startswith(name):
                turned = line.formula[1:] if line.formula.startswith("-") else f"-{line.formula}"
                lines = (*sketch.lines[:i], line._replace(formula=turned), *sketch.lines[i + 1 :])
                return Revision(
                    sketch=replace(sketch, lines=lines), change=f"`{name}` counts the other way"
                )
    return None


def _hold_field(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    """Charge the field that ended the episode for leaving its start."""
    part = steady_part(cause.field or "", context)
    return with_parts(sketch, [part], f"keeps `{cause.field}` where it began") if part else None


def steady_part(field: str, context: Context) -> Part | None:
    """A bounded charge on how far a scalar field is from the episode's start."""
    view = _view_of(field, context)
    if view is None:
        return None
    plain = signal_of(view)
    drift = f"{view.formula} - {view.formula.format(s='initial')}"
    signal = replace(plain, name=f"{plain.name}_drift", formula=drift)
    keep = Objective(signal=signal, aim="zero", role="keep")
    return replace(forms_of(keep)["linear"][0], weight=0.5)


def _aim(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    """Pay up to where fitness was best, and charge what is beyond."""
    return _aimed_in("progress", sketch, cause, context)


def _aim_softly(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    """Charge the distance, and pay for being close."""
    return _aimed_in("mixed", sketch, cause, context)


def _aim_by_distance(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    """Charge the distance alone, in proportion."""
    return _aimed_in("linear", sketch, cause, context)


def _aim_when_close(sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    """Pay for being close alone."""
    return _aimed_in("bounded", sketch, cause, context)


def _aimed_in(form: str, sketch: Sketch, cause: Cause, context: Context) -> Revision | None:
    view = _view_of(cause.field or "", context)
    if view is None or cause.number is None:
        return None
    return aimed(sketch, view, cause.number, form, context)


def _view_of(field: str, context: Context) -> View | None:
    """How a program reads a scalar field."""
    return next((v for v in views_of(context.plan.state) if v.field == field and v.size == 1), None)


def _smoother(sketch: Sketch, _cause: Cause, context: Context) -> Revision | None:
    if context.plan.action.choices:
        return None
    if "smooth" in sketch.components:
        return reweigh(sketch, {"smooth": 3.0}, "`smooth` weighs three times")
    return with_parts(sketch, [smooth_part()], smooth_part().why)


def _cheaper(sketch: Sketch, _cause: Cause, context: Context) -> Revision | None:
    if "effort" in sketch.components:
        return reweigh(sketch, {"effort": 3.0}, "`effort` weighs three times")
    parts = cost_parts(context.plan, 0.03)
    return with_parts(sketch, parts, "charges strong actions")


def _push(sketch: Sketch, _cause: Cause, context: Context) -> Revision | None:
    goals = names_by_role(sketch, context, "goal")
    return reweigh(sketch, dict.fromkeys(goals, 2.0), "the goal weighs twice")


def _relax(sketch: Sketch, _cause: Cause, context: Context) -> Revision | None:
    sides = names_by_role(sketch, context, "keep", "cost")
    return reweigh(sketch, dict.fromkeys(sides, 0.5), "side conditions and costs weigh half")


def _main(sketch: Sketch, context: Context) -> str:
    """The goal's component that varies most; the first without measurements."""
    goals = names_by_role(sketch, context, "goal") or list(sketch.components)
    measured = [n for n in goals if n in context.stats]
    return max(measured, key=lambda n: context.stats[n].share, default=goals[0])


EDITS: dict[str, tuple[Edit, ...]] = {
    "stands-still": (_stop_paying_idleness, _gate, _pay_goal_more),
    "unmoved-field": (_get_going, _pay_goal_more),
    "ends-early": (_live_longer, _charge_falls, _calm_down),
    "early-end-pays": (_charge_falls, _live_longer),
    "left-range": (_hold_field, _charge_falls),
    "dead-component": (_reshape, _widen, _drop),
    "flat-component": (_reshape, _drop),
    "saturated-component": (_widen, _reshape),
    "dominating-component": (_balance, _bound, _raise_others),
    "opposed-component": (_drop, _other_form),
    "return-without-fitness": (_other_form, _other_reading, _gate),
    "collapsed": (_bound, _calm_down, _relax),
    "unfinished": (_push, _relax),
    "stalled": (_other_reading, _other_form, _push),
    "oscillates": (_smoother, _cheaper),
    "peaked-field": (_aim, _aim_softly, _aim_by_distance, _aim_when_close),
    "wanders-off": (_hold_field,),
    "blow-up": (_bound, _cheaper),
}
"""Edits for each cause of the analyzer, in order of trust."""

OF_THE_TASK = frozenset({"peaked-field"})
"""Causes that say what the task wants, whichever candidate showed it."""
