"""An objective, a signal and what is wanted of it, and the pieces that every form is built from."""

from collections.abc import Mapping
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


def gate_of(objective: Objective) -> Gate:
    """A factor that is 1 where `objective` is met and fades to 0."""
    name = f"{objective.signal.name}_gate"
    line, offset, number = _error(objective)
    return Gate(
        Local(name, f"xp.exp(-xp.square({offset} / params.{number.name}))"), line, (number,)
    )


def _error(objective: Objective) -> tuple[tuple[Local, ...], str, Number]:
    """(lines, formula of the distance from where the objective is met, its width)."""
    n, signal = name_of(objective), objective.signal
    width = Number(f"{signal.name}_width", tidy(width_of(objective)), signal.unit)
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
    return (line_of(objective),), offset, width


def width_of(objective: Objective) -> float:
    """How far from its target a signal still counts, in the signal's unit."""
    if objective.tolerance:
        return objective.tolerance
    if objective.aim == "near" and objective.target:
        return max(abs(objective.target) / 2, objective.signal.scale / 4)
    return objective.signal.scale


def name_of(objective: Objective) -> str:
    """What programs call the signal: a height counted from the start is a gain."""
    return f"{objective.signal.name}_gain" if objective.start_relative else objective.signal.name


def line_of(objective: Objective, *, at: str = "state") -> Local:
    """The program line that reads the signal."""
    signal, name = objective.signal, name_of(objective)
    formula = signal.formula.format(s=at)
    if objective.start_relative:
        formula += f" - {signal.formula.format(s='initial')}"
    if at == "previous":
        name += "_before"
    return Local(name, formula, signal.unit)


def scale_of(objective: Objective, *, times: float = 1.0, name: str = "scale") -> Number:
    """A multiple of the signal's everyday change, as a constant of the program."""
    signal = objective.signal
    return Number(f"{signal.name}_{name}", tidy(signal.scale * times), signal.unit)


def part_of(
    objective: Objective, name: str, formula: str, why: str, *numbers: Number, **words: object
) -> Part:
    """A component for `objective`; `words` are further attributes of the part."""
    part = Part(
        name=name,
        formula=formula,
        why=why,
        role=objective.role,
        about=objective.key,
        locals=(line_of(objective),),
        numbers=numbers,
        fields=objective.signal.fields,
    )
    return varied(part, **words) if words else part


def varied(part: Part, **words: object) -> Part:
    """`part` with other attributes."""
    return replace(part, **words)  # type: ignore[arg-type]  # names are checked by replace
