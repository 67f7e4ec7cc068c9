"""Blind changes: crossing two programs, mutating one, reweighing one that cannot be taken apart."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from rewardsmith.messages import ComponentStats
from rewardsmith.roles.offline.program_text import parse, render
from rewardsmith.roles.offline.sketch import Sketch, merged

_FACTORS = (0.25, 0.5, 2.0, 4.0)


def crossed(text: str, other: str) -> tuple[str, str] | None:
    """The first program plus the components that only the other has, at half their weight."""
    mine, theirs = parse(text), parse(other)
    if mine is None or theirs is None:
        return None
    new = [name for name in theirs.components if name not in mine.components]
    if not new:
        return None
    halved = {n: w / 2 for n, w in theirs.weights.items()}
    child = merged(mine, replace(theirs, weights=halved), new)
    told = " and ".join(f"`{name}`" for name in new)
    return render(child), f"The best two crossed: {told} joined at half weight."


def mutated(text: str, rng: np.random.Generator) -> tuple[str, str] | None:
    """One weight or one constant multiplied by a quarter, a half, two or four."""
    sketch = parse(text)
    if sketch is None:
        return None
    numbers = [n for n, v in sketch.params.items() if isinstance(v, float) and "target" not in n]
    names = [*sketch.weights, *numbers]
    chosen = names[int(rng.integers(len(names)))]
    factor = _FACTORS[int(rng.integers(len(_FACTORS)))]
    child = _multiplied(sketch, chosen, factor)
    return render(child), f"A blind change: `{chosen}` times {factor:g}."


def reweighed_text(text: str, stats: Mapping[str, ComponentStats]) -> Iterator[tuple[str, str]]:
    """A program with other WEIGHTS and everything else as its author wrote it."""
    weights = _weights(text)
    for name, weight in weights.items():
        known = stats.get(name)
        factor = {"drop": 0.0, "rescale": 0.2}.get(known.verdict) if known else None
        if factor is not None:
            changed = {**weights, name: weight * factor}
            yield _with_weights(text, changed), f"`{name}` weighs {factor:g} of what it did."
    for name, weight in weights.items():
        yield _with_weights(text, {**weights, name: weight * 2.0}), f"`{name}` weighs twice."


def _multiplied(sketch: Sketch, name: str, factor: float) -> Sketch:
    if name in sketch.weights:
        weight = float(f"{sketch.weights[name] * factor:.3g}")
        return replace(sketch, weights={**sketch.weights, name: weight})
    value = float(f"{float(str(sketch.params[name])) * factor:.3g}")
    return replace(sketch, params={**sketch.params, name: value})


def _weights(text: str) -> dict[str, float]:
    node = _weights_node(text)
    if node is None:
        return {}
    try:
        return {str(k): float(v) for k, v in ast.literal_eval(node).items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _weights_node(text: str) -> ast.expr | None:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id == "WEIGHTS":
                return node.value
    return None


def _with_weights(text: str, weights: Mapping[str, float]) -> str:
    """`text` with its WEIGHTS literal replaced."""
    node = _weights_node(text)
    if node is None or node.end_lineno is None or node.end_col_offset is None:
        return text
    lines = text.encode().splitlines(keepends=True)
    head = b"".join(lines[: node.lineno - 1]) + lines[node.lineno - 1][: node.col_offset]
    tail = lines[node.end_lineno - 1][node.end_col_offset :] + b"".join(lines[node.end_lineno :])
    return (head + repr(dict(weights)).encode() + tail).decode()
