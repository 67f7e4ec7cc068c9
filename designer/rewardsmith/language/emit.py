"""From graph to readable array code over a leading axis B.

The code runs on NumPy (>= 2) and on `array_api_compat.torch`. It has no branch on data: both sides
of a select are computed, so callers silence floating-point warnings around a call. Every array has
a leading axis, of length B, or of 1 where no input takes part; plain numbers stay Python floats.
"""

import keyword
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from rewardsmith.language.node import Node
from rewardsmith.language.operations import REDUCTIONS, Value

_INFIX: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "logical_or": ("|", 1),
        "ne": ("!=", 0),
        "eq": ("==", 0),
        "lt": ("<", 0),
        "le": ("<=", 0),
        "gt": (">", 0),
        "ge": (">=", 0),
        "logical_and": ("&", 2),
        "add": ("+", 3),
        "sub": ("-", 3),
        "mul": ("*", 4),
        "div": ("/", 4),
        "floordiv": ("//", 4),
        "mod": ("%", 4),
        "pow": ("**", 6),
    }
)
"""Operators and how tightly they bind."""

_SPOKEN: Mapping[str, str] = MappingProxyType(
    {
        "lt": "is_below", "le": "is_below", "gt": "is_above", "ge": "is_above", "eq": "is_equal",
        "ne": "differs", "logical_and": "both", "logical_or": "either", "logical_not": "otherwise",
        "add": "total", "sub": "difference", "mul": "product", "div": "ratio", "neg": "negative",
        "where": "chosen", "index": "part", "sum": "total", "max": "largest", "min": "smallest",
        "maximum": "larger", "minimum": "smaller", "exp": "decay", "sqrt": "root",
    }
)  # fmt: skip
"""What the value of an operation is called where the program gave it no name."""

_ATOM, _UNARY, _LINE = 9, 5, 64
_RESERVED = frozenset({"xp", "inputs", "params", "like", "size", *keyword.kwlist})
_CONSTANT = '''

def _constant(xp, like, value):
    """`value` with a leading axis of 1, in the precision and on the device of `like`."""
    return xp.asarray([value], dtype=like.dtype, device=like.device)
'''


def emit_module(title: str, functions: Iterable[str]) -> str:
    """Join emitted functions into a module."""
    body = "\n\n".join(functions)
    helper = _CONSTANT if "_constant(" in body else ""
    return f'"""{title}"""\n{helper}\n\n{body}'


def emit_mapping(name: str, doc: str, outputs: Mapping[str, Node]) -> str:
    """A function that returns a dictionary of arrays, each with leading axis B."""
    writer = _Writer(list(outputs.values()))
    entries = [f'        "{key}": {writer.output(node)},\n' for key, node in outputs.items()]
    return writer.function(name, doc, "{\n" + "".join(entries) + "    }")


def emit_single(name: str, doc: str, output: Node) -> str:
    """A function that returns one array with leading axis B."""
    writer = _Writer([output])
    return writer.function(name, doc, writer.output(output))


def emit_masks(name: str, doc: str, masks: Sequence[tuple[int, Node]]) -> str:
    """A function that returns (line, mask) pairs."""
    writer = _Writer([mask for _, mask in masks])
    entries = [f"        ({line}, {writer.output(mask)}),\n" for line, mask in masks]
    return writer.function(name, doc, "[\n" + "".join(entries) + "    ]" if entries else "[]")


class _Writer:
    """Writes the nodes that some outputs need, each once."""

    def __init__(self, outputs: Sequence[Node]) -> None:
        self._order = _reachable(outputs)
        self._uses = _count_uses(self._order, outputs)
        self._names: dict[Node, str] = {}
        self._taken: set[str] = set(_RESERVED)
        self._arrays: dict[Node, str] = {}
        self._lines: list[str] = []
        self._needs: set[str] = set()
        for node in self._order:
            self._write(node)

    def function(self, name: str, doc: str, result: str) -> str:
        """The finished function."""
        lines = [f"def {name}(xp, inputs, params):", f'    """{doc}"""', *self._preamble()]
        return "\n".join([*lines, *self._lines, f"    return {result}"]) + "\n"

    def output(self, node: Node) -> str:
        """An expression for `node` with leading axis B."""
        if node.batched:
            return self._expr(node)[0]
        self._needs |= {"like", "size"}
        shape = f"({', '.join(['size', *map(str, node.shape)])},)".replace(",,", ",")
        return f"xp.broadcast_to({self._array(node)}, {shape})"

    def _preamble(self) -> list[str]:
        floats = [n for n in self._order if n.op == "input" and n.kind == "float"]
        lines = []
        if self._needs:
            # A mask or an integer cannot lend its type to a constant, so it is made a number.
            like = _input_text(floats[0]) if floats else "next(iter(inputs.values())) * 1.0"
            lines.append(f"    like = {like}")
        if "size" in self._needs:
            lines.append("    size = like.shape[0]")
        return lines

    def _write(self, node: Node) -> None:
        """Give the node a line of its own where that helps: shared, named, or long."""
        if node.op in ("const", "param", "expand") or (node.weak and self._uses[node] < 2):
            return
        text, _ = self._compose(node)
        own_line = self._uses[node] > 1 or node.hint or len(text) > _LINE or node.op == "input"
        if own_line:
            name = self._fresh(node.hint or _SPOKEN.get(node.op, node.op))
            self._names[node] = name
            self._lines.append(f"    {name} = {text}")

    def _fresh(self, hint: str) -> str:
        base = hint if hint.isidentifier() and not hint.startswith("_") else "value"
        name, count = base, 1
        while name in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._taken.add(name)
        return name

    def _expr(self, node: Node) -> tuple[str, int]:
        """An expression and how tightly it binds."""
        return (self._names[node], _ATOM) if node in self._names else self._compose(node)

    def _compose(self, node: Node) -> tuple[str, int]:
        if node.op in _INFIX:
            return self._infix(node)
        if node.op in REDUCTIONS:
            return f"xp.{node.op}({self._array(node.args[0])}, axis={node.attr})", _ATOM
        method = getattr(self, f"_{node.op}", None)
        if method is not None:
            text, binding = method(node)
            return text, binding
        args = [self._array(node.args[0])]
        args += [self._loose(arg) for arg in node.args[1:]]
        return f"xp.{node.op}({', '.join(args)})", _ATOM

    def _infix(self, node: Node) -> tuple[str, int]:
        sign, binding = _INFIX[node.op]
        if node.weak and node.op.startswith("logical_"):
            sides = [_wrapped(self._expr(arg), _ATOM) for arg in node.args]
            return f"({sides[0]} {node.op.removeprefix('logical_')} {sides[1]})", _ATOM
        left, right = node.args
        if left.weak and right.weak and not node.weak:
            texts = [(self._array(left), _ATOM), self._expr(right)]
        else:
            texts = [self._expr(left), self._expr(right)]
        sides = [
            _wrapped(texts[0], binding + (node.op == "pow" or binding == 0)),
            _wrapped(texts[1], binding + 1),
        ]
        return f"{sides[0]} {sign} {sides[1]}", binding

    def _input(self, node: Node) -> tuple[str, int]:
        return _input_text(node), _ATOM

    def _param(self, node: Node) -> tuple[str, int]:
        if node.shape:
            return self._as_constant(node, f'params["{node.attr}"]'), _ATOM
        return f'params["{node.attr}"]', _ATOM

    def _const(self, node: Node) -> tuple[str, int]:
        if node.shape:
            return self._as_constant(node, _literal(node.attr)), _ATOM
        text = _literal(node.attr)
        return text, _UNARY if text.startswith("-") else _ATOM

    def _as_constant(self, node: Node, value: str) -> str:
        """An array without inputs, made once at the top of the function's use."""
        if node not in self._arrays:
            self._needs.add("like")
            name = self._fresh(node.hint or "constant")
            self._arrays[node] = name
            mask = " != 0.0" if node.kind == "bool" else ""
            self._lines.append(f"    {name} = _constant(xp, like, {value}){mask}")
        return self._arrays[node]

    def _neg(self, node: Node) -> tuple[str, int]:
        return f"-{_wrapped(self._expr(node.args[0]), _UNARY)}", _UNARY

    def _number(self, node: Node) -> tuple[str, int]:
        self._needs.add("like")
        return f"xp.astype({self._array(node.args[0])}, like.dtype)", _ATOM

    def _maximum(self, node: Node) -> tuple[str, int]:
        return self._larger_or_smaller(node)

    def _minimum(self, node: Node) -> tuple[str, int]:
        return self._larger_or_smaller(node)

    def _atan2(self, node: Node) -> tuple[str, int]:
        args = ", ".join(self._array(arg) for arg in node.args)
        return f"xp.atan2({args})", _ATOM

    def _larger_or_smaller(self, node: Node) -> tuple[str, int]:
        left, right = node.args
        if left.weak and not right.weak:
            left, right = right, left
        return f"xp.{node.op}({self._array(left)}, {self._loose(right)})", _ATOM

    def _logical_not(self, node: Node) -> tuple[str, int]:
        if node.weak:
            return f"(not {_wrapped(self._expr(node.args[0]), _ATOM)})", _ATOM
        return f"xp.logical_not({self._array(node.args[0])})", _ATOM

    def _where(self, node: Node) -> tuple[str, int]:
        condition, yes, no = node.args
        if condition.weak and (node.weak or (yes.batched and no.batched and
                                             yes.shape == no.shape == node.shape)):  # fmt: skip
            text = f"{self._loose(yes)} if {self._loose(condition)} else {self._loose(no)}"
            return f"({text})", _ATOM
        sides = [self._loose(yes), self._loose(no)]
        if yes.weak and no.weak:
            sides[0] = self._array(yes)
        return f"xp.where({self._array(condition)}, {', '.join(sides)})", _ATOM

    def _stack(self, node: Node) -> tuple[str, int]:
        return f"xp.stack([{self._aligned(node)}], axis=1)", _ATOM

    def _concat(self, node: Node) -> tuple[str, int]:
        return f"xp.concat([{self._aligned(node)}], axis=1)", _ATOM

    def _aligned(self, node: Node) -> str:
        if node.batched:
            return ", ".join(self.output(arg) for arg in node.args)
        return ", ".join(self._array(arg) for arg in node.args)

    def _expand(self, node: Node) -> tuple[str, int]:
        inner = _wrapped(self._expr(node.args[0]), _ATOM)
        return f"{inner}[:{', None' * int(str(node.attr))}]", _ATOM

    def _index(self, node: Node) -> tuple[str, int]:
        items = ", ".join(_index_item(item) for item in _items(node))
        return f"{_wrapped(self._expr(node.args[0]), _ATOM)}[:, {items}]", _ATOM

    def _array(self, node: Node) -> str:
        """An expression that is certainly an array."""
        if node.weak:
            return self._as_constant(node, self._expr(node)[0])
        return self._expr(node)[0]

    def _loose(self, node: Node) -> str:
        """An expression that may be a Python number."""
        return self._expr(node)[0]


def _reachable(outputs: Sequence[Node]) -> list[Node]:
    """Nodes in an order in which arguments come first."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(node, False) for node in reversed(outputs)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(arg, False) for arg in reversed(node.args)]
    return order


def _count_uses(order: Sequence[Node], outputs: Sequence[Node]) -> dict[Node, int]:
    uses = dict.fromkeys(order, 0)
    for node in outputs:
        uses[node] += 1
    for node in order:
        for arg in node.args:
            uses[arg] += 1
    return uses


def _input_text(node: Node) -> str:
    return f'inputs["{node.attr}"]'


def _wrapped(expression: tuple[str, int], binding: int) -> str:
    text, own = expression
    return text if own >= binding else f"({text})"


def _literal(value: Value) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(item) for item in value)}]"
    if isinstance(value, bool):
        return repr(value)
    text = repr(float(value))
    return f'float("{text}")' if text in ("inf", "-inf", "nan") else text


def _items(node: Node) -> tuple[Value, ...]:
    return node.attr if isinstance(node.attr, tuple) else ()


def _index_item(item: Value) -> str:
    if not isinstance(item, tuple):
        return str(item)
    _, start, stop, step = item
    text = f"{'' if start is None else start}:{'' if stop is None else stop}"
    return text if step in (None, 1) else f"{text}:{step}"
