"""Which variables of an environment's source only read its state: positions, distances, velocities.

A reward looks at them, and so may a person: they are none of its terms. A weight, a bound, a sign
or a curve makes a term.
"""

import ast
from collections.abc import Iterator

from rewardsmith.environments.drafting.judging import Function, called

_MEASURES = frozenset("abs array asarray copy float hypot norm sqrt".split())
"""Calls that make nothing but a quantity of the same kind."""


class Readings:
    """Locals by function, and attributes, that only read the state wherever they are made."""

    def __init__(self, functions: list[Function]) -> None:
        own = {function.name for function in functions}
        made = [(key, value) for function in functions for key, value in _made(function)]
        terms = {key for key, value in made if not _is_reading(value, own)}
        self._found = {key for key, _ in made} - terms
        self._asked = {key for key, value in made if value is not None and _asks(value, own)}

    def has_local(self, name: str, owner: str) -> bool:
        """Whether a function's variable only reads."""
        return (owner, name) in self._found

    def is_asked(self, name: str, owner: str) -> bool:
        """Whether a function's variable holds what another function was asked for."""
        return (owner, name) in self._asked

    def has_attribute(self, name: str) -> bool:
        """Whether an attribute of the object only reads."""
        return ("", name) in self._found


def _made(function: Function) -> Iterator[tuple[tuple[str, str], ast.expr | None]]:
    """What a function stores, by (function, name) or, for an attribute, by ("", name)."""
    for node in ast.walk(function):
        pairs: list[tuple[ast.expr, ast.expr | None]] = []
        match node:
            case ast.Assign(targets=targets, value=value):
                pairs = [pair for target in targets for pair in _pairs(target, value)]
            case ast.AnnAssign(target=single, value=made):
                pairs = [(single, made)]
            case ast.AugAssign(target=single):
                pairs = [(single, None)]
        for stored, made in pairs:
            match stored:
                case ast.Name(id=name):
                    yield (function.name, name), made
                case ast.Attribute(value=ast.Name(id="self"), attr=name):
                    yield ("", name), made


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Every single target with what it gets."""
    if not isinstance(target, ast.Tuple | ast.List):
        yield target, value
        return
    values = [value] * len(target.elts)
    if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
        values = value.elts
    for part, made in zip(target.elts, values, strict=True):
        yield from _pairs(part, made)


def _is_reading(value: ast.expr | None, own: set[str]) -> bool:
    match value:
        case ast.Name():
            return True
        case ast.Attribute(value=inner) | ast.Subscript(value=inner):
            return _is_reading(inner, own)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Div(), right=right):
            return _is_reading(left, own) and _is_reading(right, own)
        case ast.Call(func=func, args=args):
            return _is_measuring(func, own) and all(
                isinstance(part, ast.Constant) or _is_reading(part, own) for part in args
            )
    return False


def _asks(value: ast.expr, own: set[str]) -> bool:
    return any(isinstance(part, ast.Call) and called(part) in own for part in ast.walk(value))


def _is_measuring(func: ast.expr, own: set[str]) -> bool:
    """Whether a call asks for a quantity: of the object's parts, or by its name."""
    name = func.id if isinstance(func, ast.Name) else getattr(func, "attr", "")
    if name in _MEASURES:
        return True
    root = func
    while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
        root = root.func if isinstance(root, ast.Call) else root.value
    return name not in own and isinstance(root, ast.Name) and root.id == "self"
