"""The typed, hash-consed expression graph of one step.

Equal expressions are one node, so common work is computed once. Shapes are those of the step,
never of a batch.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import cast

from rewardsmith.language.findings import Refusal, finding
from rewardsmith.language.node import Attribute, Kind, Node
from rewardsmith.language.operations import COMMUTATIVE, CONDITIONS, Value
from rewardsmith.language.rows import RowOperations
from rewardsmith.language.shapes import broadcast, frozen_index, indexed, is_whole
from rewardsmith.language.units import Unit, compatible, product, quotient, raised
from rewardsmith.messages import Finding

MAX_NODES = 20_000
"""Nodes one program may have; a reward of ten components has about a hundred."""

_SAME_UNIT = frozenset("add sub maximum minimum lt le gt ge eq ne mod".split())
_KEEPS_UNIT = frozenset("abs neg floor ceil round trunc sum max min mean index expand".split())
_SIGN = {"add": "+", "sub": "-", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==",
         "ne": "!=", "mod": "%", "neg": "-"}  # fmt: skip


class Graph:
    """Builds nodes; the implementation of `Operations` that compiles."""

    def __init__(self, report: Callable[[Finding], None] | None = None) -> None:
        self._report = report or (lambda _: None)
        self._nodes: dict[tuple[object, ...], Node] = {}
        self._adopted: dict[Node, Node] = {}
        self._rows = RowOperations()
        self._param_values: dict[str, object] = {}
        self.line: int | None = None
        """Line of the program that is being lowered; findings carry it."""

    def input(
        self,
        key: str,
        *,
        shape: tuple[int, ...] = (),
        kind: Kind = "float",
        unit: Unit | None = None,
        quaternion: str | None = None,
    ) -> Node:
        """A value that the caller passes with a leading axis B; integers become floats."""
        node = self._intern("input", (), attr=key, shape=shape, kind=kind, unit=unit)
        node.quaternion = quaternion
        node.hint = key.replace(".", "_")
        return self._as_number(node) if kind == "int" else node

    def param(self, name: str, value: float | tuple[float, ...]) -> Node:
        """A tunable constant: symbolic in the code, a plain value in the hash."""
        shape = (len(value),) if isinstance(value, tuple) else ()
        self._param_values[name] = value
        node = self._intern("param", (), attr=name, shape=shape)
        node.hint = name
        return node

    def param_value(self, name: str) -> object:
        """The starting value of a parameter."""
        return self._param_values[name]

    def constant(self, value: Value, unit: Unit | None = None) -> Node:
        """A number, a condition, or nested tuples of numbers."""
        shape = self._rows.shape(value)
        kind: Kind = "bool" if isinstance(value, bool) else "float"
        return self._intern("const", (), attr=value, shape=shape, kind=kind, unit=unit)

    def apply(self, op: str, *args: Value) -> Value:
        """Elementwise; constants are folded, shapes broadcast as NumPy does."""
        values = [self._operand(arg) for arg in args]
        if not any(isinstance(value, Node) for value in values):
            return self._fold(op, values)
        known = self._logic(op, *values) if op in ("logical_and", "logical_or") else None
        if known is not None:
            return known
        nodes = [self._numeric(op, self.node(value)) for value in values]
        shape = broadcast([node.shape for node in nodes])
        aligned = tuple(self._expand(node, len(shape)) for node in nodes)
        return self._elementwise(op, aligned, shape)

    def reduce(self, op: str, x: Value, axis: int | None, keepdims: bool) -> Value:
        """Reduce one of the step's own axes, or all of them."""
        x = self._operand(x)
        if not isinstance(x, Node):
            return x
        if not x.shape:
            return x if op in ("any", "all") else self._as_number(x)
        if axis is None:
            for _ in x.shape:
                x = self._reduce_axis(op, x, -1)
            return x
        position = self._axis(x, axis)
        reduced = self._reduce_axis(op, x, position - len(x.shape))
        if not keepdims:
            return reduced
        whole: list[object] = [slice(None)] * len(reduced.shape)
        return self.index(reduced, (*whole[:position], None, *whole[position:]))

    def where(self, condition: Value, yes: Value, no: Value) -> Value:
        """Select; selects between constant conditions become logic."""
        condition, yes, no = (self._operand(arg) for arg in (condition, yes, no))
        if isinstance(condition, (bool, int, float)):
            return self._spread(yes if condition else no, (yes, no))
        condition = self.truth(condition)
        if not condition.shape and (yes is no or (not isinstance(yes, Node) and yes == no)):
            return yes
        logic = self._select_conditions(condition, yes, no)
        if logic is not None:
            return logic
        a, b = self.node(yes), self.node(no)
        if a.kind != b.kind:
            a, b = self._as_number(a), self._as_number(b)
        self._check_units("where", a, b)
        shape = broadcast([condition.shape, a.shape, b.shape])
        aligned = tuple(self._expand(node, len(shape)) for node in (condition, a, b))
        unit = a.unit if a.unit == b.unit else None
        return self._intern("where", aligned, shape=shape, kind=a.kind, unit=unit)

    def stack(self, items: list[Value]) -> Value:
        """Values of one shape along a new first axis."""
        nodes = self._same_kind([self.node(self._operand(item)) for item in items])
        shape = broadcast([node.shape for node in nodes])
        if any(node.shape != shape for node in nodes):
            raise Refusal("shapes-differ", left=nodes[0].shape, right=nodes[-1].shape)
        return self._intern(
            "stack",
            tuple(nodes),
            shape=(len(nodes), *shape),
            kind=nodes[0].kind,
            unit=_common_unit(nodes),
        )

    def concat(self, items: list[Value]) -> Value:
        """Vectors end to end; numbers count as vectors of one."""
        nodes = self._same_kind([self.node(self._operand(item)) for item in items])
        vectors = tuple(self.index(n, (None,)) if not n.shape else n for n in nodes)
        tails = {node.shape[1:] for node in vectors}
        if len(tails) > 1:
            raise Refusal("shapes-differ", left=vectors[0].shape, right=vectors[-1].shape)
        shape = (sum(node.shape[0] for node in vectors), *tails.pop())
        return self._intern(
            "concat", vectors, shape=shape, kind=nodes[0].kind, unit=_common_unit(nodes)
        )

    def array(self, x: Value) -> Value:
        """A nested tuple of constants, or a stack of its items."""
        if not isinstance(x, (tuple, list)):
            return x
        if not x:
            raise Refusal("not-a-number", text="[]", kind="an empty list")
        frozen = _frozen(x)
        if frozen is None:
            return self.stack([self.array(item) for item in x])
        if len({self._rows.shape(item) for item in x}) > 1:
            raise Refusal("shapes-differ", left=self.shape(x[0]), right=self.shape(x[-1]))
        return self.constant(frozen)

    def shape(self, x: Value) -> tuple[int, ...]:
        """The shape in one step."""
        value = self._operand(x)
        return value.shape if isinstance(value, Node) else ()

    def index(self, x: Node, items: tuple[Value, ...]) -> Node:
        """Pick from the step's own axes."""
        full, shape = indexed(x.shape, items)
        if full and all(is_whole(item) for item in full):
            return x
        attr = tuple(frozen_index(item) for item in full)
        return self._intern("index", (x,), attr=attr, shape=shape, kind=x.kind, unit=x.unit)

    def adopt(self, x: Value) -> Value:
        """A value made over another graph, with its nodes in this one."""
        if isinstance(x, tuple):
            return tuple(self.adopt(item) for item in x)
        if isinstance(x, dict):
            return {key: self.adopt(item) for key, item in x.items()}
        return self._adopt_node(x) if isinstance(x, Node) and x.graph is not self else x

    def _adopt_node(self, last: Node) -> Node:
        """Arguments first and each node once: a graph may be deeper than Python's stack."""
        waiting = [last]
        while waiting:
            node = waiting[-1]
            missing = [arg for arg in node.args if arg not in self._adopted]
            waiting += missing
            if not missing:
                args = tuple(self._adopted[arg] for arg in node.args)
                self._adopted[waiting.pop()] = self._intern(
                    node.op, args, attr=node.attr, shape=node.shape, kind=node.kind, unit=node.unit
                )
        return self._adopted[last]

    def truth(self, x: Value) -> Node:
        """A value as a condition, by Python's rule that zero is false."""
        node = self.node(self._operand(x))
        return node if node.kind == "bool" else cast(Node, self.apply("ne", node, 0.0))

    def number(self, x: Value) -> Node:
        """A value as a number; conditions become 0.0 and 1.0."""
        return self._as_number(self.node(self._operand(x)))

    def node(self, x: Value) -> Node:
        """A number as a constant node; nodes pass through."""
        return x if isinstance(x, Node) else self.constant(x)

    def _operand(self, x: Value) -> Value:
        if isinstance(x, (Node, bool, int, float)):
            return x
        if isinstance(x, (tuple, list)):
            return self.array(x)
        raise Refusal("not-a-number", text=_short(x), kind=f"a {type(x).__name__}")

    def _logic(self, op: str, left: Value, right: Value) -> Value | None:
        """`and`/`or` with a condition that is known; None when none is."""
        for known, other in ((left, right), (right, left)):
            if isinstance(known, bool) and isinstance(other, Node):
                is_decided = known == (op == "logical_or")
                if not is_decided:
                    return self.truth(other)
                if not other.shape:
                    return known
        return None

    def _fold(self, op: str, values: list[Value]) -> Value:
        result = self._rows.apply(op, *values)
        return bool(result) if op in CONDITIONS else float(result)

    def _numeric(self, op: str, node: Node) -> Node:
        if op.startswith("logical_"):
            return self.truth(node)
        if node.kind == "float" or op in ("eq", "ne", "mul"):
            return node
        if op == "neg":
            raise Refusal("arithmetic-on-conditions", operator=_SIGN[op])
        return node

    def _elementwise(self, op: str, args: tuple[Node, ...], shape: tuple[int, ...]) -> Node:
        conditions = [node.kind == "bool" for node in args]
        if all(conditions) and op in ("add", "sub"):
            raise Refusal("arithmetic-on-conditions", operator=_SIGN[op])
        if all(conditions) and op == "mul":
            op = "logical_and"
        if op == "number" and not conditions[0]:
            return args[0]
        if any(conditions) and op != "number" and op not in CONDITIONS:
            args = tuple(self._as_number(node) for node in args)
        if op in ("eq", "ne") and any(conditions) and not all(conditions):
            args = tuple(self._as_number(node) for node in args)
        if op in _SAME_UNIT:
            self._check_units(op, *args)
        if op == "pow" and args[1].op == "const" and args[1].attr in (1, 2):
            return args[0] if args[1].attr == 1 else self._elementwise("square", args[:1], shape)
        if op == "mul" and args[0] is args[1]:
            op, args = "square", args[:1]
        kind: Kind = "bool" if op in CONDITIONS else "float"
        return self._intern(op, args, shape=shape, kind=kind, unit=_unit_of(op, args))

    def _as_number(self, node: Node) -> Node:
        if node.kind == "float":
            return node
        if node.op == "const":
            return self.constant(1.0 if node.attr else 0.0)
        return self._intern("number", (node,), shape=node.shape, unit=node.unit)

    def _same_kind(self, nodes: list[Node]) -> list[Node]:
        if not nodes:
            raise Refusal("not-a-number", text="[]", kind="an empty list")
        if all(node.kind == "bool" for node in nodes):
            return nodes
        return [self._as_number(node) for node in nodes]

    def _reduce_axis(self, op: str, x: Node, axis: int) -> Node:
        if op in ("any", "all"):
            x = self.truth(x)
        else:
            x = self._as_number(x)
        position = len(x.shape) + axis
        shape = x.shape[:position] + x.shape[position + 1 :]
        if not x.shape[position] and op in ("max", "min", "mean"):
            raise Refusal("not-a-number", text=op, kind="a reduction of nothing")
        kind: Kind = "bool" if op in CONDITIONS else "float"
        return self._intern(op, (x,), attr=axis, shape=shape, kind=kind, unit=_unit_of(op, (x,)))

    def _axis(self, x: Node, axis: object) -> int:
        if isinstance(axis, int) and -len(x.shape) <= axis < len(x.shape):
            return axis % len(x.shape)
        raise Refusal("bad-index", text=f"axis={axis}", shape=x.shape)

    def _expand(self, node: Node, rank: int) -> Node:
        missing = rank - len(node.shape)
        if not missing or node.weak:
            return node
        shape = (1,) * missing + node.shape
        return self._intern("expand", (node,), attr=missing, shape=shape, kind=node.kind,
                            unit=node.unit)  # fmt: skip

    def _spread(self, chosen: Value, both: tuple[Value, Value]) -> Value:
        """Broadcast the chosen side to what a select of both sides would have."""
        shape = broadcast([self.shape(value) for value in both])
        if self.shape(chosen) == shape:
            return chosen
        return self.apply("add", chosen, self.constant(_filled(0.0, shape)))

    def _select_conditions(self, condition: Node, yes: Value, no: Value) -> Value | None:
        if isinstance(yes, bool) and isinstance(no, bool):
            return condition if yes else self.apply("logical_not", condition)
        if isinstance(yes, bool) and isinstance(no, Node) and no.kind == "bool":
            if yes:
                return self.apply("logical_or", condition, no)
            return self.apply("logical_and", self.apply("logical_not", condition), no)
        if isinstance(no, bool) and isinstance(yes, Node) and yes.kind == "bool":
            if no:
                return self.apply("logical_or", self.apply("logical_not", condition), yes)
            return self.apply("logical_and", condition, yes)
        return None

    def _check_units(self, op: str, *args: Node) -> None:
        if len(args) == 2 and not compatible(args[0].unit, args[1].unit):
            left, right = (f"a value in `{node.unit}`" for node in args)
            self._report(
                finding(
                    "unit-mismatch",
                    line=self.line,
                    severity="warning",
                    left=left[0].upper() + left[1:],
                    right=right,
                    operator=f"`{_SIGN.get(op, op)}`",
                )
            )

    def _intern(
        self,
        op: str,
        args: tuple[Node, ...],
        *,
        attr: Attribute = None,
        shape: tuple[int, ...] = (),
        kind: Kind = "float",
        unit: Unit | None = None,
    ) -> Node:
        serials = [node.serial for node in args]
        if op in COMMUTATIVE:
            serials.sort()
        # 1, 1.0 and True are equal as dictionary keys, and 0.0 equals -0.0: repr tells them apart.
        key = (op, *serials, repr(attr), shape, unit if not args else None)
        found = self._nodes.get(key)
        if found is not None:
            return found
        if len(self._nodes) >= MAX_NODES:
            raise Refusal("too-large", limit=MAX_NODES)
        node = Node(self, op, args, attr=attr, shape=shape, kind=kind, unit=unit)
        node.serial = len(self._nodes)
        self._nodes[key] = node
        return node


def _unit_of(op: str, args: tuple[Node, ...]) -> Unit | None:
    first = args[0].unit
    if op in _KEEPS_UNIT:
        return first
    if op == "square":
        return raised(first, 2)
    if op == "sqrt":
        return raised(first, Fraction(1, 2))
    if op == "mul":
        return product(first, args[1].unit)
    if op == "div":
        return quotient(first, args[1].unit)
    if op in ("add", "sub", "maximum", "minimum"):
        return first if first == args[1].unit else None
    return None


def _common_unit(nodes: list[Node]) -> Unit | None:
    units = {node.unit for node in nodes}
    return units.pop() if len(units) == 1 else None


def _frozen(x: Value) -> Value | None:
    """Nested tuples of numbers, or None when anything else is inside."""
    if isinstance(x, (tuple, list)):
        items = [_frozen(item) for item in x]
        return None if any(item is None for item in items) else tuple(items)
    if isinstance(x, (int, float)):
        return float(x)
    return None


def _filled(value: float, shape: tuple[int, ...]) -> Value:
    if not shape:
        return value
    return tuple(_filled(value, shape[1:]) for _ in range(shape[0]))


def _short(x: object) -> str:
    text = repr(x)
    return text if len(text) <= 40 else text[:37] + "..."
