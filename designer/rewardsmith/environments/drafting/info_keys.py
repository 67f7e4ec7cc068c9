"""Which entries of `info` can be state fields: numbers that are always there and name no reward.

What holds a reward or a verdict is left out by its name, never by its value: in HalfCheetah the
velocity equals a reward. A value that goes along with what is paid is only warned of.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rewardsmith.environments.drafting.field_draft import FieldDraft, Note
from rewardsmith.environments.drafting.naming import key_name
from rewardsmith.environments.drafting.pay import names_reward, resemblance
from rewardsmith.environments.drafting.play import Play
from rewardsmith.messages import FieldKind

MAX_ELEMENTS = 64
"""Elements of one entry; larger ones are maps or pictures."""

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_UNITS = (("angular_velocity", "rad/s"), ("velocity", "m/s"), ("speed", "m/s"), ("angle", "rad"))
_GUESSED = "TODO guessed from its name"
_NO_RADIANS = "TODO unit: an angle, and too large for rad"
_FULL_TURN = 2 * np.pi


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoFields:
    """What `info` offers."""

    fields: tuple[FieldDraft, ...] = ()
    left_out: tuple[str, ...] = ()
    """Keys that hold a reward or verdict, by their names."""
    kept: Mapping[str, np.ndarray] = field(default_factory=dict)
    """What fields read, by what messages call it, one row a step."""
    withheld: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Numbers among what is left out by name, likewise."""
    notes: tuple[Note, ...] = ()


def info_fields(seen: Play, taken: Sequence[str], known: Sequence[np.ndarray] = ()) -> InfoFields:
    """Fields for the entries of `info` that rollouts showed.

    Args:
        seen: The rollouts.
        taken: Names that other fields have.
        known: Quantities that other fields read, each of shape (rows,): not read twice.
    """
    steps = [info for info, is_start in zip(seen.infos, seen.is_start, strict=True) if not is_start]
    starts = [info for info, is_start in zip(seen.infos, seen.is_start, strict=True) if is_start]
    found: list[FieldDraft] = []
    left_out: list[str] = []
    notes: list[Note] = []
    kept: dict[str, np.ndarray] = {}
    withheld: dict[str, np.ndarray] = {}
    for path in _paths(steps):
        name = ".".join(path)
        if names_reward(path):
            left_out.append(name)
            withheld |= dict(_withheld(steps, path))
            continue
        values = _values(steps, path)
        problem = _unusable(path, values)
        if problem is not None:
            notes += [Note(kind="warning", text=f"info.{name} is no field: {problem}")]
        elif values is not None and not _is_known(values, known, seen.is_start):
            names = [*taken, *(field.name for field in found)]
            has_start = all(_follow(info, path) is not None for info in starts)
            at_start = None if has_start else _first_value(seen, path)
            found.append(_field(path, values, names, at_start))
            kept[f"info.{name}"] = values
            notes += _suspicion(name, values, seen)
    notes += _guesses(found)
    return InfoFields(
        fields=tuple(found),
        left_out=tuple(left_out),
        kept=kept,
        withheld=withheld,
        notes=tuple(notes),
    )


def _paths(infos: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Paths of all numbers in any of the infos, sorted as they first appear."""
    found: dict[tuple[str, ...], None] = {}
    for info in infos:
        for path in _leaves(info, ()):
            found[path] = None
    yield from found


def _leaves(info: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, value in info.items():
        path = (*above, str(key))
        if isinstance(value, Mapping) and not names_reward(path) and len(path) < 4:
            yield from _leaves(value, path)
        elif names_reward(path) or _as_array(value) is not None:
            yield path


def _values(steps: Sequence[Mapping[str, Any]], path: tuple[str, ...]) -> np.ndarray | None:
    arrays = [_as_array(_follow(info, path)) for info in steps]
    first = arrays[0] if arrays else None
    if first is None or any(a is None or a.shape != first.shape for a in arrays):
        return None
    return np.stack([a for a in arrays if a is not None])


def _withheld(
    steps: Sequence[Mapping[str, Any]], path: tuple[str, ...]
) -> Iterator[tuple[str, np.ndarray]]:
    """Numbers in an entry that is left out, or below it."""
    whole = _follow(steps[0], path)
    for below in _leaves_below(whole, path) if isinstance(whole, Mapping) else [path]:
        values = _values(steps, below)
        if values is not None and 0 < values[0].size <= MAX_ELEMENTS:
            yield f"info.{'.'.join(below)}", values


def _leaves_below(table: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, value in table.items():
        path = (*above, str(key))
        if isinstance(value, Mapping):
            yield from _leaves_below(value, path)
        else:
            yield path


def _unusable(path: tuple[str, ...], values: np.ndarray | None) -> str | None:
    """Why an entry cannot be a field; None when it can."""
    if not all(_IDENTIFIER.fullmatch(key) and not key.startswith("_") for key in path):
        return "its key is no identifier."
    if values is None:
        return "it is not there in every step, or changes its shape."
    if values[0].size > MAX_ELEMENTS or values[0].ndim > 2 or not values[0].size:
        return f"it has shape {values[0].shape}."
    if not np.isfinite(values.astype(np.float64)).all():
        return "it is not always finite."
    return None


def _is_known(values: np.ndarray, known: Sequence[np.ndarray], is_start: np.ndarray) -> bool:
    if values[0].size != 1 or np.ptp(values.astype(np.float64)) == 0:
        return False
    flat = values.reshape(-1).astype(np.float64)
    return any(np.array_equal(flat, quantity[~is_start]) for quantity in known)


def _first_value(seen: Play, path: tuple[str, ...]) -> float:
    """What an entry that `reset` leaves out is soon after: its mean over the first steps."""
    rows = [i + 1 for i in np.flatnonzero(seen.is_start) if i + 1 < len(seen.infos)]
    firsts = [_as_array(_follow(seen.infos[row], path)) for row in rows]
    values = [float(a.astype(np.float64).mean()) for a in firsts if a is not None and a.size]
    return float(f"{np.mean(values):.2g}") + 0.0 if values else 0.0


def _field(
    path: tuple[str, ...], values: np.ndarray, taken: Sequence[str], at_start: float | None
) -> FieldDraft:
    is_whole = np.issubdtype(values.dtype, np.integer)
    kind: FieldKind = "bool" if values.dtype == np.bool_ else "int" if is_whole else "float"
    unit = _unit("_".join(path).lower()) if kind == "float" else ""
    is_wrong = unit == "rad" and bool(np.abs(values).max() > _FULL_TURN)
    return FieldDraft(
        name=key_name(path, taken),
        source=f"info.{'.'.join(path)}",
        shape=values.shape[1:],
        unit="" if is_wrong else unit,
        unit_remark=_NO_RADIANS if is_wrong else _GUESSED if unit else "",
        kind=kind,
        meaning=" ".join(path).replace("_", " "),
        at_start=at_start if kind == "float" or at_start is None else float(round(at_start)),
        remark="" if at_start is None else "reset() does not give it: TODO its value at the start",
    )


def _unit(name: str) -> str:
    """A unit that a name suggests; the draft says that it is a guess."""
    if name.endswith(("_position", "distance_from_origin")) or name in ("x", "y", "z"):
        return "m"
    return next((unit for word, unit in _UNITS if name.endswith(word)), "")


def _guesses(fields: Sequence[FieldDraft]) -> list[Note]:
    """Which units nobody said."""
    guessed = [f"{field.name} ({field.unit})" for field in fields if field.unit]
    listed = ", ".join(guessed[:8]) + (", ..." if len(guessed) > 8 else "")
    text = f"units guessed from names in info: {listed}"
    return [Note(kind="assumption", text=text)] if guessed else []


def _suspicion(name: str, values: np.ndarray, seen: Play) -> list[Note]:
    did = resemblance(values, seen)
    text = (
        f"info.{name} {did}. It is kept, since values alone prove nothing; take it out of the card "
        "if it is the reward."
    )
    notes = [Note(kind="warning", text=text)] if did else []
    if values.dtype == np.bool_ and not values.any():
        text = (
            f"info.{name} may be a verdict: never true in random play. It is kept; take it out of "
            "the card if it says that the task is done."
        )
        notes.append(Note(kind="warning", text=text))
    return notes


def _follow(info: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = info
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def _as_array(value: Any) -> np.ndarray | None:
    """The value as numbers; None when it is none."""
    if isinstance(value, str | bytes | Mapping) or value is None:
        return None
    try:
        array = np.asarray(value)
    except ValueError:  # a ragged list
        return None
    return array if array.dtype.kind in "biuf" else None
