"""Markdown tables that say what each element of an observation or action is.

Rows keep the index that they claim. Elements marked `excluded` are kept apart: they stand first in
the observation where an environment is made to include them. Tables that go on counting where the
one before stopped are one table.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rewardsmith.environments.drafting.prose import cleaned, pays
from rewardsmith.language.units import parse_unit

Subject = Literal["observation", "action", "unknown"]

_INDEX = re.compile(r"\[?(\d{1,5})\s*(?:(?:-|–|:|\.\.|to)\s*(\d{1,5}))?\]?")
_NUMBER = re.compile(r"[~≈]?\s*([-+−]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_IN_BRACKETS = re.compile(r"\(([^()]*)\)")
_UNITS = frozenset("m cm mm km s ms rad deg kg g N J W Nm Hz".split())
_MORE_UNITS = _UNITS | frozenset(
    "L ml mL min h K degC degF Pa kPa MPa bar V mV kV A mA kW MW kWh kN kJ MJ rpm px lb ft".split()
)
"""Short names that mean a unit only where a unit is asked for."""
_SYMBOLS = {
    "°": "deg",
    "º": "deg",
    "µ": "u",
    "μ": "u",
    "Ω": "ohm",
    "·": "*",
    "⋅": "*",
    "⁻": "^-",
    "¹": "1",
    "²": "^2",
    "³": "^3",
    "^-^": "^-",
}
"""In ASCII, which is all that a program's comments may hold; the last one mends `s⁻²`."""
_SPELLED = {
    "radian": "rad",
    "degree": "deg",
    "meter": "m",
    "metre": "m",
    "second": "s",
    "sec": "s",
    "newton": "N",
    "hour": "h",
    "percent": "%",
    "celsius": "degC",
}
_UNIT_TERM = r"[A-Za-z%]+(?:(?:\^|\*\*)?-?\d)?"
_WRITTEN = re.compile(rf"{_UNIT_TERM}(?:[*/]{_UNIT_TERM})*")
_MAX_UNIT = 16
_NO_UNITS = frozenset(
    "none na unitless dimensionless dimension bool boolean int integer float binary flag index "
    "id count number category categorical discrete continuous enum ratio fraction normalized "
    "normalised unit units various varies any see position velocity speed angle angular "
    "acceleration force torque mass length distance height width time temperature pressure power "
    "energy voltage current".split()
)
"""What stands in a column of units and is none: nothing, a type, a quantity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One element of a vector, as a table describes it."""

    text: str = ""
    """What it is; empty when unknown."""
    low: float | None = None
    high: float | None = None
    name: str = ""
    """Its joint's or actuator's name in the model."""
    joint: str = ""
    """`hinge`, `slide`, `free`, ...; empty when unknown."""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocTable:
    """A table whose first column counts elements."""

    lead: str
    """The text before it, which may name what it describes."""
    subject: Subject
    first: int
    """Index of its first row."""
    rows: tuple[Row, ...]
    excluded: tuple[Row, ...] = ()


def read_tables(text: str) -> tuple[DocTable, ...]:
    """All tables of a text that count elements, in order; continued ones joined."""
    found: list[DocTable] = []
    for lead, lines in _blocks(text):
        table = _read(lead, lines)
        if table is None:
            continue
        last = found[-1] if found else None
        if last and table.first == last.first + len(last.rows) and table.first > 0:
            found[-1] = replace(
                last, rows=last.rows + table.rows, excluded=last.excluded + table.excluded
            )
        else:
            found.append(table)
    return tuple(table for table in found if table.first == 0)


def unit_of(text: str) -> str:
    """The unit that a cell states, as cards write it; empty when it states none.

    >>> unit_of("angular velocity (rad/s)"), unit_of("torque (N m)"), unit_of("unitless")
    ('rad/s', 'N*m', '')
    """
    return _known_unit(text, _UNITS)


def written_unit(cell: str) -> str:
    """The unit in a cell that holds nothing else: as it is written, though no unit is known so.

    >>> written_unit("°C"), written_unit("vehicles/h"), written_unit("m/s²"), written_unit("-")
    ('degC', 'vehicles/h', 'm/s^2', '')
    """
    text = "" if cell.strip().lower() == "n/a" else cleaned(cell)  # and not newton per ampere
    for symbol, plain in _SYMBOLS.items():
        text = text.replace(symbol, plain)
    text = re.sub(r"[A-Za-z]+", lambda word: _symbol(word[0]), text)
    known = _known_unit(text, _MORE_UNITS)
    words = {word.lower() for word in re.findall(r"[A-Za-z]+", text)}
    is_unit = len(text) <= _MAX_UNIT and _WRITTEN.fullmatch(text) and not words & _NO_UNITS
    return known or (text if is_unit else "")


def _symbol(word: str) -> str:
    """A unit that is spelled out, in short: `metres` is `m`."""
    plain = word.lower()
    return _SPELLED.get(plain) or _SPELLED.get(plain.removesuffix("s"), word)


def _known_unit(text: str, names: frozenset[str]) -> str:
    for candidate in [*_IN_BRACKETS.findall(text), text]:
        unit = re.sub(r"(?<=[A-Za-z])\s+(?=[A-Za-z])", "*", candidate.strip())
        found = re.findall(r"[A-Za-z]+", unit)
        if found and set(found) <= names and parse_unit(unit) is not None:
            return unit
    return ""


def _blocks(text: str) -> Iterator[tuple[str, list[list[str]]]]:
    """(text before it, cells of its lines) of every table."""
    lead: list[str] = []
    block: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.strip().startswith("|"):
            block.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif block:
            yield "\n".join(lead), block
            lead, block = [line], []
        else:
            lead.append(line)


def _read(lead: str, lines: Sequence[Sequence[str]]) -> DocTable | None:
    header = [cell.lower() for cell in lines[0]]
    columns = _columns(header)
    rows: list[tuple[int, Row]] = []
    excluded: list[Row] = []
    for cells in lines[1:]:
        match = _INDEX.fullmatch(cells[0])
        if match:
            first, last = int(match[1]), int(match[2] or match[1])
            rows += [
                (index, _row(cells, columns)) for index in range(first, min(last, first + 4096) + 1)
            ]
        elif cells[0].lower().startswith("exclu"):
            excluded.append(_row(cells, columns))
    if not rows or [index for index, _ in rows] != list(range(rows[0][0], rows[0][0] + len(rows))):
        return None
    return DocTable(
        lead=lead,
        subject=_subject(header),
        first=rows[0][0],
        rows=tuple(row for _, row in rows),
        excluded=tuple(excluded),
    )


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Which column says what; the first one is the index."""
    found: dict[str, int] = {}
    for number, title in enumerate(header[1:], start=1):
        for key, words in (
            ("low", ("min", "low")),
            ("high", ("max", "high")),
            ("joint", ("joint",)),
            ("unit", ("unit",)),
            ("name", ("xml", "name in")),
        ):
            if key not in found and any(word in title for word in words):
                found[key] = number
                break
        else:
            found.setdefault("text", number)
    return found


def _row(cells: Sequence[str], columns: dict[str, int]) -> Row:
    def cell(key: str) -> str:
        return cells[columns[key]] if columns.get(key, len(cells)) < len(cells) else ""

    text, stated = cleaned(cell("text")), cell("unit")
    unit = written_unit(stated) or unit_of(f"({' '.join(_stated_units(cell('low')))})")
    if unit == "rad" and re.search(r"velocity", text, re.IGNORECASE):
        unit = "rad/s"  # Ant-v5's table says `angle (rad)` of its joints' angular velocities
    return Row(
        text="" if pays(text) else text,
        low=_number(cell("low")),
        high=_number(cell("high")),
        name=cleaned(
            _IN_BRACKETS.sub("", cell("name"))
            if "(" in cell("name")[1:] and not cell("name").startswith(("sin(", "cos("))
            else cell("name")
        ),
        joint=cleaned(cell("joint")).lower(),
        unit=unit,
    )


def _stated_units(cell: str) -> list[str]:
    return [word for word in re.findall(r"[A-Za-z]+(?:/[A-Za-z]+)?", cell) if unit_of(word)][:1]


def _number(cell: str) -> float | None:
    match = _NUMBER.match(cell.strip())
    return float(match[1].replace("−", "-")) if match else None


def _subject(header: Sequence[str]) -> Subject:
    words = " ".join(header)
    if "action" in words or "control" in words:
        return "action"
    return "observation" if "observ" in words or "state" in words else "unknown"
