"""Turns described elements of a vector into fields: joints together, axes together, the rest alone.

Elements stay in their order and each is in exactly one field, so a slice can never be off by one.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from rewardsmith.environments.drafting.field_draft import FieldDraft
from rewardsmith.environments.drafting.naming import field_name
from rewardsmith.environments.drafting.tables import Row

MIN_JOINTS = 3
"""Joints that become one vector; fewer keep a field each."""
MAX_SINGLE = 16
"""Elements in a row without any description that still get a field each."""
MAX_NAMED = 24
"""Names that a meaning lists."""

_AXIS = re.compile(
    r"\b([xyzw])(?=[- ](?:coordinate|axis|orientation|value|position|component|angle)\b)"
)
_ORDERS = ("wxyz", "xyzw", "xyz", "xy")
_ROOT = re.compile(r"root|free", re.IGNORECASE)


def fields_of(rows: Sequence[Row], *, array: str, offset: int = 0) -> list[FieldDraft]:
    """Fields that cover `rows`.

    Args:
        rows: What each element is, in order.
        array: What they are elements of, as a source writes it: `obs`.
        offset: Index of the first one in it.
    """
    found: list[FieldDraft] = []
    for start, stop, make in _groups(rows):
        taken = {field.name for field in found}
        source = (
            f"{array}[{offset + start}]"
            if stop == start + 1 and make is _single
            else (f"{array}[{offset + start}:{offset + stop}]")
        )
        found.append(make(rows[start:stop], source, taken, offset + start))
    return found


_Maker = Callable[[Sequence[Row], str, set[str], int], FieldDraft]


def _groups(rows: Sequence[Row]) -> Iterator[tuple[int, int, _Maker]]:
    start = 0
    while start < len(rows):
        found = ((measure(rows[start:]), make) for measure, make in _RULES)
        length, make = next((one for one in found if one[0] > 1), (1, _single))
        yield start, start + length, make
        start += length


def _axes(rows: Sequence[Row]) -> int:
    """How many first rows are the axes of one vector, in their usual order."""
    axes = [_AXIS.findall(row.text) for row in rows[:4]]
    stems = [(_AXIS.sub("", row.text), row.unit) for row in rows[:4]]
    for order in _ORDERS:
        n = len(order)
        if [a for a in axes[:n] if len(a) == 1] == [[c] for c in order] and len(
            set(stems[:n])
        ) == 1:
            return n
    return 0


def _joints(rows: Sequence[Row]) -> int:
    """How many first rows are hinges of limbs, all angles or all rates."""
    length = 0
    for row in rows:
        is_limb = row.joint == "hinge" and row.unit in ("rad", "rad/s") and row.name
        if not is_limb or _ROOT.search(row.name) or row.unit != rows[0].unit:
            break
        length += 1
    return length if length >= MIN_JOINTS else 0


def _unknown(rows: Sequence[Row]) -> int:
    length = 0
    while length < len(rows) and not rows[length].text and not rows[length].name:
        length += 1
    return length if length > MAX_SINGLE else 0


def _single(rows: Sequence[Row], source: str, taken: set[str], index: int) -> FieldDraft:
    row = rows[0]
    array = source.partition("[")[0].replace(".", "_")
    phrase = row.text or row.name or f"{array}_{index}"
    return FieldDraft(
        name=field_name(phrase, taken, fallback=row.name or f"{array}_{index}", unit=row.unit),
        source=source,
        unit=row.unit,
        low=row.low,
        high=row.high,
        meaning=row.text,
    )


def _vector(rows: Sequence[Row], source: str, taken: set[str], index: int) -> FieldDraft:
    order = "".join(_AXIS.findall(row.text)[0] for row in rows)
    stem = " ".join(
        re.sub(
            r"(?<!\w)[- ]*(coordinate|axis|value|component)\b", " ", _AXIS.sub("", rows[0].text)
        ).split()
    )
    stem = re.sub(r"^-|^of (the )?", "", stem).strip(" -")
    measured = {"m": "position", "m/s": "velocity", "rad/s": "angular velocity"}.get(
        rows[0].unit, ""
    )
    phrase = stem if not measured or measured.split()[-1] in stem else f"{measured} of {stem}"
    is_quaternion = len(rows) == 4
    return FieldDraft(
        name=field_name(phrase, taken, fallback=rows[0].name, unit=rows[0].unit),
        source=source,
        shape=(len(rows),),
        unit="" if is_quaternion else rows[0].unit,
        low=_end([row.low for row in rows], min),
        high=_end([row.high for row in rows], max),
        meaning=f"{stem}: {', '.join(order)}",
        quaternion=None if not is_quaternion else "wxyz" if order == "wxyz" else "xyzw",
    )


def _joint_vector(rows: Sequence[Row], source: str, taken: set[str], index: int) -> FieldDraft:
    what = "angles" if rows[0].unit == "rad" else "velocities"
    names = [row.name for row in rows]
    listed = ", ".join(names[:MAX_NAMED]) + (", ..." if len(names) > MAX_NAMED else "")
    return FieldDraft(
        name=field_name(f"joint_{what}", taken),
        source=source,
        shape=(len(rows),),
        unit=rows[0].unit,
        low=_end([row.low for row in rows], min),
        high=_end([row.high for row in rows], max),
        meaning=f"joint {what} in this order: {listed}",
    )


def _repeated(rows: Sequence[Row]) -> int:
    """How many first rows are said to be the same."""
    length = 1
    while length < len(rows) and rows[0].text and rows[length] == rows[0]:
        length += 1
    return length


def _run(rows: Sequence[Row], source: str, taken: set[str], index: int) -> FieldDraft:
    row = rows[0]
    return FieldDraft(
        name=field_name(row.name or row.text, taken, fallback=row.text),
        source=source,
        shape=(len(rows),),
        unit=row.unit,
        low=row.low,
        high=row.high,
        meaning=row.text,
    )


def _block(rows: Sequence[Row], source: str, taken: set[str], index: int) -> FieldDraft:
    array = source.partition("[")[0].replace(".", "_")
    name = field_name(f"{array}_{index}_{index + len(rows)}", taken)
    return FieldDraft(name=name, source=source, shape=(len(rows),))


def _end(values: Sequence[float | None], outermost: Callable[[list[float]], float]) -> float | None:
    """The one end that holds for all; None where one of them has none."""
    known = [value for value in values if value is not None]
    return outermost(known) if len(known) == len(values) else None


_RULES: tuple[tuple[Callable[[Sequence[Row]], int], _Maker], ...] = (
    (_repeated, _run),
    (_axes, _vector),
    (_joints, _joint_vector),
    (_unknown, _block),
)
