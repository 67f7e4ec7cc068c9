"""A small algebra of physical units, used only to warn.

`None` stands for an unknown unit (literals, parameters, scores) and fits everything, so a scaled
quantity is never complained about. Radians count as dimensionless when units are compared.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

_TERM = re.compile(r"(?P<name>[A-Za-z%]+)(?:\^|\*\*)?(?P<power>-?\d+)?")
_DERIVED: Mapping[str, Mapping[str, int]] = {
    "N": {"kg": 1, "m": 1, "s": -2},
    "J": {"kg": 1, "m": 2, "s": -2},
    "W": {"kg": 1, "m": 2, "s": -3},
    "Nm": {"kg": 1, "m": 2, "s": -2},
    "Hz": {"s": -1},
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A product of powers of base units."""

    powers: tuple[tuple[str, Fraction], ...] = ()
    """(base unit, exponent), sorted, without zero exponents."""

    def __mul__(self, other: "Unit") -> "Unit":
        return _collect([*self.powers, *other.powers])

    def __truediv__(self, other: "Unit") -> "Unit":
        return self * other ** Fraction(-1)

    def __pow__(self, exponent: Fraction) -> "Unit":
        return _collect([(name, power * exponent) for name, power in self.powers])

    def __str__(self) -> str:
        return "*".join(n if p == 1 else f"{n}^{p}" for n, p in self.powers) or "1"


@cache
def parse_unit(text: str) -> Unit | None:
    """Read a card's unit; None when it is empty or not understood.

    >>> str(parse_unit("rad/s"))
    'rad*s^-1'
    >>> parse_unit("N*m") == parse_unit("J")
    True
    """
    if not text.strip():
        return None
    powers: list[tuple[str, Fraction]] = []
    for index, part in enumerate(text.replace(" ", "").replace("**", "^").split("/")):
        for term in part.split("*"):
            match = _TERM.fullmatch(term)
            if match is None and term != "1":
                return None
            if match is not None:
                powers += _expand(match, -1 if index else 1)
    return _collect(powers)


def compatible(left: Unit | None, right: Unit | None) -> bool:
    """Whether adding or comparing the two makes sense."""
    if left is None or right is None:
        return True
    return _without_angle(left) == _without_angle(right)


def product(left: Unit | None, right: Unit | None) -> Unit | None:
    """The unit of a product; unknown when either is."""
    return None if left is None or right is None else left * right


def quotient(left: Unit | None, right: Unit | None) -> Unit | None:
    """The unit of a quotient; unknown when either is."""
    return None if left is None or right is None else left / right


def raised(unit: Unit | None, exponent: Fraction | int) -> Unit | None:
    """The unit of a power."""
    return None if unit is None else unit ** Fraction(exponent)


def _expand(match: re.Match[str], sign: int) -> list[tuple[str, Fraction]]:
    power = sign * int(match["power"] or 1)
    base = _DERIVED.get(match["name"], {match["name"]: 1})
    return [(name, Fraction(exponent * power)) for name, exponent in base.items()]


def _collect(powers: list[tuple[str, Fraction]]) -> Unit:
    total: dict[str, Fraction] = {}
    for name, power in powers:
        total[name] = total.get(name, Fraction(0)) + power
    return Unit(tuple(sorted((n, p) for n, p in total.items() if p)))


def _without_angle(unit: Unit) -> Unit:
    return Unit(tuple((n, p) for n, p in unit.powers if n != "rad"))
