"""State fields as the designer sees them: one scalar or vector each, with concepts and a scale.

A view's scale comes from the card's range and unit alone, so a field that is renamed or measured in
another unit gives the same view with other numbers.
"""

import re
from dataclasses import dataclass, replace

from rewardsmith.messages import FieldSpec, StateSpec
from rewardsmith.roles.offline.lexicon import (
    CONCEPTS,
    HEADINGS,
    PARTS,
    TYPICAL,
    Axis,
    Dimension,
    stem,
    unit_of,
)

_POSITIVE = re.compile(
    r"positive\s+(?:is\s+|means\s+|=\s*)?(?:to\s+the\s+|towards?\s+the\s+)?(\w+)"
)
_ZERO = re.compile(r"\b(?:0|zero)\s*(?:=|is|means|when|at)\s*(?:the\s+)?(\w+)")
_AXES: tuple[Axis, ...] = ("x", "y", "z")
_LETTERS = {"x", "y", "z"}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One quantity that a program can read."""

    field: str
    formula: str
    """How a program reads it; `{s}` stands for `state`, `previous` or `initial`."""
    concepts: frozenset[str]
    """Canonical words of the field's name and meaning."""
    dimension: Dimension
    unit: str
    factor: float
    """How many SI units one `unit` is."""
    low: float | None
    high: float | None
    axis: Axis | None = None
    sign: int = 1
    """-1 when the field counts against the axis (`positive backward`)."""
    zero: str = ""
    """Stem of what the meaning says a value of 0 is (`upright`); empty when unsaid."""
    size: int = 1
    """Numbers in it: 1 for a scalar."""
    is_constant: bool = False

    @property
    def scale(self) -> float:
        """An everyday change of this quantity, in `unit`: a quarter of its plausible range."""
        typical = TYPICAL[self.dimension] / self.factor
        if self.low is None or self.high is None:
            return tidy(typical)
        reach = max(abs(self.low), abs(self.high))
        spread = reach if "speed" in self.dimension else self.high - self.low
        quarter = spread / 4
        if self.dimension and quarter > 5 * typical:
            quarter = 5 * typical
        return tidy(quarter or typical)

    @property
    def is_limb(self) -> bool:
        """Whether it belongs to a limb rather than to the body."""
        return bool(self.concepts & PARTS)


def views_of(state: StateSpec) -> tuple[View, ...]:
    """Every numeric quantity of `state`, vectors both whole and by axis."""
    found: list[View] = []
    for spec in state.fields:
        if spec.kind != "float" or spec.quaternion or len(spec.shape) > 1:
            continue
        whole = _view(spec)
        found.append(whole)
        if whole.size in {2, 3} and whole.dimension in {"length", "speed"}:
            found.extend(_along(whole, i) for i in range(whole.size))
    return tuple(found)


def single_numbers(state: StateSpec) -> tuple[View, ...]:
    """Counts, and the elements of vectors one by one: for environments that show little else."""
    found = []
    for spec in state.fields:
        if spec.kind == "int" and not spec.shape and spec.constant is None:
            found.append(_view(spec))
        elif spec.kind == "float" and len(spec.shape) == 1 and not spec.quaternion:
            whole = _view(spec)
            found += [
                replace(whole, formula=f"{whole.formula}[{i}]", size=1) for i in range(whole.size)
            ]
    return tuple(found)


def tidy(value: float) -> float:
    """Round to two significant digits, as a person would write it.

    >>> tidy(0.0175), tidy(123.0)
    (0.018, 120.0)
    """
    return float(f"{value:.2g}")


def concepts_of(text: str) -> frozenset[str]:
    """Canonical words of a text: synonyms fall together, unknown words stay as stems."""
    words = re.findall(r"[a-z]+", text.lower())
    return frozenset(CONCEPTS.get(stem(w), stem(w)) for w in words)


def _view(spec: FieldSpec) -> View:
    unit = unit_of(spec.unit)
    named = concepts_of(spec.name)
    plain = _ZERO.sub(" ", _POSITIVE.sub(" ", spec.meaning.lower()))
    concepts = named | concepts_of(plain)
    axis = _axis(named) or _axis(concepts_of(plain))
    zero = _ZERO.search(spec.meaning.lower())
    return View(
        field=spec.name,
        formula=f"{{s}}.{spec.name}",
        concepts=concepts,
        dimension=unit.dimension or _guess_dimension(concepts),
        unit=spec.unit,
        factor=unit.factor,
        low=spec.low,
        high=spec.high,
        axis=axis,
        sign=_sign(spec.meaning),
        zero=stem(zero.group(1)) if zero else "",
        size=spec.shape[0] if spec.shape else 1,
        is_constant=spec.constant is not None,
    )


def _along(whole: View, index: int) -> View:
    """One axis of a vector in x, y, z order."""
    return View(
        field=whole.field,
        formula=f"{whole.formula}[{index}]",
        concepts=whole.concepts | {_AXES[index]},
        dimension=whole.dimension,
        unit=whole.unit,
        factor=whole.factor,
        low=whole.low,
        high=whole.high,
        axis=_AXES[index],
        is_constant=whole.is_constant,
    )


def _axis(concepts: frozenset[str]) -> Axis | None:
    found = sorted(concepts & _LETTERS)
    return next((a for a in _AXES if found == [a]), None)


def _sign(meaning: str) -> int:
    said = _POSITIVE.search(meaning.lower())
    heading = HEADINGS.get(stem(said.group(1))) if said else None
    return heading.sign if heading else 1


def _guess_dimension(concepts: frozenset[str]) -> Dimension:
    """What a field without a unit measures, by its words."""
    if "velocity" in concepts:
        return "angular speed" if concepts & {"angle", "angular"} else "speed"
    if "angle" in concepts and not concepts & {"cosin", "sin", "cos"}:
        return "angle"
    return "length" if concepts & {"position", "distance", "z", "x"} else ""
