"""The forms in which an objective can be paid: linear, bounded, progress, record, events.

Every form is a small bundle of parts over the `xp` library. Constants come from the signal's scale
and the task's own numbers; nothing here knows an environment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from rewardsmith.roles.offline.matching import Signal
from rewardsmith.roles.offline.parts import Gate, Local, Number, Part, Role
from rewardsmith.roles.offline.views import tidy

Aim = Literal["more", "less", "near", "zero", "above", "below", "repeat", "swing"]
"""What is wanted of a signal: more of it, less of it, a value, and so on."""

Forms = Mapping[str, tuple[Part, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A signal and what is wanted of it."""

    signal: Signal
    aim: Aim
    target: float = 0.0
    """In the signal's unit; used by near, above, below."""
    tolerance: float | None = None
    """Closeness that the task states, in the signal's unit."""
    role: Role = "goal"
    start_relative: bool = False
    """Whether the signal counts from the episode's start."""

    @property
    def key(self) -> str:
        """What parts of this objective have in common."""
        return f"{self.signal.name}:{self.aim}"


def forms_of(objective: Objective) -> Forms:
    """Every way of paying `objective`, the plainest first."""
    return _FORMS[objective.aim](objective)


def gate_of(objective: Objective) -> Gate:
    """A factor that is 1 where `objective` is met and fades to 0."""
    name = f"{objective.signal.name}_gate"
    line, offset, number = _error(objective)
    return Gate(
        Local(name, f"xp.exp(-xp.square({offset} / params.{number.name}))"), line, (number,)
    )


def _error(objective: Objective) -> tuple[tuple[Local, ...], str, Number]:
    """(lines, formula of the distance from where the objective is met, its width)."""
    n, signal = _name(objective), objective.signal
    width = Number(f"{signal.name}_width", tidy(_width(objective)), signal.unit)
    if objective.aim in {"near", "above", "below"}:
        offset = f"({n} - {objective.target:g})" if objective.target else n
        if objective.aim != "near":
            gap = (
                f"{n} - {objective.target:g}"
                if objective.aim == "below"
                else f"{objective.target:g} - {n}"
            )
            offset = f"xp.maximum({gap}, 0.0)"
    elif objective.aim in {"more", "repeat"}:
        offset = f"xp.maximum(params.{width.name} - {n}, 0.0)"
    else:
        offset = n
    return (_line(objective),), offset, width


def _width(objective: Objective) -> float:
    if objective.tolerance:
        return objective.tolerance
    if objective.aim == "near" and objective.target:
        return max(abs(objective.target) / 2, objective.signal.scale / 4)
    return objective.signal.scale


def _name(objective: Objective) -> str:
    return f"{objective.signal.name}_gain" if objective.start_relative else objective.signal.name


def _line(objective: Objective, *, at: str = "state") -> Local:
    """The program line that reads the signal."""
    signal, name = objective.signal, _name(objective)
    formula = signal.formula.format(s=at)
    if objective.start_relative:
        formula += f" - {signal.formula.format(s='initial')}"
    if at == "previous":
        name += "_before"
    return Local(name, formula, signal.unit)


def _scale(objective: Objective, *, times: float = 1.0, name: str = "scale") -> Number:
    signal = objective.signal
    return Number(f"{signal.name}_{name}", tidy(signal.scale * times), signal.unit)


def _part(
    objective: Objective, name: str, formula: str, why: str, *numbers: Number, **words: object
) -> Part:
    part = Part(
        name=name,
        formula=formula,
        why=why,
        role=objective.role,
        about=objective.key,
        locals=(_line(objective),),
        numbers=numbers,
        fields=objective.signal.fields,
    )
    return _with(part, **words) if words else part


def _with(part: Part, **words: object) -> Part:
    return replace(part, **words)  # type: ignore[arg-type]  # names are checked by replace


def _more(o: Objective) -> Forms:
    n, label, scale = _name(o), o.signal.name.replace("_", " "), _scale(o)
    plain = _part(o, n, f"{n} / params.{scale.name}", f"pays {label} in proportion", scale)
    bounded = _part(
        o,
        f"{n}_bounded",
        f"xp.tanh({n} / params.{scale.name})",
        f"pays {label} up to a bound",
        scale,
    )
    return {"linear": (plain, *_rate_parts(o)), "bounded": (bounded,), **_change_forms(o, sign=1)}


def _less(o: Objective) -> Forms:
    n, label = _name(o), o.signal.name.replace("_", " ")
    scale, far = _scale(o), _scale(o, times=2, name="far")
    near = Number(f"{o.signal.name}_near", tidy(o.tolerance or o.signal.scale / 4), o.signal.unit)
    linear = _part(
        o, n, f"-{n} / params.{scale.name}", f"charges {label} in proportion", scale, is_charge=True
    )
    wide = _part(
        o,
        f"{n}_wide",
        f"xp.exp(-{n} / params.{far.name})",
        f"pays a smaller {label} from afar",
        far,
    )
    precise = _part(
        o,
        f"{n}_close",
        f"xp.exp(-xp.square({n} / params.{near.name}))",
        f"pays the last bit of {label}",
        near,
    )
    shaped = _with(
        precise,
        potential=f"-{o.signal.formula.format(s='state')} / {scale.value:g}",
        why=f"pays arriving, while a potential shapes {label}",
    )
    forms = {"linear": (linear,), "bounded": (wide, precise), "mixed": (linear, precise)}
    forms |= _change_forms(o, sign=-1)
    return forms | ({"potential": (shaped,)} if "initial" not in o.signal.formula else {})


def _near(o: Objective) -> Forms:
    n, label = _name(o), o.signal.name.replace("_", " ")
    target = Number(f"{o.signal.name}_target", o.target, o.signal.unit)
    width = Number(f"{o.signal.name}_width", tidy(_width(o)), o.signal.unit)
    gap = f"({n} - params.{target.name})"
    capped_gain = f"xp.minimum({n}, params.{target.name})"
    overshoot = f"xp.maximum({n} - params.{target.name}, 0.0)"
    error = _part(
        o,
        f"{n}_error",
        f"-xp.abs{gap} / params.{width.name}",
        f"charges {label} off its target",
        target,
        width,
        is_charge=True,
    )
    bell = _part(
        o,
        f"{n}_match",
        f"xp.exp(-xp.square({gap} / params.{width.name}))",
        f"pays {label} near its target",
        target,
        width,
    )
    capped = _part(
        o,
        f"{n}_capped",
        f"({capped_gain} - 2.0 * {overshoot}) / params.{width.name}",
        f"pays {label} up to its target and charges what is beyond",
        target,
        width,
    )
    return {"linear": (error,), "bounded": (bell,), "mixed": (error, bell), "progress": (capped,)}


def _zero(o: Objective) -> Forms:
    n, label, scale = _name(o), o.signal.name.replace("_", " "), _scale(o)
    cost = _part(
        o,
        f"{n}_cost",
        f"-xp.tanh(xp.abs({n}) / params.{scale.name})",
        f"charges {label}, up to a bound",
        scale,
        is_charge=True,
    )
    bell = _part(
        o,
        f"{n}_small",
        f"xp.exp(-xp.square({n} / params.{scale.name}))",
        f"pays a small {label}",
        scale,
    )
    steep = _part(
        o,
        f"{n}_square",
        f"-xp.square({n} / params.{scale.name})",
        f"charges {label} squared",
        scale,
        is_charge=True,
    )
    return {"linear": (cost,), "bounded": (bell,), "mixed": (steep,)}


def _threshold(o: Objective) -> Forms:
    n, label, scale = _name(o), o.signal.name.replace("_", " "), _scale(o)
    target = Number(f"{o.signal.name}_target", o.target, o.signal.unit)
    gap = f"{n} - params.{target.name}" if o.aim == "above" else f"params.{target.name} - {n}"
    short = _part(
        o,
        f"{n}_short",
        f"xp.minimum({gap}, 0.0) / params.{scale.name}",
        f"charges {label} on the wrong side of its limit",
        target,
        scale,
        is_charge=True,
    )
    met = _part(
        o,
        f"{n}_met",
        f"xp.saturate(({gap}) / params.{scale.name} + 1.0)",
        f"pays {label} on the right side of its limit",
        target,
        scale,
    )
    return {"linear": (short,), "bounded": (met,), "mixed": (short, met)}


def _repeat(o: Objective) -> Forms:
    n, scale = _name(o), _scale(o)
    lift = _part(
        o, n, f"xp.saturate({n} / params.{scale.name})", "pays height above the start", scale
    )
    deep = _part(o, f"{n}_open", f"{n} / params.{scale.name}", "pays height without a bound", scale)
    rise, bounce, apex = _rise_parts(o, lift)
    return {
        "linear": (rise, lift),
        "bounded": (bounce, lift),
        "events": (rise, apex),
        "mixed": (rise, deep),
    }


def _rise_parts(o: Objective, lift: Part) -> tuple[Part, Part, Part]:
    """Upward speed, any vertical speed, and the top of each hop."""
    now, before, full = _rate(o)
    speed = f"{o.signal.name}_rate"
    lines = (Local(speed, now, o.signal.rate.unit if o.signal.rate else o.signal.unit),)
    rise = _part(
        o,
        f"{o.signal.name}_rise",
        f"xp.saturate({speed} / params.{full.name})",
        "pays upward speed, which leads out of standing still",
        full,
        locals=lines,
        role="motion",
    )
    bounce = _part(
        o,
        f"{o.signal.name}_bounce",
        f"xp.saturate(xp.abs({speed}) / params.{full.name})",
        "pays vertical speed either way",
        full,
        locals=lines,
        role="motion",
    )
    turn = Local("at_apex", f"{before} > 0.0 and {speed} <= 0.0")
    apex = _with(
        lift,
        name=f"{o.signal.name}_apex",
        formula=f"xp.where(at_apex, {lift.formula}, 0.0)",
        why="pays the top of each hop by its height",
        weight=10.0,
        locals=(*lift.locals, *lines, turn),
    )
    return rise, bounce, apex


def _rate(o: Objective) -> tuple[str, str, Number]:
    """(speed now, speed one step earlier, its full size)."""
    name = f"{o.signal.name}_rate_scale"
    if o.signal.rate:
        view = o.signal.rate
        return (
            view.formula.format(s="state"),
            view.formula.format(s="previous"),
            Number(name, view.scale, view.unit),
        )
    f = o.signal.formula
    step = f"{f.format(s='state')} - {f.format(s='previous')}"
    return step, step, Number(name, tidy(o.signal.scale / 20), o.signal.unit)


def _rate_parts(o: Objective) -> tuple[Part, ...]:
    if not o.signal.rate or not o.start_relative:
        return ()
    return _rise_parts(o, _part(o, "", "", ""))[:1]


def _change_forms(o: Objective, *, sign: int) -> Forms:
    """Pay the change in one step, or only what is better than ever before."""
    if "{s}" not in o.signal.formula or "initial" in o.signal.formula:
        return {}
    if "speed" in o.signal.name or "spin" in o.signal.name:
        return {}
    n, label = _name(o), o.signal.name.replace("_", " ")
    step = _scale(o, times=0.05, name="step")
    gap = f"{n} - {n}_before" if sign > 0 else f"{n}_before - {n}"
    progress = _part(
        o,
        f"{n}_progress",
        f"({gap}) / params.{step.name}",
        f"pays every step's progress in {label}",
        step,
        locals=(_line(o), _line(o, at="previous")),
    )
    return {"progress": (progress,), "record": (_record(o, step, sign=sign),)}


def _record(o: Objective, step: Number, *, sign: int) -> Part:
    """Pay what is better than ever since the start; repeating old ground pays nothing."""
    n = _name(o)
    start = Local(f"{n}_start", o.signal.formula.format(s="initial"), o.signal.unit)
    gained = n if o.start_relative else f"{n} - {start.name}" if sign > 0 else f"{start.name} - {n}"
    best = f"memory.{n}_record_best"
    lines = (_line(o),) if o.start_relative else (_line(o), start)
    return _part(
        o,
        f"{n}_record",
        f"xp.maximum({n}_gained - {best}, 0.0) / params.{step.name}",
        f"pays only {o.signal.name.replace('_', ' ')} better than ever in the episode",
        step,
        locals=(*lines, Local(f"{n}_gained", gained, o.signal.unit)),
        memory=0.0,
        update=f"xp.maximum({best}, {n}_gained)",
    )


def _swing(o: Objective) -> Forms:
    n, scale = _name(o), _scale(o, times=0.25, name="near")
    up = _part(o, "height_of_swing", f"xp.cos({n})", "pays how far it points up")
    speed, _, full = _rate(o)
    rate = Local(f"{n}_rate", speed, o.signal.rate.unit if o.signal.rate else "")
    calm = f"xp.exp(-xp.square({n}_rate / params.{full.name}))"
    held = _part(
        o,
        "held_up",
        f"xp.exp(-xp.square({n} / params.{scale.name})) * {calm}",
        "pays resting at the top",
        scale,
        full,
        locals=(_line(o), rate),
        weight=2.0,
    )
    pump = _part(
        o,
        "pump",
        f"(0.5 - 0.5 * xp.cos({n})) * xp.tanh(xp.square({n}_rate / params.{full.name}))",
        "pays speed while it points down, which builds up energy",
        full,
        locals=(_line(o), rate),
        weight=0.5,
        role="motion",
    )
    brake = _part(
        o,
        "rate_cost",
        f"-xp.square({n}_rate / params.{full.name})",
        "charges speed a little",
        full,
        locals=(_line(o), rate),
        weight=0.05,
        is_charge=True,
    )
    return {
        "linear": (up, brake),
        "bounded": (up, held),
        "mixed": (up, held, pump),
        "progress": (held, pump),
    }


_FORMS: dict[Aim, Callable[[Objective], Forms]] = {
    "more": _more,
    "less": _less,
    "near": _near,
    "zero": _zero,
    "above": _threshold,
    "below": _threshold,
    "repeat": _repeat,
    "swing": _swing,
}
