"""Shaping functions of `xp`: how distances, gates and stages become scores."""

import math
from collections.abc import Callable
from typing import Any

from rewardsmith.language.findings import Refusal
from rewardsmith.language.operations import Value
from rewardsmith.language.primitives import Library, Registry

shaping = Registry("shaping")

TOLERANCE_SHAPES = ("gaussian", "linear", "long_tail", "hyperbolic", "cosine", "quadratic",
                    "tanh_squared", "reciprocal")  # fmt: skip
_TINY = 1e-30
"""Small enough to stand for 0, and large enough for float32."""


@shaping("e^(-(x/scale)^2 / 2)")
def gaussian(xp: Library, x: Value, scale: Value = 1.0) -> Any:
    """Score 1 at 0, 0.61 at `scale`, 0.14 at twice that."""
    return xp.exp(-0.5 * xp.square(_value(xp, x) / scale))


@shaping("max(x, 0)")
def hinge(xp: Library, x: Value) -> Any:
    """Positive part of x."""
    return xp.maximum(x, 0.0)


@shaping("min(max(x, 0), 1)")
def saturate(xp: Library, x: Value) -> Any:
    """Clip to [0, 1]."""
    return xp.clip(x, 0.0, 1.0)


@shaping("a*b / (a + b - a*b), 0 where both are 0")
def hamacher(xp: Library, a: Value, b: Value) -> Any:
    """Soft AND of two scores in [0, 1]; at most the smaller one."""
    a, b = _value(xp, a), _value(xp, b)
    return xp.safe_divide(a * b, a + b - a * b)


@shaping("1 inside [lo, hi]; outside, at distance d: f(d/margin), 1 at 0, at_margin at 1")
def tolerance(
    xp: Library,
    x: Value,
    lo: Value = 0.0,
    hi: Value = 0.0,
    margin: Value = 0.0,
    at_margin: float = 0.1,
    shape: str = "gaussian",
) -> Any:
    """Score 1 inside [lo, hi], falling to `at_margin` at distance `margin` outside."""
    x = _value(xp, x)
    outside = xp.maximum(lo - x, x - hi, 0.0)
    # Any distance is infinitely many margins of 0, where every shape is 0.
    reach = xp.where(_value(xp, margin) > 0.0, margin, _TINY)
    return _falling(xp, outside / reach, at_margin, shape)


@shaping("value of the first condition that holds, else default")
def staged(xp: Library, stages: Value, default: Value = 0.0) -> Any:
    """Piecewise score: `staged([(cond, value), ...], default)`, first match wins."""
    result = default
    for condition, value in reversed(list(stages)):
        result = xp.where(condition, value, result)
    return result


@shaping("values[i] of the first conditions[i] that holds, else default")
def select(xp: Library, conditions: Value, values: Value, default: Value = 0.0) -> Any:
    """Like `staged`, with conditions and values in two lists."""
    pairs = list(zip(list(conditions), list(values), strict=True))
    return xp.staged(pairs, default)


@shaping("value if condition else 0")
def gate(xp: Library, condition: Value, value: Value) -> Any:
    """Let a score through only where a condition holds."""
    return xp.where(condition, value, 0.0)


@shaping("a / b, default where b is 0")
def safe_divide(xp: Library, a: Value, b: Value, default: Value = 0.0) -> Any:
    """Quotient without division by zero."""
    b = _value(xp, b)
    is_zero = b == 0.0 if not hasattr(b, "graph") else xp.operations.apply("eq", b, 0.0)
    return xp.where(is_zero, default, a / xp.where(is_zero, 1.0, b))


@shaping("max(x, 0)^(1/2)")
def safe_sqrt(xp: Library, x: Value) -> Any:
    """Square root that is 0 below 0."""
    return xp.sqrt(xp.maximum(x, 0.0))


@shaping("(x + pi) mod 2*pi - pi")
def wrap_angle(xp: Library, x: Value) -> Any:
    """The same angle in [-pi, pi)."""
    turned = xp.mod(_value(xp, x) + math.pi, 2.0 * math.pi) - math.pi
    return xp.where(turned >= math.pi, -math.pi, turned)


@shaping("dot(a, b) / (norm(a) * norm(b)), 0 for a zero vector")
def cosine(xp: Library, a: Value, b: Value) -> Any:
    """Cosine of the angle between two vectors, in [-1, 1]."""
    lengths = xp.norm(a, axis=-1) * xp.norm(b, axis=-1)
    return xp.clip(xp.safe_divide(xp.dot(a, b), lengths), -1.0, 1.0)


@shaping("(x - lo) / (hi - lo), clipped to [0, 1]")
def ramp(xp: Library, x: Value, lo: Value, hi: Value) -> Any:
    """Score rising from 0 at `lo` to 1 at `hi`; lo > hi makes it fall."""
    return xp.saturate((_value(xp, x) - lo) / (_value(xp, hi) - lo))


@shaping("a + t*(b - a)")
def lerp(xp: Library, a: Value, b: Value, t: Value) -> Any:
    """Blend from a (t = 0) to b (t = 1)."""
    a = _value(xp, a)
    return a + t * (_value(xp, b) - a)


@shaping("x^2/2 within delta, delta*(|x| - delta/2) beyond")
def huber(xp: Library, x: Value, delta: Value = 1.0) -> Any:
    """Cost that is quadratic near 0 and linear far away."""
    size = xp.abs(x)
    near = xp.minimum(size, delta)
    return near * (size - 0.5 * near)


def _falling(xp: Library, distance: Value, value: float, shape: str) -> Any:
    """The score at `distance` (in margins), 1 at 0 and `value` at 1: dm_control's sigmoids."""
    if shape not in _FALLING:
        raise Refusal("bad-call", reason=f"shape {shape!r} is none of {', '.join(_FALLING)}",
                      signature=_SIGNATURE)  # fmt: skip
    if not isinstance(value, (int, float)) or not (0.0 < value < 1.0):
        raise Refusal("bad-call", reason="at_margin is a constant between 0 and 1",
                      signature=_SIGNATURE)  # fmt: skip
    return _FALLING[shape](xp, distance, float(value))


def _gaussian(xp: Library, d: Value, value: float) -> Any:
    return xp.exp(math.log(value) * xp.square(d))


def _linear(xp: Library, d: Value, value: float) -> Any:
    return xp.maximum(1.0 - (1.0 - value) * d, 0.0)


def _long_tail(xp: Library, d: Value, value: float) -> Any:
    return 1.0 / ((1.0 / value - 1.0) * xp.square(d) + 1.0)


def _hyperbolic(xp: Library, d: Value, value: float) -> Any:
    return 1.0 / xp.cosh(xp.minimum(math.acosh(1.0 / value) * d, 700.0))


def _cosine(xp: Library, d: Value, value: float) -> Any:
    scaled = xp.minimum(math.acos(2.0 * value - 1.0) / math.pi * d, 1.0)
    return 0.5 * (1.0 + xp.cos(math.pi * scaled))


def _quadratic(xp: Library, d: Value, value: float) -> Any:
    return xp.maximum(1.0 - (1.0 - value) * xp.square(d), 0.0)


def _tanh_squared(xp: Library, d: Value, value: float) -> Any:
    return 1.0 - xp.square(xp.tanh(math.atanh(math.sqrt(1.0 - value)) * d))


def _reciprocal(xp: Library, d: Value, value: float) -> Any:
    return 1.0 / ((1.0 / value - 1.0) * d + 1.0)


def _value(xp: Library, x: Value) -> Any:
    return xp.operations.array(x)


_FALLING: dict[str, Callable[[Library, Value, float], Any]] = {
    "gaussian": _gaussian,
    "linear": _linear,
    "long_tail": _long_tail,
    "hyperbolic": _hyperbolic,
    "cosine": _cosine,
    "quadratic": _quadratic,
    "tanh_squared": _tanh_squared,
    "reciprocal": _reciprocal,
}
_SIGNATURE = "tolerance(x, lo, hi, margin, at_margin=0.1, shape='gaussian')"
