"""Fields of the observation: its parts by key, its elements by the docstring or by the simulator.

A docstring's table counts only where it has as many rows as there are elements, its excluded rows
and counted parts taken into account; a table that fits nothing is said, and not used.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rewardsmith.environments.drafting.docstrings import EnvDoc, Part
from rewardsmith.environments.drafting.field_draft import FieldDraft, Note
from rewardsmith.environments.drafting.grouping import fields_of
from rewardsmith.environments.drafting.mujoco_names import Recognised
from rewardsmith.environments.drafting.naming import key_name
from rewardsmith.environments.drafting.pay import names_reward
from rewardsmith.environments.drafting.spaces import Leaf
from rewardsmith.environments.drafting.tables import DocTable, Row

MAX_INDEX = 128
"""Choices of a one-hot up to which its index is a field as well."""

_HUGE = 1e6
"""Bounds beyond this say nothing: Gymnasium's own use the largest float."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the observation offers."""

    fields: tuple[FieldDraft, ...]
    notes: tuple[Note, ...] = ()
    shown: frozenset[tuple[str, int]] = frozenset()
    """Elements of the simulator that it shows."""
    left_out: tuple[str, ...] = ()
    """Parts that hold a reward or verdict, by their names."""
    withheld: Mapping[str, np.ndarray] = field(default_factory=dict)
    """What they showed, by what messages call them, one row for each observation."""


def observed_fields(
    leaves: Sequence[Leaf], doc: EnvDoc, known: Recognised | None, observations: np.ndarray
) -> Observed:
    """Fields for every part of an observation but pictures, and rewards by name.

    Args:
        leaves: The observation's parts.
        doc: What the docstring says.
        known: What the simulator recognised; None without one.
        observations: Seen ones, shape (n, obs_dim).
    """
    fields: list[FieldDraft] = []
    notes: list[Note] = []
    left_out = [leaf for leaf in leaves if names_reward(leaf.path)]
    for leaf in (leaf for leaf in leaves if leaf not in left_out):
        made, said = _leaf_fields(leaf, doc, known)
        fields += _unique(made, fields)
        notes += said
    found = Observed(
        fields=tuple(fields),
        notes=tuple(notes),
        left_out=tuple(map(_called, left_out)),
        withheld={_called(leaf): observations[:, _places(leaf)] for leaf in left_out},
    )
    if known is None:
        return found
    documented = [row for leaf in leaves for row in _documented(leaf, doc) or ()]
    shown = known.shown | known.placed(documented)
    return replace(found, shown=shown)


def _leaf_fields(
    leaf: Leaf, doc: EnvDoc, known: Recognised | None
) -> tuple[list[FieldDraft], list[Note]]:
    if leaf.kind == "image":
        text = f"{_called(leaf)} is a picture: no field, but the policy sees its {leaf.size} pixels"
        return [], [Note(kind="warning", text=text)]
    if leaf.kind == "one_hot":
        return _choice_fields(leaf), []
    if leaf.kind == "binary":
        return [_whole(leaf, "flags, each 0 or 1", (0.0, 1.0))], []
    rows, notes = _rows(leaf, doc, known)
    if leaf.path and not any(row.text for row in rows):
        return [_whole(leaf, "", _common_bounds(leaf))], notes
    bounded = [_bounded(row, leaf, i) for i, row in enumerate(rows)]
    return fields_of(bounded, array="obs", offset=leaf.offset), notes


def _rows(leaf: Leaf, doc: EnvDoc, known: Recognised | None) -> tuple[list[Row], list[Note]]:
    """What each element of a part is: by the docstring where it fits, else by the simulator."""
    stop = leaf.offset + leaf.size
    matched = list(known.rows[leaf.offset : stop]) if known else [Row()] * leaf.size
    documented = _documented(leaf, doc)
    if documented is None:
        tables = [table for table in doc.observations if len(table.rows) > 1]
        return matched, [] if not tables or leaf.path else [_misfit(leaf, tables[0])]
    wrong = _contradictions(documented, matched)
    rows = [
        other if i in wrong or not row.text else _with_limits(row, other)
        for i, (row, other) in enumerate(zip(documented, matched, strict=True))
    ]
    return rows, [
        Note(
            kind="warning",
            text=f"the docstring calls obs[{leaf.offset + i}] {documented[i].name!r}, and in the "
            f"rollouts it was {matched[i].name!r}, which the card says",
        )
        for i in wrong
    ]


def _documented(leaf: Leaf, doc: EnvDoc) -> list[Row] | None:
    """Rows of the table that describes exactly this part; None when none does."""
    key = leaf.path[-1] if leaf.path else ""
    for table in sorted(doc.observations, key=lambda t: key not in t.lead):
        rest = [] if leaf.path else _counted(doc.parts, len(table.rows))
        for rows in (table.rows, (*table.excluded, *table.rows)):
            if len(rows) == leaf.size:
                return list(rows)
            if rest and len(rows) + len(rest) == leaf.size:
                return [*rows, *rest]
    return None


def _counted(parts: Sequence[Part], n_rows: int) -> list[Row]:
    """Rows for the parts after those that a table with `n_rows` rows describes one by one."""
    total = 0
    for number, part in enumerate(parts):
        if total == n_rows:
            return [
                Row(text=f"{later.name}: {later.text}".strip(": "), name=later.name)
                for later in parts[number:]
                for _ in range(later.size)
            ]
        total += part.size
    return []


def _contradictions(documented: Sequence[Row], matched: Sequence[Row]) -> list[int]:
    """Elements that the docstring takes for another joint than the one they followed."""
    names = {row.name for row in matched if row.name}
    pairs = zip(documented, matched, strict=True)
    return [
        i
        for i, (said, seen) in enumerate(pairs)
        if said.name in names and seen.name and seen.name != said.name
    ]


def _with_limits(row: Row, other: Row) -> Row:
    """The docstring's row, with what only the simulator knows."""
    return replace(
        row,
        name=row.name or other.name,
        joint=row.joint or other.joint,
        unit=row.unit or other.unit,
        low=other.low if row.low is None else row.low,
        high=other.high if row.high is None else row.high,
    )


def _bounded(row: Row, leaf: Leaf, index: int) -> Row:
    """The row, with the space's bounds where nothing narrower is known."""
    low, high = leaf.low[index], leaf.high[index]
    usable = math.isfinite(low) and math.isfinite(high) and max(-low, high) < _HUGE
    if not usable:
        return row
    return replace(
        row, low=low if row.low is None else row.low, high=high if row.high is None else row.high
    )


def _choice_fields(leaf: Leaf) -> list[FieldDraft]:
    """A choice as a one-hot vector, and as its number."""
    vector = _whole(leaf, f"choice of {leaf.size}, as a one-hot vector", (0.0, 1.0))
    if leaf.size > MAX_INDEX:
        return [vector]
    one_hot = replace(vector, name=key_name([vector.name, "one_hot"], ()))
    numbers = list(range(leaf.start, leaf.start + leaf.size))
    index = FieldDraft(
        name=vector.name,
        source=f"derived: sum({one_hot.name} * {numbers})",
        kind="int",
        low=float(numbers[0]),
        high=float(numbers[-1] if leaf.size > 1 else numbers[0] + 1),
        meaning=f"number of the choice, {numbers[0]} to {numbers[-1]}",
    )
    return [one_hot, index]


def _whole(leaf: Leaf, meaning: str, bounds: tuple[float | None, float | None]) -> FieldDraft:
    """One field for a whole part."""
    stop = leaf.offset + leaf.size
    is_single = leaf.size == 1
    return FieldDraft(
        name=key_name(_named(leaf.path), ()),
        source=f"obs[{leaf.offset}]" if is_single else f"obs[{leaf.offset}:{stop}]",
        shape=() if is_single else (leaf.size,),
        low=bounds[0],
        high=bounds[1],
        meaning=meaning or f"{_called(leaf)} of the observation",
    )


def _named(path: Sequence[str]) -> Sequence[str]:
    """The keys of a part; a place in a Tuple is no name."""
    if not path:
        return ["observation"]
    return ["part", *path] if path[0].isdecimal() else path


def _places(leaf: Leaf) -> slice:
    return slice(leaf.offset, leaf.offset + leaf.size)


def _common_bounds(leaf: Leaf) -> tuple[float | None, float | None]:
    low, high = min(leaf.low), max(leaf.high)
    is_known = math.isfinite(low) and math.isfinite(high) and max(-low, high) < _HUGE
    return (low, high) if is_known and low < high else (None, None)


def _called(leaf: Leaf) -> str:
    return f"part {'.'.join(leaf.path)!r}" if leaf.path else "the observation"


def _misfit(leaf: Leaf, table: DocTable) -> Note:
    text = (
        f"the docstring's table describes {len(table.rows)} elements, and the observation has "
        f"{leaf.size}: it was not used"
    )
    return Note(kind="warning", text=text)


def _unique(made: Sequence[FieldDraft], before: Sequence[FieldDraft]) -> list[FieldDraft]:
    """The fields of one part, under names that no other part uses."""
    taken = {draft.name for draft in before}
    found: list[FieldDraft] = []
    for draft in made:
        name = key_name([draft.name], taken)
        # a derived field reads the one-hot above it, which may have been renamed
        source = draft.source
        for old, new in [(m.name, n.name) for m, n in zip(made, found, strict=False)]:
            source = source.replace(f"({old} ", f"({new} ")
        found.append(replace(draft, name=name, source=source))
        taken.add(name)
    return found
