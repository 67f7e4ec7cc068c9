"""A reward program as values: constants, weights, body lines, components.

Adding and dropping components keeps the rest as it was; lines, constants and memory that nothing
reads any more are left out. Pure values; the text is `program_text`'s business.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from rewardsmith.roles.offline.parts import Local, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A reward program as values."""

    title: str
    """Docstring of the module."""
    params: Mapping[str, object]
    weights: Mapping[str, float]
    lines: tuple[Local, ...]
    """Assignments before the return, in order."""
    components: Mapping[str, str]
    """Component to formula."""
    memory: Mapping[str, object] = field(default_factory=dict)
    updates: Mapping[str, str] = field(default_factory=dict)
    potential: str = ""
    """Formula over `state`; empty without one."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Comment (a unit) of a constant or line."""
    total: object = "sum"


def sketch_of(parts: tuple[Part, ...], title: str) -> Sketch:
    """The program made of `parts`; shared lines and constants appear once."""
    lines: dict[str, Local] = {}
    for part in parts:
        for line in part.locals:
            lines.setdefault(line.name, line)
    numbers = {n.name: n for part in parts for n in part.numbers}
    remembering = [p for p in parts if p.memory is not None]
    notes = {line.name: line.note for line in lines.values() if line.note}
    notes |= {n.name: n.unit for n in numbers.values() if n.unit}
    return prune(
        Sketch(
            title=title,
            params={n.name: n.value for n in numbers.values()},
            weights={p.name: p.weight for p in parts},
            lines=tuple(ln._replace(formula=_tidied(ln.formula)) for ln in lines.values()),
            components={p.name: _tidied(p.formula) for p in parts},
            memory={f"{p.name}_best": p.memory for p in remembering},
            updates={f"{p.name}_best": _tidied(p.update) for p in remembering},
            potential=next((_tidied(p.potential) for p in parts if p.potential), ""),
            notes=notes,
        )
    )


def add(sketch: Sketch, *parts: Part) -> Sketch:
    """`sketch` with more components; what it already holds is kept."""
    other = sketch_of(parts, sketch.title)
    return merged(sketch, other, other.components)


def merged(sketch: Sketch, other: Sketch, names: Iterable[str]) -> Sketch:
    """`sketch` with the components `names` of another; on a clash its own pieces are kept."""
    other = drop(other, *(name for name in other.components if name not in set(names)))
    known = {line.name for line in sketch.lines}
    lines = (*sketch.lines, *(line for line in other.lines if line.name not in known))
    return replace(
        sketch,
        params={**other.params, **sketch.params},
        weights={
            **sketch.weights,
            **{k: w for k, w in other.weights.items() if k not in sketch.weights},
        },
        lines=_ordered(lines),
        components={**other.components, **sketch.components},
        memory={**other.memory, **sketch.memory},
        updates={**other.updates, **sketch.updates},
        potential=sketch.potential or other.potential,
        notes={**other.notes, **sketch.notes},
    )


def drop(sketch: Sketch, *names: str) -> Sketch:
    """`sketch` without those components, and without what only they used."""
    kept = {name: f for name, f in sketch.components.items() if name not in names}
    weights = {name: w for name, w in sketch.weights.items() if name in kept}
    return prune(replace(sketch, components=kept, weights=weights))


def prune(sketch: Sketch) -> Sketch:
    """Leave out lines, constants and memory that nothing reads."""
    updates = {
        k: f for k, f in sketch.updates.items() if any(f"memory.{k}" in c for c in _payers(sketch))
    }
    paid = [*_payers(sketch), *updates.values()]
    used = set().union(*(bare_names(formula) for formula in paid))
    lines: list[Local] = []
    for line in reversed(sketch.lines):
        if line.name in used:
            lines.append(line)
            used |= bare_names(line.formula)
    read = " ".join([*paid, *(line.formula for line in lines)])
    return replace(
        sketch,
        lines=tuple(reversed(lines)),
        params={k: v for k, v in sketch.params.items() if re.search(rf"params\.{k}\b", read)},
        memory={k: v for k, v in sketch.memory.items() if k in updates},
        updates=updates,
    )


def _tidied(formula: str) -> str:
    """The formula in the one layout that taking a program apart gives back."""
    return ast.unparse(ast.parse(formula, mode="eval"))


def bare_names(formula: str) -> set[str]:
    """Names that are read as locals, not as attributes."""
    return set(re.findall(r"(?<![.\w])[a-z_][a-z0-9_]*", formula))


def _payers(sketch: Sketch) -> list[str]:
    """Formulas that the reward needs; a line counts once a component reads it."""
    wanted = bare_names(" ".join(sketch.components.values()))
    formulas = list(sketch.components.values())
    for line in reversed(sketch.lines):
        if line.name in wanted:
            formulas.append(line.formula)
            wanted |= bare_names(line.formula)
    return formulas


def _ordered(lines: tuple[Local, ...]) -> tuple[Local, ...]:
    """Lines so that each stands after those it reads."""
    placed: list[Local] = []
    waiting = list(lines)
    while waiting:
        open_names = {line.name for line in waiting}
        ready = [ln for ln in waiting if not (bare_names(ln.formula) & open_names - {ln.name})]
        ready = ready or waiting[:1]
        placed += ready
        waiting = [ln for ln in waiting if ln not in ready]
    return tuple(placed)
