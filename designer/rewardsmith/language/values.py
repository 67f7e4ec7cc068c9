"""What a name may stand for while a program is lowered.

Numbers, strings, None, tuples and ranges are Python's own; computed values are graph nodes;
everything else is here.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from rewardsmith.language.node import Node
from rewardsmith.language.operations import Value
from rewardsmith.language.primitives import Primitive


class Unknown:
    """The result of a refused expression: whatever is computed from it is refused silently."""


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class MaybeUnset:
    """A local variable that only some branches have set."""


@dataclass(frozen=True, slots=True)
class Sometimes:
    """A dictionary entry that only some branches have set; elsewhere it counts as 0.0."""

    value: Value


@dataclass(frozen=True, slots=True)
class Fields:
    """A group of inputs: `state`, `initial`, `params`, ..."""

    owner: str
    entries: Mapping[str, Value]
    table: str = ""
    """The module's table that declares the entries; empty for state fields."""


@dataclass(frozen=True, slots=True)
class Functions:
    """The namespace `xp`."""


@dataclass(frozen=True, slots=True)
class XpFunction:
    """A function of `xp`."""

    primitive: Primitive


@dataclass(frozen=True, slots=True)
class Builtin:
    """One of the few functions of Python's own."""

    name: str


@dataclass(frozen=True, slots=True)
class Closure:
    """A function of the program."""

    node: ast.FunctionDef
    is_nested: bool = False
    """Whether it was defined inside another function, whose names it sees."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A list or dictionary of the program; its contents are in the heap."""

    kind: Literal["list", "dict"]
    serial: int


@dataclass(frozen=True, slots=True)
class Method:
    """`append`, `items`, ... of a list or dictionary."""

    ref: Ref
    name: str


@dataclass(frozen=True, slots=True)
class Copy:
    """`copy` of a value that never changes: calling it gives the value."""

    value: Node


_KINDS: Mapping[type, str] = MappingProxyType(
    {
        str: "a string",
        tuple: "a tuple",
        dict: "a dictionary",
        bool: "a condition",
        int: "a number",
        float: "a number",
        range: "a range",
        type(None): "None",
    }
)


def describe(value: Value) -> str:
    """Name the kind of a value in a message."""
    if isinstance(value, Node):
        shape = value.shape
        noun = "condition" if value.kind == "bool" else "number"
        return f"a vector of shape {shape}" if shape else f"a {noun}"
    if isinstance(value, Fields):
        return f"the whole of `{value.owner}`"
    if isinstance(value, (Ref, Method)):
        return "a dictionary" if isinstance(value, Ref) and value.kind == "dict" else "a list"
    if isinstance(value, (XpFunction, Builtin, Closure, Copy, Functions)):
        return "a function"
    return _KINDS.get(type(value), "something else")
