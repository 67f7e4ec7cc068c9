"""Operators of the language: arithmetic, comparisons and logic, of constants or of nodes.

What is known before the episode is computed at once; what depends on the state becomes a node.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

from rewardsmith.language.findings import Refusal
from rewardsmith.language.node import Node
from rewardsmith.language.operations import Value
from rewardsmith.language.scope import (
    MAX_SEQUENCE,
    Scope,
    is_numeric,
    text_of,
)
from rewardsmith.language.values import (
    UNKNOWN,
    Ref,
    describe,
)

_OPERATORS: Mapping[type[ast.operator], tuple[str, Callable[[Value, Value], Value]]] = (
    MappingProxyType(
        {
            ast.Add: ("add", operator.add),
            ast.Sub: ("sub", operator.sub),
            ast.Mult: ("mul", operator.mul),
            ast.Div: ("div", operator.truediv),
            ast.Pow: ("pow", operator.pow),
            ast.Mod: ("mod", operator.mod),
            ast.FloorDiv: ("floordiv", operator.floordiv),
        }
    )
)

_LOGIC: Mapping[type[ast.operator], str] = MappingProxyType(
    {ast.BitAnd: "logical_and", ast.BitOr: "logical_or", ast.BitXor: "ne"}
)

_COMPARISONS: Mapping[type[ast.cmpop], tuple[str, Callable[[Value, Value], bool]]] = (
    MappingProxyType(
        {
            ast.Lt: ("lt", operator.lt),
            ast.LtE: ("le", operator.le),
            ast.Gt: ("gt", operator.gt),
            ast.GtE: ("ge", operator.ge),
            ast.Eq: ("eq", operator.eq),
            ast.NotEq: ("ne", operator.ne),
        }
    )
)


class Operators(Scope):
    """Evaluates operators."""

    def test(self, node: ast.expr) -> Value:
        """An expression as the condition of an `if`: a bool, a scalar node or UNKNOWN."""
        if isinstance(node, ast.BoolOp):
            return self._joined(node, as_test=True)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.negated(self.test(node.operand))
        return self._truth(self.evaluate(node), node)

    def _binop(self, node: ast.BinOp) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        self.graph.line = node.lineno
        return self.combine(node.op, left, right, node)

    def combine(self, op: ast.operator, left: Value, right: Value, node: ast.AST) -> Value:
        """A binary operation, of constants or of nodes."""
        left, right = self.sequence(left), self.sequence(right)
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        for side in (left, right):
            if not isinstance(side, (Node, bool, int, float, tuple)):
                raise Refusal("not-a-number", text=text_of(node), kind=describe(side))
        if type(op) in _LOGIC:
            return self._logic(_LOGIC[type(op)], left, right)
        if type(op) not in _OPERATORS:
            raise Refusal("not-supported", text=text_of(node), advice="Use arithmetic.")
        name, function = _OPERATORS[type(op)]
        if isinstance(left, Node) or isinstance(right, Node):
            return self.graph.apply(name, self.plain(left), self.plain(right))
        if isinstance(left, tuple) or isinstance(right, tuple):
            return self._combine_sequences(op, left, right, node)
        return static(function, left, right, node)

    def _logic(self, op: str, left: Value, right: Value) -> Value:
        for side in (left, right):
            if not isinstance(side, bool) and getattr(side, "kind", "") != "bool":
                raise Refusal("number-as-condition")
        return self.graph.apply(op, left, right)

    def _combine_sequences(
        self, op: ast.operator, left: Value, right: Value, node: ast.AST
    ) -> Value:
        if isinstance(op, ast.Mult) and isinstance(left, int):
            left, right = right, left
        if isinstance(op, ast.Add) and isinstance(left, tuple) and isinstance(right, tuple):
            return self.new(self.bounded(left + right))
        if isinstance(op, ast.Mult) and isinstance(left, tuple) and isinstance(right, int):
            if len(left) * max(right, 0) > MAX_SEQUENCE:
                raise Refusal("too-large", limit=MAX_SEQUENCE)
            return self.new(self.bounded(left * right))
        raise Refusal("not-supported", text=text_of(node),
                      advice="Make a vector of the list first: `xp.array([...])`.")  # fmt: skip

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            return self.negated(self.test(node.operand))
        value = self.sequence(self.evaluate(node.operand))
        self.graph.line = node.lineno
        if value is UNKNOWN:
            return UNKNOWN
        if not is_numeric(value):
            raise Refusal("not-a-number", text=text_of(node.operand), kind=describe(value))
        if isinstance(node.op, ast.UAdd):
            return value
        if isinstance(node.op, ast.Invert):
            return self.negated(value)
        return self.graph.apply("neg", value) if isinstance(value, Node) else -value

    def negated(self, value: Value) -> Value:
        """The opposite of a condition."""
        if value is UNKNOWN:
            return UNKNOWN
        return self.graph.apply("logical_not", value) if isinstance(value, Node) else not value

    def _boolop(self, node: ast.BoolOp) -> Value:
        return self._joined(node, as_test=False)

    def _joined(self, node: ast.BoolOp, *, as_test: bool) -> Value:
        is_and = isinstance(node.op, ast.And)
        result: Value = is_and
        for operand in node.values:
            value = self.test(operand) if as_test else self._condition(operand)
            if value is UNKNOWN:
                result = UNKNOWN
            elif not isinstance(value, Node):
                if bool(value) is not is_and and result is not UNKNOWN:
                    return not is_and
            elif result is not UNKNOWN:
                result = (
                    value
                    if result is is_and
                    else self.graph.apply("logical_and" if is_and else "logical_or", result, value)
                )
        return result

    def _condition(self, node: ast.expr) -> Value:
        value = self.evaluate(node)
        if value is UNKNOWN or isinstance(value, bool):
            return value
        if isinstance(value, Node) and value.kind == "bool":
            return self._truth(value, node)
        raise Refusal("number-as-condition")

    def _truth(self, value: Value, node: ast.expr) -> Value:
        if isinstance(value, Node):
            if value.shape:
                raise Refusal("vector-condition", text=text_of(node), shape=value.shape)
            return self.graph.truth(value)
        if isinstance(value, Ref):
            return bool(self.heap[value.serial])
        if value is UNKNOWN:
            return UNKNOWN
        if isinstance(value, (bool, int, float, str, tuple, range, type(None))):
            return bool(value)
        raise Refusal("not-a-number", text=text_of(node), kind=describe(value))

    def _compare(self, node: ast.Compare) -> Value:
        values = [self.sequence(self.evaluate(n)) for n in (node.left, *node.comparators)]
        self.graph.line = node.lineno
        result: Value = True
        for op, left, right in zip(node.ops, values[:-1], values[1:], strict=True):
            if left is UNKNOWN or right is UNKNOWN:
                return UNKNOWN
            link = self._compare_pair(op, left, right, node)
            if not isinstance(link, Node):
                if not link:
                    return False
            elif result is True:
                result = link
            else:
                result = self.graph.apply("logical_and", result, link)
        return result

    def _compare_pair(self, op: ast.cmpop, left: Value, right: Value, node: ast.AST) -> Value:
        if isinstance(op, (ast.Is, ast.IsNot)):
            if left is not None and right is not None:
                raise Refusal("not-supported", text=text_of(node), advice="Use `==`.")
            return (left is right) == isinstance(op, ast.Is)
        if isinstance(op, (ast.In, ast.NotIn)):
            found = self._contains(left, right, node)
            return found if isinstance(op, ast.In) else self.negated(found)
        name, function = _COMPARISONS[type(op)]
        if not isinstance(left, Node) and not isinstance(right, Node):
            return bool(static(function, left, right, node))
        for side in (left, right):
            if not is_numeric(side) and not isinstance(side, tuple):
                raise Refusal("not-a-number", text=text_of(node), kind=describe(side))
        return self.graph.apply(name, left, right)

    def _contains(self, item: Value, container: Value, node: ast.AST) -> Value:
        if isinstance(container, dict):
            container = tuple(container)
        if not isinstance(container, (tuple, range)):
            raise Refusal("not-supported", text=text_of(node), advice="Compare with `==`.")
        if not isinstance(item, Node) and not any(isinstance(c, Node) for c in container):
            return item in container
        found: Value = False
        for candidate in container:
            equal = self.graph.apply("eq", item, candidate)
            found = equal if found is False else self.graph.apply("logical_or", found, equal)
        return found

    def _ifexp(self, node: ast.IfExp) -> Value:
        condition = self.test(node.test)
        if condition is UNKNOWN:
            return UNKNOWN
        if not isinstance(condition, Node):
            return self.evaluate(node.body if condition else node.orelse)
        with self.branch(condition, node.body):
            yes = self.evaluate(node.body)
        with self.branch(self.negated(condition), node.orelse):
            no = self.evaluate(node.orelse)
        return self.merge(condition, yes, no, text_of(node))


def static(
    function: Callable[[Value, Value], Value], left: Value, right: Value, node: ast.AST
) -> Value:
    """Compute with constants; integers stay below 2**63 so that no power can hang."""
    if function is operator.pow and isinstance(left, int) and isinstance(right, int):
        left = float(left) if abs(right) > 64 or abs(left) > 1 << 20 else left
    try:
        result = function(left, right)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise Refusal("constant-arithmetic", text=text_of(node), reason=error) from None
    if isinstance(result, complex) or (isinstance(result, int) and abs(result) >= 1 << 63):
        raise Refusal("constant-arithmetic", text=text_of(node), reason="the result is too large")
    if isinstance(result, float) and math.isnan(result):
        raise Refusal("constant-arithmetic", text=text_of(node), reason="it is not a number")
    return result
