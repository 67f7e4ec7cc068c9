"""How high a fitness can get whatever happens, as far as its text alone says.

`-mean(norm(tip - ball))` never exceeds 0. Of fields nothing is assumed: a drafted card guesses
their ranges. Pure interval arithmetic over the expression; what it does not know may be anything.
"""

import ast
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rewardsmith.environments.judging import whole


class Span(NamedTuple):
    """Where a value lies for sure."""

    low: float
    high: float


ANYTHING = Span(-math.inf, math.inf)
_POSITIVE = Span(0.0, math.inf)
_SHARE = Span(0.0, 1.0)
_SIGNED = Span(-1.0, 1.0)


def ceiling(text: str) -> float:
    """The highest value of a fitness that its text allows; infinite where that is not known.

    >>> ceiling("-mean(norm(tip - ball)) - 0.1 * any(crashed)"), ceiling("1 - last(abs(x)) / 3")
    (0.0, 1.0)
    >>> ceiling("mean(exp(-norm(tip - ball)))"), ceiling("mean(speed)")
    (1.0, inf)
    """
    try:
        tree = ast.parse(whole(text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return math.inf
    return _span(tree).high + 0.0  # no -0


def _span(node: ast.expr) -> Span:
    match node:
        case ast.Constant(value=int() | float() as value):
            return Span(float(value), float(value))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            low, high = _span(operand)
            return Span(-high, -low)
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(op, left, right)
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return _SHARE
        case ast.IfExp(body=body, orelse=other):
            return _hull([_span(body), _span(other)])
        case ast.Name(id="terminated"):
            return _SHARE
        case ast.Name(id="length" | "horizon" | "dt" | "step"):
            return _POSITIVE
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as given, keywords=keywords):
            spans = [_span(one) for one in (*given, *(k.value for k in keywords))]
            return _CALLS[name](spans) if name in _CALLS else ANYTHING
    return ANYTHING


def _combined(op: ast.operator, left: ast.expr, right: ast.expr) -> Span:
    a, b = _span(left), _span(right)
    match op:
        case ast.Add():
            return Span(a.low + b.low, a.high + b.high)
        case ast.Sub():
            return Span(a.low - b.high, a.high - b.low)
        case ast.Mult():
            return _product(a, b)
        case ast.Div() if b.low > 0 or b.high < 0:
            return _product(a, Span(1.0 / b.high, 1.0 / b.low))
        case ast.Div() if b.low == 0.0:
            # A fact such as `horizon` is above 0, and so is a distance where this is finite at all.
            return _product(a, _POSITIVE)
        case ast.Pow() if b.low == b.high and b.low % 2 == 0:
            return _POSITIVE
    return ANYTHING


def _product(a: Span, b: Span) -> Span:
    ends = [0.0 if 0.0 in (x, y) else x * y for x in a for y in b]
    return Span(min(ends), max(ends))


def _hull(spans: Sequence[Span]) -> Span:
    return Span(min(s.low for s in spans), max(s.high for s in spans))


def _size(spans: Sequence[Span]) -> Span:
    """Of a magnitude: within both bounds, where there are any."""
    return Span(0.0, max(abs(end) for end in spans[0]))


def _mean(spans: Sequence[Span]) -> Span:
    return _hull([*spans, Span(0.0, 0.0)] if len(spans) == 1 else spans)


def _sum(spans: Sequence[Span]) -> Span:
    low, high = spans[0]
    return Span(-math.inf if low < 0 else 0.0, math.inf if high > 0 else 0.0)


def _exp(spans: Sequence[Span]) -> Span:
    low, high = (math.exp(min(end, 700.0)) if end < math.inf else end for end in spans[0])
    return Span(low, high)


def _clip(spans: Sequence[Span]) -> Span:
    return Span(spans[1].low, spans[-1].high) if len(spans) == 3 else ANYTHING


def _first(spans: Sequence[Span]) -> Span:
    return spans[0]


def _always(span: Span) -> Callable[[Sequence[Span]], Span]:
    return lambda spans: span


_CALLS: dict[str, Callable[[Sequence[Span]], Span]] = {
    **dict.fromkeys(("last", "first", "quantile"), _first),
    **dict.fromkeys(("max", "min"), _hull),
    **dict.fromkeys(("any", "all", "held", "saturate", "gaussian", "tolerance"), _always(_SHARE)),
    **dict.fromkeys(("tanh", "sin", "cos", "sign", "cosine"), _always(_SIGNED)),
    **dict.fromkeys(("norm", "sqrt", "square", "first_time"), _always(_POSITIVE)),
    "abs": _size,
    "mean": _mean,
    "sum": _sum,
    "exp": _exp,
    "clip": _clip,
    "where": lambda spans: _hull(spans[1:]),
}
"""What a function's value lies within, from its arguments' spans; others may be anything."""
