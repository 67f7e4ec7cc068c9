"""One named reward component with everything it needs, and the pieces it is made of."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

Role = Literal["goal", "keep", "survival", "cost", "motion"]
"""goal: what is asked for; keep: a side condition; survival: against early ends; cost: effort and
smoothness; motion: what gets a policy going."""


class Number(NamedTuple):
    """An inner constant of a program."""

    name: str
    value: float
    unit: str = ""


class Local(NamedTuple):
    """A line in a program's body."""

    name: str
    formula: str
    note: str = ""
    """Its unit, written as a comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A reward component, ready to be placed in a program."""

    name: str
    formula: str
    """Over `locals`, `numbers`, and a program's arguments."""
    why: str
    """What it pays for, as the rest of a sentence that begins with its name."""
    weight: float = 1.0
    role: Role = "goal"
    about: str = ""
    """The objective it serves; parts of one objective can stand in for each other."""
    locals: tuple[Local, ...] = ()
    numbers: tuple[Number, ...] = ()
    memory: float | None = None
    """Start value of its entry in MEMORY, called `<name>_best`; None without memory."""
    update: str = ""
    """New value of that entry."""
    potential: str = ""
    """Formula of Φ over `state`, where the objective is shaped rather than paid."""
    fields: tuple[str, ...] = ()
    """State fields it reads."""
    is_charge: bool = False
    """Whether it is at most 0: a closing gate would make a charge cheaper, so it is never gated."""


class Gate(NamedTuple):
    """A factor in [0, 1] that scales other components."""

    line: Local
    support: tuple[Local, ...]
    numbers: tuple[Number, ...]


def gated(part: Part, gates: tuple[Gate, ...]) -> Part:
    """`part`, paid only as far as every gate is open."""
    if not gates or part.is_charge:
        return part
    factors = " * ".join(gate.line.name for gate in gates)
    return replace(
        part,
        formula=f"{factors} * {bracketed(part.formula)}",
        locals=(*part.locals, *(line for g in gates for line in (*g.support, g.line))),
        numbers=(*part.numbers, *(number for g in gates for number in g.numbers)),
    )


def bracketed(formula: str) -> str:
    """`formula`, safe to multiply.

    >>> bracketed("a / b"), bracketed("a - b"), bracketed("xp.exp(-a - b)")
    ('a / b', '(a - b)', 'xp.exp(-a - b)')
    """
    depth = 0
    for i, char in enumerate(formula):
        depth += (char in "([") - (char in ")]")
        if depth == 0 and char in "+-" and (i == 0 or formula[i - 1] == " "):
            return f"({formula})"
    return formula
