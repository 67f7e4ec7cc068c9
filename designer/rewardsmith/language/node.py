"""One value of one step: a node of the expression graph.

Immutable but for its `hint`, a name for readers of the emitted code.
"""

import hashlib
from typing import TYPE_CHECKING, Literal

from rewardsmith.language.operations import COMMUTATIVE, Value
from rewardsmith.language.units import Unit

if TYPE_CHECKING:
    from rewardsmith.language.graph import Graph

Kind = Literal["float", "bool", "int"]
Attribute = object
"""What a node holds besides its arguments: an input's key, a constant, an index, an axis."""

_WEAK = frozenset(
    "add sub mul neg lt le gt ge eq ne logical_and logical_or logical_not where".split()
)


class Node:
    """One value of one step."""

    __slots__ = ("args", "attr", "batched", "digest_", "graph", "hint", "kind", "op", "quaternion",
                 "serial", "shape", "unit", "weak")  # fmt: skip
    __hash__ = object.__hash__

    def __init__(
        self,
        graph: "Graph",
        op: str,
        args: "tuple[Node, ...]" = (),
        *,
        attr: Attribute = None,
        shape: tuple[int, ...] = (),
        kind: Kind = "float",
        unit: Unit | None = None,
    ) -> None:
        self.graph = graph
        self.op = op
        self.args = args
        self.attr = attr
        self.shape = shape
        self.kind: Kind = kind
        self.unit = unit
        self.hint: str | None = None
        self.quaternion: str | None = None
        self.serial = 0
        self.digest_: str | None = None
        self.batched: bool = op == "input" or any(arg.batched for arg in args)
        self.weak: bool = _is_weak(op, args, shape)

    def __add__(self, other: Value) -> Value:
        return self.graph.apply("add", self, other)

    def __radd__(self, other: Value) -> Value:
        return self.graph.apply("add", other, self)

    def __sub__(self, other: Value) -> Value:
        return self.graph.apply("sub", self, other)

    def __rsub__(self, other: Value) -> Value:
        return self.graph.apply("sub", other, self)

    def __mul__(self, other: Value) -> Value:
        return self.graph.apply("mul", self, other)

    def __rmul__(self, other: Value) -> Value:
        return self.graph.apply("mul", other, self)

    def __truediv__(self, other: Value) -> Value:
        return self.graph.apply("div", self, other)

    def __rtruediv__(self, other: Value) -> Value:
        return self.graph.apply("div", other, self)

    def __pow__(self, other: Value) -> Value:
        return self.graph.apply("pow", self, other)

    def __neg__(self) -> Value:
        return self.graph.apply("neg", self)

    def __lt__(self, other: Value) -> Value:
        return self.graph.apply("lt", self, other)

    def __le__(self, other: Value) -> Value:
        return self.graph.apply("le", self, other)

    def __gt__(self, other: Value) -> Value:
        return self.graph.apply("gt", self, other)

    def __ge__(self, other: Value) -> Value:
        return self.graph.apply("ge", self, other)

    def __getitem__(self, items: Value) -> "Node":
        return self.graph.index(self, items if isinstance(items, tuple) else (items,))

    @property
    def digest(self) -> str:
        """Equal for nodes that compute the same thing."""
        if self.digest_ is None:
            _fill_digests(self)
        return str(self.digest_)


def _is_weak(op: str, args: tuple[Node, ...], shape: tuple[int, ...]) -> bool:
    """Whether the emitted code may leave it a Python number.

    Division and powers are left to arrays: Python raises where NumPy returns inf or nan.
    """
    if shape:
        return False
    return op in ("const", "param") or (op in _WEAK and all(arg.weak for arg in args))


def _fill_digests(last: Node) -> None:
    """Arguments first, without recursion: a graph may be deeper than Python's stack."""
    waiting = [last]
    while waiting:
        node = waiting[-1]
        missing = [arg for arg in node.args if arg.digest_ is None]
        waiting += missing
        if not missing:
            node.digest_ = _digest(waiting.pop())


def _digest(node: Node) -> str:
    op, args = node.op, [arg.digest for arg in node.args]
    attr: object = node.attr
    if op == "param":
        op, attr = "const", node.graph.param_value(str(node.attr))
    if op in ("gt", "ge"):
        op, args = {"gt": "lt", "ge": "le"}[op], args[::-1]
    if op in COMMUTATIVE:
        args.sort()
    if op == "const":
        attr = _plain(attr)
    text = repr((op, attr, node.shape, args))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, (tuple, list)):
        return tuple(_plain(item) for item in value)
    return float(value) if isinstance(value, (int, float)) else value
