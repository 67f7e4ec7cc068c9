"""Parses an episode expression: numbers and comparisons over aggregates of per-step quantities.

`displacement(x) / (horizon * dt)` becomes a small tree of closures over the aggregates' values;
what stands inside an aggregate is left as text, for the language of steps. Nothing is executed but
the closures built here.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from rewardsmith.environments.aggregates import AGGREGATES, FACTS, Aggregate
from rewardsmith.errors import ConfigError, unknown

Values = Mapping[str, np.float64]
"""Value of every term by its key, and of every fact by its name."""
Evaluator = Callable[[Values], np.float64]


@dataclass(frozen=True, slots=True)
class Term:
    """One aggregate applied to one per-step quantity."""

    key: str
    """Its own text; equal terms are computed once."""
    aggregate: Aggregate
    quantity: str
    """The per-step expression inside."""
    parameter: float
    column: int
    """1-based column of the quantity in the whole expression."""


@dataclass(frozen=True, slots=True)
class Outer:
    """A parsed episode expression."""

    evaluate: Evaluator
    terms: tuple[Term, ...]
    facts: frozenset[str]
    """Facts of the episode that it names."""


_BINARY: dict[type[ast.operator], Callable[[np.float64, np.float64], np.float64]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: np.float64(np.divide(a, b)),
    ast.Pow: lambda a, b: np.float64(np.power(a, b)),
}
_COMPARE: dict[type[ast.cmpop], Callable[[np.float64, np.float64], bool]] = {
    ast.Lt: lambda a, b: bool(a < b),
    ast.LtE: lambda a, b: bool(a <= b),
    ast.Gt: lambda a, b: bool(a > b),
    ast.GtE: lambda a, b: bool(a >= b),
    ast.Eq: lambda a, b: bool(a == b),
    ast.NotEq: lambda a, b: bool(a != b),
}
FUNCTIONS: dict[str, Callable[..., np.float64]] = {
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "clip": np.clip,
    "min": lambda *xs: np.min(np.array(xs)),
    "max": lambda *xs: np.max(np.array(xs)),
}
"""Functions of numbers of the whole episode."""
_ARITY = {"abs": 1, "exp": 1, "log": 1, "sqrt": 1, "tanh": 1, "clip": 3}


def parse_outer(text: str, what: str) -> Outer:
    """Parse an expression over a whole episode; `what` names it in messages.

    Raises:
        ConfigError: It is no such expression; names column, reason and remedy.
    """
    parser = _Parser(text, what)
    evaluate = parser.parse()
    return Outer(evaluate, tuple(parser.terms.values()), frozenset(parser.facts))


def uses_aggregates(text: str) -> bool:
    """Whether an expression calls an aggregate or names a fact of the whole episode."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return False
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    called = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
    calls = {f.id for f in called if isinstance(f, ast.Name)}
    return bool(calls & set(AGGREGATES) or names & {"length", "horizon"})


def when_judged(success: str, semantics: str, held_steps: int) -> str:
    """Which timesteps a success criterion looks at, as part of a sentence.

    >>> when_judged("abs(x) < 0.1", "held", 5), when_judged("mean(x) > 1", "held", 5)
    ('held for 5 steps in a row', 'of the whole episode')
    """
    if uses_aggregates(success) or success.startswith("function:"):
        return "of the whole episode"
    said = {"held": f"held for {held_steps} steps in a row", "final": "at the last step"}
    return said.get(semantics, "at any step")


def problem(what: str, text: str, column: int, reason: str, remedy: str) -> ConfigError:
    """An error that shows the expression and points at its column."""
    return ConfigError(
        f"{what}, column {column}: {reason} {remedy}\n  {text}\n  {' ' * (column - 1)}^"
    )


class _Parser:
    def __init__(self, text: str, what: str) -> None:
        self.text = text.strip()
        self.what = what
        self.terms: dict[str, Term] = {}
        self.facts: set[str] = set()

    def parse(self) -> Evaluator:
        try:
            tree = ast.parse(self.text, mode="eval")
        except SyntaxError as error:
            column = max(error.offset or 1, 1)
            raise problem(
                self.what, self.text, column, f"not an expression: {error.msg}.", "Correct it."
            ) from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise problem(self.what, self.text, 1, "cannot be read.", "Make it simpler.") from error
        return self.visit(tree.body)

    def visit(self, node: ast.expr) -> Evaluator:
        match node:
            case ast.Constant(value=bool() | int() | float() as number):
                constant = np.float64(number)
                return lambda values: constant
            case ast.Name():
                return self._name(node)
            case ast.Subscript():
                raise self._changing(node, ast.unparse(node))
            case ast.UnaryOp():
                return self._unary(node)
            case ast.BinOp():
                return self._binary(node)
            case ast.BoolOp():
                return self._boolean(node)
            case ast.Compare():
                return self._compare(node)
            case ast.IfExp():
                test, then, other = (self.visit(n) for n in (node.test, node.body, node.orelse))
                return lambda values: then(values) if test(values) else other(values)
            case ast.Call():
                return self._call(node)
        raise self._problem(
            node,
            f"{type(node).__name__} is not allowed here.",
            "Write numbers, + - * / **, comparisons, and/or/not and aggregates.",
        )

    def _problem(self, node: ast.expr, reason: str, remedy: str) -> ConfigError:
        return problem(self.what, self.text, node.col_offset + 1, reason, remedy)

    def _name(self, node: ast.Name) -> Evaluator:
        name = node.id
        if name in FACTS:
            self.facts.add(name)
            return lambda values: values[name]
        raise self._changing(node, name)

    def _changing(self, node: ast.expr, name: str) -> ConfigError:
        return self._problem(
            node,
            f"{name!r} changes from step to step.",
            f"Say which of its values counts: mean({name}), last({name}), max({name}), ...",
        )

    def _unary(self, node: ast.UnaryOp) -> Evaluator:
        inner = self.visit(node.operand)
        if isinstance(node.op, ast.USub):
            return lambda values: -inner(values)
        if isinstance(node.op, ast.Not):
            return lambda values: np.float64(not inner(values))
        if isinstance(node.op, ast.UAdd):
            return inner
        raise self._problem(node, "'~' is not allowed here.", "Write 'not'.")

    def _binary(self, node: ast.BinOp) -> Evaluator:
        operation = _BINARY.get(type(node.op))
        if operation is None:
            raise self._problem(node, "This operator is not allowed.", "Use + - * / **.")
        left, right = self.visit(node.left), self.visit(node.right)
        return lambda values: operation(left(values), right(values))

    def _boolean(self, node: ast.BoolOp) -> Evaluator:
        parts = [self.visit(part) for part in node.values]
        combine = all if isinstance(node.op, ast.And) else any
        return lambda values: np.float64(combine(bool(part(values)) for part in parts))

    def _compare(self, node: ast.Compare) -> Evaluator:
        parts = [self.visit(part) for part in (node.left, *node.comparators)]
        operations = [_COMPARE.get(type(op)) for op in node.ops]
        known = [op for op in operations if op is not None]
        if len(known) != len(operations):
            raise self._problem(node, "'in' and 'is' are not allowed.", "Use < <= > >= == !=.")

        def compare(values: Values) -> np.float64:
            numbers = [part(values) for part in parts]
            pairs = zip(known, numbers[:-1], numbers[1:], strict=True)
            return np.float64(all(op(a, b) for op, a, b in pairs))

        return compare

    def _call(self, node: ast.Call) -> Evaluator:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name in ("min", "max") and len(node.args) > 1:
            return self._function(name, node)
        if name == "length" and not node.args:
            self.facts.add(name)
            return lambda values: values["length"]
        if name in AGGREGATES:
            return self._aggregate(AGGREGATES[name], node)
        if name in FUNCTIONS:
            return self._function(name, node)
        known = {*AGGREGATES, *FUNCTIONS}
        raise self._problem(
            node,
            unknown("aggregate", name, known),
            "A per-step quantity has to stand inside an aggregate: mean(...), last(...).",
        )

    def _function(self, name: str, node: ast.Call) -> Evaluator:
        if node.keywords or len(node.args) != _ARITY.get(name, len(node.args)):
            raise self._problem(
                node, f"{name!r} takes {_ARITY.get(name, 'two or more')} values.", "Correct it."
            )
        function = FUNCTIONS[name]
        parts = [self.visit(part) for part in node.args]
        return lambda values: np.float64(function(*(part(values) for part in parts)))

    def _aggregate(self, aggregate: Aggregate, node: ast.Call) -> Evaluator:
        parameter = self._parameter(aggregate, node)
        quantity = node.args[0]
        text = ast.get_source_segment(self.text, quantity) or ast.unparse(quantity)
        key = ast.unparse(node)
        self.terms[key] = Term(key, aggregate, text, parameter, quantity.col_offset + 1)
        return lambda values: values[key]

    def _parameter(self, aggregate: Aggregate, node: ast.Call) -> float:
        n_most = 1 if aggregate.parameter is None else 2
        named = [k for k in node.keywords if k.arg != aggregate.parameter]
        extra = [*node.args[1:], *(k.value for k in node.keywords)]
        if not node.args or named or len(extra) > n_most - 1:
            raise self._problem(
                node,
                f"{ast.unparse(node)!r} has the wrong arguments.",
                f"Write {aggregate.signature}.",
            )
        if not extra:
            if aggregate.parameter and aggregate.default is None:
                raise self._problem(
                    node, f"{aggregate.parameter!r} is missing.", f"Write {aggregate.signature}."
                )
            return aggregate.default or 0.0
        return self._number(extra[0], aggregate)

    def _number(self, node: ast.expr, aggregate: Aggregate) -> float:
        try:
            value = ast.literal_eval(node)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            value = None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._problem(
                node, f"{aggregate.parameter!r} has to be a number.", "Write it out, such as 10."
            )
        if aggregate.parameter == "q" and not 0 <= value <= 1:
            raise self._problem(node, f"{value} is no share.", "Write a q from 0 to 1.")
        if aggregate.parameter == "steps" and value < 1:
            raise self._problem(node, f"{value} steps is none.", "Write at least 1.")
        return float(value)
