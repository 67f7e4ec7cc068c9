"""Finds the signals of a state that an intent speaks of, best first.

A signal is a formula over fields with a natural scale. Ranking compares concepts, dimensions and
axes, never exact field names.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rewardsmith.roles.offline.lexicon import PARTS, Axis, Dimension, Heading, unit_of
from rewardsmith.roles.offline.views import View, tidy
from rewardsmith.roles.offline.words import Intent

_SPEED_NAMES = {
    Heading("x", 1): "forward_speed",
    Heading("x", -1): "backward_speed",
    Heading("z", 1): "upward_speed",
    Heading("z", -1): "downward_speed",
}
_OFFSETS = frozenset({"offset", "distance", "error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A scalar over the state that a component can pay for."""

    name: str
    """What programs call it."""
    formula: str
    """`{s}` stands for `state`, `previous` or `initial`; absent in a difference of two steps."""
    unit: str
    factor: float
    """How many SI units one `unit` is."""
    scale: float
    """An everyday change of it, in `unit`."""
    fields: tuple[str, ...]
    rate: View | None = None
    """The field that holds its speed, where there is one."""
    is_ambiguous: bool = False
    """True when nothing says which sign is wanted."""

    @property
    def is_length(self) -> bool:
        """Whether it is measured in a unit of length."""
        return unit_of(self.unit).dimension == "length"


def find_speed(intent: Intent, views: Iterable[View]) -> list[Signal]:
    """Speeds of the body (or of the limb named) along the intent's heading."""
    axis = intent.heading.axis if intent.heading else "x"
    sign = intent.heading.sign if intent.heading else 1
    name = _SPEED_NAMES.get(intent.heading, "sideways_speed") if intent.heading else "speed"
    ranked = _rank(views, "speed", intent.subject, axis=axis)
    if ranked:
        return [_signed(name, view, sign) for view in ranked]
    places = _rank(views, "length", intent.subject, axis=axis)
    return [_advance(name, view, sign) for view in places]


def find_height(intent: Intent, views: Iterable[View]) -> list[Signal]:
    """Heights, with their vertical speed; a limb without a height is tilted up or down."""
    views = tuple(views)
    ranked = _rank(views, "length", intent.subject, axis="z")
    rates = _rank(views, "speed", intent.subject, axis="z")
    limbs = intent.subject & PARTS
    if limbs:
        ranked = [view for view in ranked if limbs <= view.concepts]
        rates = [view for view in rates if limbs <= view.concepts]
        if not ranked:
            return [plain("tilt", view, ambiguous=True) for view in _angles(intent, views)]
    name = "_".join([*sorted(limbs, key=_word_order), "height"])
    return [plain(name, view, rate=rates[0] if rates else None) for view in ranked]


def find_upright(intent: Intent, views: Iterable[View]) -> list[Signal]:
    """Angles that are 0 when upright, with their angular speed."""
    views = tuple(views)
    rates = _rank(views, "angular speed", intent.subject)
    rate = rates[0] if rates else None
    angles = _angles(intent, views)
    return [plain("angle", view, rate=rate) for view in angles] or _from_circle(views, rate)


def find_spin(intent: Intent, views: Iterable[View]) -> list[Signal]:
    """Angular speeds of the body; the sign is unknown unless the field states it."""
    sign = intent.heading.sign if intent.heading else 1
    return [_signed("spin", v, sign) for v in _rank(views, "angular speed", intent.subject)]


def find_place(intent: Intent, views: Iterable[View]) -> list[Signal]:
    """Offsets from where the episode started, one for each horizontal axis."""
    views = tuple(views)
    axes: tuple[Axis, ...] = ("x", "y")
    ranked = [_rank(views, "length", intent.subject, axis=axis) for axis in axes]
    return [_offset(found[0]) for found in ranked if found and found[0].axis in axes]


def find_value(intent: Intent, views: Iterable[View]) -> list[Signal]:
    """Scalars whose words share something with the intent's subject."""
    scored = [(_overlap(v, intent.subject), v) for v in views if v.size == 1 and not v.is_constant]
    ranked = sorted((s for s in scored if s[0] > 0), key=lambda s: -s[0])
    positions = [v for _, v in ranked if "speed" not in v.dimension]
    rates = [v for _, v in ranked if "speed" in v.dimension]
    return [plain("value", view, rate=rates[0] if rates else None) for view in positions[:2]]


def find_distance(intent: Intent, views: Iterable[View]) -> list[Signal]:
    """Distances from what is moved to the target, and from the hand to what is moved."""
    views = tuple(views)
    direct = [v for v in views if _is_direct(v)]
    pairs = _pairs(intent, views)
    if pairs:
        return pairs
    return [_length("distance", v) for v in direct[:1]] or _towards_end(intent, views)


def body_speed(views: Iterable[View]) -> View | None:
    """The speed that tells best how much the body moves."""
    views = tuple(views)
    ranked = _rank(views, "speed", frozenset(), axis="x") or _rank(views, "speed", frozenset())
    return ranked[0] if ranked else None


def _rank(
    views: Iterable[View],
    dimension: Dimension,
    subject: frozenset[str],
    *,
    axis: Axis | None = None,
) -> list[View]:
    """Scalar views of a dimension, best first, without those of another axis or an unnamed limb."""
    scored = []
    for order, view in enumerate(views):
        if view.dimension != dimension or view.size != 1 or view.is_constant:
            continue
        if axis and view.axis not in {axis, None}:
            continue
        strangers = (view.concepts & PARTS) - subject
        score = 3.0 * (axis is not None and view.axis == axis) + 2.0 * _overlap(view, subject)
        score += (
            ("torso" in view.concepts) - 2.0 * len(strangers) - bool(view.concepts & {"target"})
        )
        if score > (0 if axis else -1):
            scored.append((-score, order, view))
    return [view for _, _, view in sorted(scored, key=lambda s: s[:2])]


def _overlap(view: View, subject: frozenset[str]) -> int:
    """Words in common; stems that begin alike count (`open` and `opening`)."""
    common = view.concepts & subject
    rest = subject - common
    alike = {w for w in rest for c in view.concepts if len(w) > 3 and c.startswith(w[:4])}
    return len(common) + len(alike)


def _word_order(limb: str) -> tuple[bool, str]:
    """`front` and `back` stand before what they describe."""
    return limb not in {"front", "back"}, limb


def _angles(intent: Intent, views: Iterable[View]) -> list[View]:
    ranked = _rank(views, "angle", intent.subject)
    return sorted(ranked, key=lambda v: (v.zero not in _UPRIGHT, v.is_limb))


def _from_circle(views: Iterable[View], rate: View | None) -> list[Signal]:
    """The angle of a field pair that holds its sine and cosine."""
    scalars = [v for v in views if v.size == 1 and not v.dimension]
    sines = [v for v in scalars if "sin" in v.concepts]
    cosines = [v for v in scalars if v.concepts & {"cosin", "co", "cos"}]
    return [
        Signal(
            name="angle",
            formula=f"xp.atan2({sine.formula}, {cosine.formula})",
            unit="rad",
            factor=1.0,
            scale=1.6,
            fields=(sine.field, cosine.field),
            rate=rate,
        )
        for sine, cosine in zip(sines[:1], cosines[:1], strict=False)
    ]


_UPRIGHT = frozenset({"upright", "vertical", "level", "up", "straight"})


def _pairs(intent: Intent, views: tuple[View, ...]) -> list[Signal]:
    """Distances between points of one shape: mover to target first, then hand to mover."""
    points = [v for v in views if v.dimension == "length" and not v.concepts & _OFFSETS]
    goals = [v for v in points if "target" in v.concepts and "[" not in v.formula]
    if not goals:
        return []
    goal = max(goals, key=lambda v: (v.size, _overlap(v, intent.subject)))
    movers = [v for v in points if v.size == goal.size and v not in goals and "[" not in v.formula]
    movers = [v for v in movers if goal.axis in {v.axis, None} and not v.is_constant]
    ranked = sorted(movers, key=lambda v: (-_overlap(v, intent.subject), not v.concepts & _MOVERS))
    if not ranked:
        return []
    found = [_between("distance", ranked[0], goal)]
    hand = next((v for v in ranked[1:] if "hand" in v.concepts), None)
    if goal.size > 1 and hand and "hand" not in ranked[0].concepts:
        found.append(_between("reach", hand, ranked[0]))
    return found


_MOVERS = frozenset({"hand", "torso", "position"})


def _is_direct(view: View) -> bool:
    """Whether one field already is the way to the target."""
    return (
        view.dimension == "length"
        and bool(view.concepts & _OFFSETS)
        and ("target" in view.concepts)
    )


def _towards_end(intent: Intent, views: tuple[View, ...]) -> list[Signal]:
    """Without a target field: how far is left to the end of the range, that way."""
    axis = intent.heading.axis if intent.heading else "x"
    sign = intent.heading.sign if intent.heading else 1
    ends = [
        (v, v.high if sign > 0 else v.low) for v in _rank(views, "length", frozenset(), axis=axis)
    ]
    return [
        Signal(
            name="distance",
            formula=f"{end:g} - {v.formula}" if sign > 0 else f"{v.formula} - {end:g}",
            unit=v.unit,
            factor=v.factor,
            scale=v.scale,
            fields=(v.field,),
        )
        for v, end in ends[:1]
        if end is not None
    ]


def _between(name: str, mover: View, goal: View) -> Signal:
    gap = f"{mover.formula} - {goal.formula}"
    call = "xp.abs" if goal.size == 1 else "xp.norm"
    return Signal(
        name=name,
        formula=f"{call}({gap})",
        unit=mover.unit,
        factor=mover.factor,
        scale=mover.scale,
        fields=(mover.field, goal.field),
    )


def _length(name: str, view: View) -> Signal:
    formula = f"xp.abs({view.formula})" if view.size == 1 else f"xp.norm({view.formula})"
    return Signal(
        name=name,
        formula=formula,
        unit=view.unit,
        factor=view.factor,
        scale=view.scale,
        fields=(view.field,),
    )


def plain(name: str, view: View, *, rate: View | None = None, ambiguous: bool = False) -> Signal:
    """A scalar field by itself."""
    return Signal(
        name=name,
        formula=view.formula,
        unit=view.unit,
        factor=view.factor,
        scale=view.scale,
        fields=(view.field,),
        rate=rate,
        is_ambiguous=ambiguous,
    )


def _signed(name: str, view: View, sign: int) -> Signal:
    minus = "-" if sign * view.sign < 0 else ""
    return Signal(
        name=name,
        formula=minus + view.formula,
        unit=view.unit,
        factor=view.factor,
        scale=view.scale,
        fields=(view.field,),
        is_ambiguous=view.dimension == "angular speed",
    )


def _advance(name: str, view: View, sign: int) -> Signal:
    """Way made in one step, where no speed field exists."""
    now, before = view.formula.format(s="state"), view.formula.format(s="previous")
    gap = f"{now} - {before}" if sign * view.sign > 0 else f"{before} - {now}"
    return Signal(
        name=name,
        formula=gap,
        unit=view.unit,
        factor=view.factor,
        scale=tidy(view.scale / 50),
        fields=(view.field,),
    )


def _offset(view: View) -> Signal:
    start = view.formula.format(s="initial")
    return Signal(
        name="offset" if view.axis == "x" else "side_offset",
        formula=f"{view.formula} - {start}",
        unit=view.unit,
        factor=view.factor,
        scale=view.scale,
        fields=(view.field,),
    )
