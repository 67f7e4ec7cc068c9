"""Forms for movements: hopping again and again, swinging up to the top."""

from rewardsmith.roles.offline.objectives import (
    Forms,
    Objective,
    line_of,
    name_of,
    part_of,
    scale_of,
    varied,
)
from rewardsmith.roles.offline.parts import Local, Number, Part
from rewardsmith.roles.offline.views import tidy


def repeat_forms(o: Objective) -> Forms:
    """Ways of paying for going up and down: rising, being high, the top of each hop."""
    n, scale = name_of(o), scale_of(o)
    lift = part_of(
        o, n, f"xp.saturate({n} / params.{scale.name})", "pays height above the start", scale
    )
    deep = part_of(
        o, f"{n}_open", f"{n} / params.{scale.name}", "pays height without a bound", scale
    )
    rise, bounce, apex = _rise_parts(o, lift)
    return {
        "linear": (rise, lift),
        "bounded": (bounce, lift),
        "events": (rise, apex),
        "mixed": (rise, deep),
    }


def rate_parts(o: Objective) -> tuple[Part, ...]:
    """The upward speed of a height that counts from the start, where a field holds it."""
    if not o.signal.rate or not o.start_relative:
        return ()
    return _rise_parts(o, part_of(o, "", "", ""))[:1]


def swing_forms(o: Objective) -> Forms:
    """Ways of paying for swinging up: height, pumping below, resting at the top."""
    n, scale = name_of(o), scale_of(o, times=0.25, name="near")
    up = part_of(o, "height_of_swing", f"xp.cos({n})", "pays how far it points up")
    speed, _, full = _rate(o)
    rate = Local(f"{n}_rate", speed, o.signal.rate.unit if o.signal.rate else "")
    calm = f"xp.exp(-xp.square({n}_rate / params.{full.name}))"
    held = part_of(
        o,
        "held_up",
        f"xp.exp(-xp.square({n} / params.{scale.name})) * {calm}",
        "pays resting at the top",
        scale,
        full,
        locals=(line_of(o), rate),
        weight=2.0,
    )
    pump = part_of(
        o,
        "pump",
        f"(0.5 - 0.5 * xp.cos({n})) * xp.tanh(xp.square({n}_rate / params.{full.name}))",
        "pays speed while it points down, which builds up energy",
        full,
        locals=(line_of(o), rate),
        weight=0.5,
        role="motion",
    )
    brake = part_of(
        o,
        "rate_cost",
        f"-xp.square({n}_rate / params.{full.name})",
        "charges speed a little",
        full,
        locals=(line_of(o), rate),
        weight=0.05,
        is_charge=True,
    )
    return {
        "linear": (up, brake),
        "bounded": (up, held),
        "mixed": (up, held, pump),
        "progress": (held, pump),
    }


def _rise_parts(o: Objective, lift: Part) -> tuple[Part, Part, Part]:
    """Upward speed, any vertical speed, and the top of each hop."""
    now, before, full = _rate(o)
    speed = f"{o.signal.name}_rate"
    lines = (Local(speed, now, o.signal.rate.unit if o.signal.rate else o.signal.unit),)
    rise = part_of(
        o,
        f"{o.signal.name}_rise",
        f"xp.saturate({speed} / params.{full.name})",
        "pays upward speed, which leads out of standing still",
        full,
        locals=lines,
        role="motion",
    )
    bounce = part_of(
        o,
        f"{o.signal.name}_bounce",
        f"xp.saturate(xp.abs({speed}) / params.{full.name})",
        "pays vertical speed either way",
        full,
        locals=lines,
        role="motion",
    )
    turn = Local("at_apex", f"{before} > 0.0 and {speed} <= 0.0")
    apex = varied(
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
