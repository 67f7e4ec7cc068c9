"""The forms in which an objective can be paid: linear, bounded, progress, record, events.

Every form is a small bundle of parts over the `xp` library. Constants come from the signal's scale
and the task's own numbers; nothing here knows an environment.
"""

from collections.abc import Callable

from rewardsmith.roles.offline.movements import rate_parts, repeat_forms, swing_forms
from rewardsmith.roles.offline.objectives import (
    Aim,
    Forms,
    Objective,
    line_of,
    name_of,
    part_of,
    scale_of,
    varied,
    width_of,
)
from rewardsmith.roles.offline.parts import Local, Number, Part
from rewardsmith.roles.offline.views import tidy


def forms_of(objective: Objective) -> Forms:
    """Every way of paying `objective`, the plainest first."""
    return _FORMS[objective.aim](objective)


def _more(o: Objective) -> Forms:
    n, label, scale = name_of(o), o.signal.name.replace("_", " "), scale_of(o)
    plain = part_of(o, n, f"{n} / params.{scale.name}", f"pays {label} in proportion", scale)
    bounded = part_of(
        o,
        f"{n}_bounded",
        f"xp.tanh({n} / params.{scale.name})",
        f"pays {label} up to a bound",
        scale,
    )
    return {"linear": (plain, *rate_parts(o)), "bounded": (bounded,), **_change_forms(o, sign=1)}


def _less(o: Objective) -> Forms:
    n, label = name_of(o), o.signal.name.replace("_", " ")
    scale, far = scale_of(o), scale_of(o, times=2, name="far")
    near = Number(f"{o.signal.name}_near", tidy(o.tolerance or o.signal.scale / 4), o.signal.unit)
    linear = part_of(
        o, n, f"-{n} / params.{scale.name}", f"charges {label} in proportion", scale, is_charge=True
    )
    wide = part_of(
        o,
        f"{n}_wide",
        f"xp.exp(-{n} / params.{far.name})",
        f"pays a smaller {label} from afar",
        far,
    )
    precise = part_of(
        o,
        f"{n}_close",
        f"xp.exp(-xp.square({n} / params.{near.name}))",
        f"pays the last bit of {label}",
        near,
    )
    shaped = varied(
        precise,
        potential=f"-{o.signal.formula.format(s='state')} / {scale.value:g}",
        why=f"pays arriving, while a potential shapes {label}",
    )
    forms = {"linear": (linear,), "bounded": (wide, precise), "mixed": (linear, precise)}
    forms |= _change_forms(o, sign=-1)
    return forms | ({"potential": (shaped,)} if "initial" not in o.signal.formula else {})


def _near(o: Objective) -> Forms:
    n, label = name_of(o), o.signal.name.replace("_", " ")
    target = Number(f"{o.signal.name}_target", o.target, o.signal.unit)
    width = Number(f"{o.signal.name}_width", tidy(width_of(o)), o.signal.unit)
    gap = f"({n} - params.{target.name})"
    capped_gain = f"xp.minimum({n}, params.{target.name})"
    overshoot = f"xp.maximum({n} - params.{target.name}, 0.0)"
    error = part_of(
        o,
        f"{n}_error",
        f"-xp.abs{gap} / params.{width.name}",
        f"charges {label} off its target",
        target,
        width,
        is_charge=True,
    )
    bell = part_of(
        o,
        f"{n}_match",
        f"xp.exp(-xp.square({gap} / params.{width.name}))",
        f"pays {label} near its target",
        target,
        width,
    )
    capped = part_of(
        o,
        f"{n}_capped",
        f"({capped_gain} - 2.0 * {overshoot}) / params.{width.name}",
        f"pays {label} up to its target and charges what is beyond",
        target,
        width,
    )
    return {"linear": (error,), "bounded": (bell,), "mixed": (error, bell), "progress": (capped,)}


def _zero(o: Objective) -> Forms:
    n, label, scale = name_of(o), o.signal.name.replace("_", " "), scale_of(o)
    cost = part_of(
        o,
        f"{n}_cost",
        f"-xp.tanh(xp.abs({n}) / params.{scale.name})",
        f"charges {label}, up to a bound",
        scale,
        is_charge=True,
    )
    bell = part_of(
        o,
        f"{n}_small",
        f"xp.exp(-xp.square({n} / params.{scale.name}))",
        f"pays a small {label}",
        scale,
    )
    steep = part_of(
        o,
        f"{n}_square",
        f"-xp.square({n} / params.{scale.name})",
        f"charges {label} squared",
        scale,
        is_charge=True,
    )
    return {"linear": (cost,), "bounded": (bell,), "mixed": (steep,)}


def _threshold(o: Objective) -> Forms:
    n, label, scale = name_of(o), o.signal.name.replace("_", " "), scale_of(o)
    target = Number(f"{o.signal.name}_target", o.target, o.signal.unit)
    gap = f"{n} - params.{target.name}" if o.aim == "above" else f"params.{target.name} - {n}"
    short = part_of(
        o,
        f"{n}_short",
        f"xp.minimum({gap}, 0.0) / params.{scale.name}",
        f"charges {label} on the wrong side of its limit",
        target,
        scale,
        is_charge=True,
    )
    met = part_of(
        o,
        f"{n}_met",
        f"xp.saturate(({gap}) / params.{scale.name} + 1.0)",
        f"pays {label} on the right side of its limit",
        target,
        scale,
    )
    return {"linear": (short,), "bounded": (met,), "mixed": (short, met)}


def _change_forms(o: Objective, *, sign: int) -> Forms:
    """Pay the change in one step, or only what is better than ever before."""
    if "{s}" not in o.signal.formula or "initial" in o.signal.formula:
        return {}
    if "speed" in o.signal.name or "spin" in o.signal.name:
        return {}
    n, label = name_of(o), o.signal.name.replace("_", " ")
    step = scale_of(o, times=0.05, name="step")
    gap = f"{n} - {n}_before" if sign > 0 else f"{n}_before - {n}"
    progress = part_of(
        o,
        f"{n}_progress",
        f"({gap}) / params.{step.name}",
        f"pays every step's progress in {label}",
        step,
        locals=(line_of(o), line_of(o, at="previous")),
    )
    return {"progress": (progress,), "record": (_record(o, step, sign=sign),)}


def _record(o: Objective, step: Number, *, sign: int) -> Part:
    """Pay what is better than ever since the start; repeating old ground pays nothing."""
    n = name_of(o)
    start = Local(f"{n}_start", o.signal.formula.format(s="initial"), o.signal.unit)
    gained = n if o.start_relative else f"{n} - {start.name}" if sign > 0 else f"{start.name} - {n}"
    best = f"memory.{n}_record_best"
    lines = (line_of(o),) if o.start_relative else (line_of(o), start)
    return part_of(
        o,
        f"{n}_record",
        f"xp.maximum({n}_gained - {best}, 0.0) / params.{step.name}",
        f"pays only {o.signal.name.replace('_', ' ')} better than ever in the episode",
        step,
        locals=(*lines, Local(f"{n}_gained", gained, o.signal.unit)),
        memory=0.0,
        update=f"xp.maximum({best}, {n}_gained)",
    )


_FORMS: dict[Aim, Callable[[Objective], Forms]] = {
    "more": _more,
    "less": _less,
    "near": _near,
    "zero": _zero,
    "above": _threshold,
    "below": _threshold,
    "repeat": repeat_forms,
    "swing": swing_forms,
}
