"""Symbolic evaluation of expressions: from syntax to graph nodes.

Calls are here, of `xp`, of the few functions of Python, of lists and dictionaries; operators and
containers are its bases. Statements are in `lower`.
"""

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping

from rewardsmith.language.containers import Containers
from rewardsmith.language.findings import Refusal
from rewardsmith.language.node import Node
from rewardsmith.language.operations import Value
from rewardsmith.language.operators import static
from rewardsmith.language.primitives import Primitive
from rewardsmith.language.scope import (
    MAX_SEQUENCE,
    text_of,
)
from rewardsmith.language.values import (
    UNKNOWN,
    Builtin,
    Closure,
    Copy,
    Method,
    Ref,
    XpFunction,
    describe,
)


class Evaluator(Containers):
    """Evaluates expressions over a graph, in one scope of names."""

    def _call(self, node: ast.Call) -> Value:
        function = self.evaluate(node.func)
        args = list(self.items_of(node.args))
        words: dict[str, Value] = {}
        for word in node.keywords:
            value = self.evaluate(word.value)
            if word.arg is None:
                words.update({str(k): v for k, v in self.dictionary(value, word.value).items()})
            else:
                words[word.arg] = value
        self.graph.line = node.lineno
        return self._apply(function, args, words, node)

    def _apply(
        self, function: Value, args: list[Value], words: dict[str, Value], node: ast.Call
    ) -> Value:
        if isinstance(function, Closure):
            return self.call_closure(function, args, words)
        if isinstance(function, Method):
            return self._call_method(function, args, words)
        if isinstance(function, Copy) and not args and not words:
            return function.value
        if isinstance(function, Builtin) and function.name == "dict":
            return self.new({**(self.dictionary(args[0], node) if args else {}), **words})
        if function is UNKNOWN or any(v is UNKNOWN for v in (*args, *words.values())):
            return UNKNOWN
        if isinstance(function, XpFunction):
            return self._call_xp(function.primitive, args, words, node)
        if isinstance(function, Builtin) and not words:
            return self._call_builtin(function.name, args, node)
        raise Refusal("not-callable", text=text_of(node.func))

    def _call_xp(
        self,
        primitive: Primitive,
        args: list[Value],
        words: dict[str, Value],
        node: ast.Call,
    ) -> Value:
        try:
            bound = inspect.signature(primitive.define).bind(
                self.xp, *map(self.plain, args), **{k: self.plain(v) for k, v in words.items()}
            )
        except TypeError as error:
            raise Refusal("bad-call", reason=error, signature=primitive.signature) from None
        if _mentions_unknown(bound.arguments.values()):
            return UNKNOWN
        _check_quaternions(primitive, bound)
        if "axis" in bound.arguments:
            self._fit_axis(primitive, bound.arguments, node)
        try:
            return primitive.define(*bound.args, **bound.kwargs)
        except (TypeError, ValueError, OverflowError, IndexError, AttributeError) as error:
            raise Refusal("bad-call", reason=error, signature=primitive.signature) from None

    def _fit_axis(self, primitive: Primitive, given: dict[str, Value], node: ast.Call) -> None:
        """Count the axis of a call in one step, where it was counted in a batch."""
        axis, first = given["axis"], list(given.values())[1]
        if primitive.group == "reduction" and not isinstance(axis, int | None):
            raise Refusal("bad-axis", text=text_of(node), axis="a value")
        if type(axis) is not int or axis < 0 or not isinstance(first, (Node, tuple)):
            return
        shape = self.graph.shape(first[0] if primitive.name == "concat" else first)
        is_batched = any(_is_batched(value) for value in given.values())
        if 0 < axis and (axis == len(shape) or (self.is_batch and is_batched)):
            if not _counts_from(node, axis):
                raise Refusal("bad-axis", text=text_of(node), axis=axis)
            given["axis"] = axis - 1
            self.batched.append(node)
        elif primitive.group == "reduction" and isinstance(first, Node):
            if not shape:
                raise Refusal("bad-axis", text=text_of(node), axis=f"axis {axis}")
            if self.is_batch and is_batched and first.op != "stack":
                raise Refusal("batch-axis", text=text_of(node))

    def _call_method(self, method: Method, args: list[Value], words: dict[str, Value]) -> Value:
        contents = self.heap[method.ref.serial]
        if isinstance(contents, tuple):
            return self._call_list_method(method, contents, args)
        if method.name == "update":
            changed = {**contents, **words}
            for arg in args:
                changed.update(self.heap[arg.serial] if isinstance(arg, Ref) else {})
            self.heap[method.ref.serial] = changed
            return None
        if method.name == "get" and args:
            if args[0] in contents:
                return self.lookup(contents, args[0])
            return args[1] if len(args) > 1 else None
        if method.name == "copy":
            return self.new(dict(contents))
        views = {"items": contents.items(), "keys": contents, "values": contents.values()}
        if method.name not in views or args:
            raise Refusal("not-callable", text=method.name)
        return tuple(self.bare(item) for item in views[method.name])

    def _call_list_method(
        self, method: Method, contents: tuple[Value, ...], args: list[Value]
    ) -> Value:
        if method.name == "append" and len(args) == 1:
            self.heap[method.ref.serial] = self.bounded((*contents, args[0]))
            return None
        if method.name == "extend" and len(args) == 1:
            more = self.sequence(args[0])
            if isinstance(more, tuple):
                self.heap[method.ref.serial] = self.bounded((*contents, *more))
                return None
        if method.name == "copy" and not args:
            return self.new(contents)
        raise Refusal("not-callable", text=method.name)

    def _call_builtin(self, name: str, args: list[Value], node: ast.Call) -> Value:
        if name in ("float", "int", "bool") and len(args) == 1:
            return self._convert(name, args[0], node)
        if name in ("len", "tuple", "list", "reversed", "enumerate") and args:
            items = tuple(self.iterate(args[0], node.args[0]))
            if name == "enumerate":
                start = args[1] if len(args) > 1 else 0
                return tuple(enumerate(items, start))
            made: Mapping[str, Callable[[], Value]] = {
                "len": lambda: len(items),
                "tuple": lambda: items,
                "list": lambda: self.new(items),
                "reversed": lambda: items[::-1],
            }
            return made[name]()
        if name == "zip":
            columns = [tuple(self.iterate(arg, node)) for arg in args]
            if len(columns) * min(map(len, columns), default=0) > 4 * MAX_SEQUENCE:
                raise Refusal("too-large", limit=MAX_SEQUENCE)
            return tuple(zip(*columns, strict=False))
        if name == "range" and args and all(type(arg) is int for arg in args):
            return self._range(args, node)
        raise Refusal("loop-not-constant", text=text_of(node))

    def _range(self, args: list[Value], node: ast.Call) -> range:
        try:
            made = range(*args)
            if len(made) <= MAX_SEQUENCE:
                return made
        except (TypeError, ValueError):
            raise Refusal("loop-not-constant", text=text_of(node)) from None
        except OverflowError:
            pass
        raise Refusal("too-large", limit=MAX_SEQUENCE)

    def _convert(self, name: str, value: Value, node: ast.Call) -> Value:
        if isinstance(value, Node):
            if value.shape:
                raise Refusal("not-a-number", text=text_of(node.args[0]), kind=describe(value))
            if name == "bool":
                return self.graph.truth(value)
            number = self.graph.apply("number", value)
            return number if name == "float" else self.graph.apply("trunc", number)
        if isinstance(value, (bool, int, float)):
            make: Mapping[str, Callable[[Value], Value]] = {"float": float, "int": int,
                                                            "bool": bool}  # fmt: skip
            return static(lambda a, _: make[name](a), value, value, node)
        if name == "float" and value in ("inf", "-inf"):
            return float(value)
        raise Refusal("not-a-number", text=text_of(node.args[0]), kind=describe(value))


def _mentions_unknown(values: Iterable[Value]) -> bool:
    return any(
        value is UNKNOWN or (isinstance(value, tuple) and _mentions_unknown(value))
        for value in values
    )


def _is_batched(value: Value) -> bool:
    if isinstance(value, tuple):
        return any(_is_batched(item) for item in value)
    return isinstance(value, Node) and value.batched


def _counts_from(node: ast.Call, axis: int) -> bool:
    """Whether the axis of a call stands in the text, so that it can be rewritten."""
    written = [word.value for word in node.keywords if word.arg == "axis"]
    return any(isinstance(value, ast.Constant) and value.value == axis for value in written)


def _check_quaternions(primitive: Primitive, bound: inspect.BoundArguments) -> None:
    if "order" not in inspect.signature(primitive.define).parameters or primitive.name == "norm":
        return
    asked = bound.arguments.get("order", "wxyz")
    for value in bound.arguments.values():
        stored = getattr(value, "quaternion", None)
        if stored not in (None, asked):
            raise Refusal("quaternion-order", name=value.attr, stored=stored,
                          function=f"xp.{primitive.name}", asked=asked)  # fmt: skip
