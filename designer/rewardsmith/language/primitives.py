"""What a primitive of `xp` is, and the namespace that programs see.

A primitive is written once, as a function of the namespace itself. Bound to `RowOperations` it
computes one step; bound to `Graph` it builds the expression that is compiled.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from rewardsmith.language.operations import Operations

Group = Literal["elementwise", "reduction", "constructor", "shaping", "geometry"]
Define = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Primitive:
    """One function of `xp`, as a designer reads it."""

    name: str
    signature: str
    """As written in a program, without `xp.`: `clip(x, lo, hi)`."""
    formula: str
    """What it computes, in one line of mathematics."""
    doc: str
    """What it is for, in one sentence."""
    group: Group
    define: Define
    """The definition: a function of the namespace and the arguments."""


class Registry:
    """Collects the primitives of one module under a group."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self.primitives: list[Primitive] = []

    def __call__(self, formula: str, *, name: str | None = None) -> Callable[[Define], Define]:
        """Register a definition; its first docstring line becomes the primitive's doc."""

        def register(define: Define) -> Define:
            self.add(name or define.__name__, formula, inspect.getdoc(define) or "", define)
            return define

        return register

    def add(self, name: str, formula: str, doc: str, define: Define) -> None:
        """Register `define` as `xp.<name>`."""
        signature = f"{name}{_signature(define)}"
        self.primitives.append(
            Primitive(name, signature, formula, doc.splitlines()[0], self._group, define)
        )


class Library:
    """The namespace `xp`: every primitive, bound to one implementation of the base operations."""

    def __init__(self, operations: Operations, primitives: Mapping[str, Primitive]) -> None:
        self.operations = operations
        self.pi = 3.141592653589793
        self.inf = float("inf")
        for name, primitive in primitives.items():
            setattr(self, name, partial(primitive.define, self))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"xp has no function {name!r}")


def _signature(define: Define) -> str:
    parameters = list(inspect.signature(define).parameters.values())[1:]
    return str(
        inspect.Signature([p.replace(annotation=inspect.Parameter.empty) for p in parameters])
    )
