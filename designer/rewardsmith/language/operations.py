"""The base operations that every primitive of `xp` is built from.

Two implementations: `rows.RowOperations` computes with NumPy on one step, `graph.Graph` builds
expression nodes. Nothing here knows of environments or of a leading axis.
"""

from typing import Any, Protocol, TypeAlias

Value: TypeAlias = Any
"""A number, a NumPy value or a graph node: whatever the implementation computes with."""

UNARY = frozenset(
    "abs exp log sqrt square sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sign "
    "floor ceil round trunc log1p expm1 isfinite isnan logical_not number neg".split()
)
"""Elementwise operations of one argument; `number` turns conditions into 0.0 and 1.0."""

BINARY = frozenset(
    "add sub mul div pow mod floordiv maximum minimum atan2 logical_and logical_or "
    "lt le gt ge eq ne".split()
)
"""Elementwise operations of two arguments, with NumPy's broadcasting."""

REDUCTIONS = frozenset("sum prod max min mean any all".split())
"""Operations that remove axes of the step's own."""

CONDITIONS = frozenset(
    "isfinite isnan logical_not logical_and logical_or lt le gt ge eq ne any all".split()
)
"""Operations whose result is a condition."""

COMMUTATIVE = frozenset("add mul maximum minimum logical_and logical_or eq ne".split())
"""Operations whose two arguments may be swapped without changing any bit of the result."""


class Operations(Protocol):
    """What a primitive may ask for."""

    def apply(self, op: str, *args: Value) -> Value:
        """One of UNARY or BINARY, elementwise."""
        ...

    def reduce(self, op: str, x: Value, axis: int | None, keepdims: bool) -> Value:
        """One of REDUCTIONS over `axis`, or over all axes of the step's own."""
        ...

    def where(self, condition: Value, yes: Value, no: Value) -> Value:
        """Select elementwise; both sides are computed."""
        ...

    def stack(self, items: list[Value]) -> Value:
        """Values of one shape, along a new first axis."""
        ...

    def concat(self, items: list[Value]) -> Value:
        """Vectors (and numbers, as vectors of one) end to end."""
        ...

    def array(self, x: Value) -> Value:
        """A number, vector or nested list as a value that has a shape."""
        ...

    def shape(self, x: Value) -> tuple[int, ...]:
        """The shape in one step."""
        ...
