"""Elementwise functions, reductions and constructors of `xp`.

Reductions run over the axes a value has in one step, never over environments.
"""

import math
from collections.abc import Callable
from typing import Any

from rewardsmith.language.findings import Refusal
from rewardsmith.language.operations import Value
from rewardsmith.language.primitives import Library, Registry

elementwise = Registry("elementwise")
reduction = Registry("reduction")
constructor = Registry("constructor")


def _unary(op: str) -> Callable[[Library, Value], Any]:
    def define(xp: Library, x: Value) -> Any:
        return xp.operations.apply(op, x)

    return define


for _name, _op, _formula, _doc in (
    ("abs", "abs", "|x|", "Absolute value."),
    ("exp", "exp", "e^x", "Exponential."),
    ("expm1", "expm1", "e^x - 1", "Exponential minus one, exact near 0."),
    ("log", "log", "ln x", "Natural logarithm; -inf at 0, nan below."),
    ("log1p", "log1p", "ln(1 + x)", "Logarithm of 1 + x, exact near 0."),
    ("sqrt", "sqrt", "x^(1/2)", "Square root; nan below 0."),
    ("square", "square", "x^2", "Square."),
    ("sin", "sin", "sin x", "Sine of radians."),
    ("cos", "cos", "cos x", "Cosine of radians."),
    ("tan", "tan", "tan x", "Tangent of radians."),
    ("arcsin", "asin", "arcsin x", "Angle in [-pi/2, pi/2]; nan outside [-1, 1]."),
    ("arccos", "acos", "arccos x", "Angle in [0, pi]; nan outside [-1, 1]."),
    ("arctan", "atan", "arctan x", "Angle in (-pi/2, pi/2)."),
    ("sinh", "sinh", "sinh x", "Hyperbolic sine."),
    ("cosh", "cosh", "cosh x", "Hyperbolic cosine."),
    ("tanh", "tanh", "tanh x", "Squashes to (-1, 1)."),
    ("arcsinh", "asinh", "ln(x + (x^2 + 1)^(1/2))", "Inverse of sinh; like ln far from 0."),
    ("arccosh", "acosh", "ln(x + (x^2 - 1)^(1/2))", "Inverse of cosh; nan below 1."),
    ("arctanh", "atanh", "ln((1 + x) / (1 - x)) / 2", "Inverse of tanh; nan outside [-1, 1]."),
    ("sign", "sign", "-1, 0 or 1", "Sign of x."),
    ("floor", "floor", "largest integer <= x", "Round down."),
    ("ceil", "ceil", "smallest integer >= x", "Round up."),
    ("round", "round", "nearest integer, halves to even", "Round."),
    ("trunc", "trunc", "integer part", "Round towards 0."),
    ("isfinite", "isfinite", "x is neither inf nor nan", "Condition: is a finite number."),
    ("isnan", "isnan", "x is nan", "Condition: is not a number."),
    ("logical_not", "logical_not", "not a", "Condition: negation."),
    ("number", "number", "1.0 if a else 0.0", "A condition as a number; numbers pass through."),
):
    elementwise.add(_name, _formula, _doc, _unary(_op))


@elementwise("angle of the point (x, y), in (-pi, pi]")
def arctan2(xp: Library, y: Value, x: Value) -> Any:
    """Angle of a direction; mind the order: y first."""
    return xp.operations.apply("atan2", y, x)


@elementwise("x^p")
def power(xp: Library, x: Value, p: Value) -> Any:
    """Power; nan for a negative x and a fractional p."""
    return xp.operations.apply("pow", x, p)


@elementwise("x - n*floor(x/n)")
def mod(xp: Library, x: Value, n: Value) -> Any:
    """Remainder, with the sign of n."""
    return xp.operations.apply("mod", x, n)


@elementwise("min(a, b, ...)")
def minimum(xp: Library, a: Value, b: Value, *more: Value) -> Any:
    """Smaller of two or more values, elementwise."""
    return _folded(xp, "minimum", (a, b, *more))


@elementwise("max(a, b, ...)")
def maximum(xp: Library, a: Value, b: Value, *more: Value) -> Any:
    """Larger of two or more values, elementwise."""
    return _folded(xp, "maximum", (a, b, *more))


@elementwise("min(max(x, lo), hi)")
def clip(xp: Library, x: Value, lo: Value = None, hi: Value = None) -> Any:
    """Limit x to [lo, hi]; a limit of None is open."""
    if lo is not None:
        x = xp.maximum(x, lo)
    return x if hi is None else xp.minimum(x, hi)


@elementwise("a if condition else b")
def where(xp: Library, condition: Value, a: Value, b: Value) -> Any:
    """Select, elementwise; both sides are computed."""
    return xp.operations.where(condition, a, b)


@elementwise("a and b and ...")
def logical_and(xp: Library, a: Value, b: Value, *more: Value) -> Any:
    """Condition: all hold."""
    return _folded(xp, "logical_and", (a, b, *more))


@elementwise("a or b or ...")
def logical_or(xp: Library, a: Value, b: Value, *more: Value) -> Any:
    """Condition: at least one holds."""
    return _folded(xp, "logical_or", (a, b, *more))


@elementwise("a != b, of conditions")
def logical_xor(xp: Library, a: Value, b: Value) -> Any:
    """Condition: exactly one holds."""
    return xp.operations.apply("ne", _condition(xp, a), _condition(xp, b))


@elementwise("1 / (1 + e^-x)")
def sigmoid(xp: Library, x: Value) -> Any:
    """Squashes to (0, 1); 0.5 at 0."""
    return 0.5 * (1.0 + xp.tanh(0.5 * _value(xp, x)))


@elementwise("ln(1 + e^x)")
def softplus(xp: Library, x: Value) -> Any:
    """Smooth hinge, above 0 everywhere."""
    return xp.maximum(x, 0.0) + xp.log1p(xp.exp(-xp.abs(x)))


@elementwise("ln(e^a + e^b)")
def logaddexp(xp: Library, a: Value, b: Value) -> Any:
    """Smooth maximum of two values."""
    a, b = _value(xp, a), _value(xp, b)
    return xp.maximum(a, b) + xp.log1p(xp.exp(-xp.abs(a - b)))


@elementwise("(x^2 + y^2)^(1/2)")
def hypot(xp: Library, x: Value, y: Value) -> Any:
    """Length of the vector (x, y)."""
    return xp.sqrt(xp.square(x) + xp.square(y))


@elementwise("x * pi / 180")
def radians(xp: Library, x: Value) -> Any:
    """Degrees to radians."""
    return _value(xp, x) * (math.pi / 180.0)


@elementwise("x * 180 / pi")
def degrees(xp: Library, x: Value) -> Any:
    """Radians to degrees."""
    return _value(xp, x) * (180.0 / math.pi)


def _reduce(op: str) -> Callable[..., Any]:
    def define(xp: Library, x: Value, axis: int | None = None, keepdims: bool = False) -> Any:
        return xp.operations.reduce(op, _value(xp, x), axis, keepdims)

    return define


for _name, _formula, _doc in (
    ("sum", "x[0] + x[1] + ...", "Sum of all entries, or along an axis of the step's own."),
    ("prod", "x[0] * x[1] * ...", "Product of all entries, or along an axis."),
    ("mean", "sum(x) / number of entries", "Mean of all entries, or along an axis."),
    ("max", "largest x[i]", "Largest entry; for two values use maximum."),
    ("min", "smallest x[i]", "Smallest entry; for two values use minimum."),
    ("any", "x[0] or x[1] or ...", "Condition: some entry holds."),
    ("all", "x[0] and x[1] and ...", "Condition: every entry holds."),
):
    reduction.add(_name, _formula, _doc, _reduce(_name))


@reduction("sum((x - mean(x))^2) / (number of entries - ddof)")
def var(xp: Library, x: Value, axis: int | None = None, ddof: int = 0) -> Any:
    """Variance over the entries of one step, not over time."""
    x = _value(xp, x)
    variance = xp.mean(xp.square(x - xp.mean(x, axis, keepdims=axis is not None)), axis)
    if ddof == 0:
        return variance
    shape = xp.operations.shape(x)
    n = math.prod(shape) if axis is None else shape[axis]
    if n <= ddof:
        raise Refusal("bad-call", reason=f"ddof is {ddof} of {n} entries",
                      signature="var(x, axis=None, ddof=0)")  # fmt: skip
    return variance * (n / (n - ddof))


@reduction("var(x)^(1/2)")
def std(xp: Library, x: Value, axis: int | None = None, ddof: int = 0) -> Any:
    """Standard deviation over the entries of one step, not over time."""
    return xp.sqrt(xp.var(x, axis, ddof))


@reduction("(sum x[i]^2)^(1/2); order 1: sum |x[i]|; order inf: max |x[i]|")
def norm(
    xp: Library, x: Value, order: float = 2, axis: int | None = None, keepdims: bool = False
) -> Any:
    """Length of a vector; give axis=-1 for the length of each of several vectors."""
    if order not in (1, 2, math.inf):
        raise Refusal("bad-call", reason="order is 1, 2 or inf", signature="norm(x, order=2)")
    if order != 2 and axis is None and len(xp.operations.shape(x)) > 1:
        raise Refusal("bad-call", reason=f"order {order:g} of several vectors needs axis=-1",
                      signature="norm(x, order=2, axis=None)")  # fmt: skip
    if order == 1:
        return xp.sum(xp.abs(x), axis, keepdims)
    if order == math.inf:
        return xp.max(xp.abs(x), axis, keepdims)
    if not xp.operations.shape(x):
        return xp.abs(x)
    return xp.sqrt(xp.sum(xp.square(x), axis, keepdims))


@reduction("a[0]*b[0] + a[1]*b[1] + ...")
def dot(xp: Library, a: Value, b: Value) -> Any:
    """Inner product of two vectors; of each pair, for several vectors."""
    product = _value(xp, a) * _value(xp, b)
    return xp.sum(product, -1) if xp.operations.shape(product) else product


@reduction("sum over k of a[i, k] * b[k, j]")
def matmul(xp: Library, a: Value, b: Value) -> Any:
    """Matrix product; of two vectors their inner product."""
    a, b = _value(xp, a), _value(xp, b)
    left, right = xp.operations.shape(a), xp.operations.shape(b)
    if not left or not right:
        return a * b
    if len(left) > 2 or len(right) > 2 or left[-1] != right[0]:
        raise Refusal("shapes-differ", left=left, right=right)
    return xp.sum(a * b, -1) if len(right) == 1 else xp.sum(a[..., None] * b, -2)


@constructor("(x[0], x[1], ...)")
def array(xp: Library, x: Value) -> Any:
    """A vector from numbers, or several vectors from vectors of one shape."""
    return xp.operations.array(x)


@constructor("(a, b, ...)")
def stack(xp: Library, items: Value, axis: int = 0) -> Any:
    """A vector from numbers, or (n, k) from n vectors; axis=-1 puts the new axis last."""
    items = [_value(xp, item) for item in items]
    rank = len(xp.operations.shape(items[0])) if items else 0
    if axis in (0, -1 - rank):
        return xp.operations.stack(items)
    if rank == 1 and axis in (1, -1):
        length = xp.operations.shape(items[0])[0]
        return xp.operations.stack([xp.operations.stack([v[i] for v in items]) for i in
                                    range(length)])  # fmt: skip
    raise Refusal("bad-call", reason=f"axis={axis} does not exist", signature="stack(items)")


@constructor("a followed by b, ...")
def concat(xp: Library, items: Value, axis: int = 0) -> Any:
    """Vectors end to end; numbers count as vectors of one."""
    if axis not in (0, -1):
        raise Refusal("bad-call", reason=f"axis={axis} does not exist", signature="concat(items)")
    return xp.operations.concat([_value(xp, item) for item in items])


@constructor("(0, 0, ...)")
def zeros(xp: Library, n: int | tuple[int, ...]) -> Any:
    """A vector of n zeros; n is a constant."""
    return xp.full(n, 0.0)


@constructor("(1, 1, ...)")
def ones(xp: Library, n: int | tuple[int, ...]) -> Any:
    """A vector of n ones; n is a constant."""
    return xp.full(n, 1.0)


@constructor("(value, value, ...)")
def full(xp: Library, n: int | tuple[int, ...], value: float) -> Any:
    """A vector of n equal numbers; n is a constant."""
    return xp.operations.array(_repeated(value, n if isinstance(n, (tuple, list)) else (n,)))


@constructor("x * 0")
def zeros_like(xp: Library, x: Value) -> Any:
    """Zeros of the shape of x."""
    shape = xp.operations.shape(x)
    return xp.full(shape, 0.0) if shape else 0.0


@constructor("x * 0 + 1")
def ones_like(xp: Library, x: Value) -> Any:
    """Ones of the shape of x."""
    shape = xp.operations.shape(x)
    return xp.full(shape, 1.0) if shape else 1.0


@constructor("the entries of x, in order, as an array of that shape")
def reshape(xp: Library, x: Value, shape: int | tuple[int, ...]) -> Any:
    """Several vectors from one, `reshape(x, (4, 3))`, or one from several, `reshape(x, -1)`."""
    x = _value(xp, x)
    old = xp.operations.shape(x)
    sizes = _sizes(shape, math.prod(old))
    if not old:
        x = xp.operations.stack([x])
    for _ in old[1:]:
        x = xp.operations.concat([x[i] for i in range(xp.operations.shape(x)[0])])
    return _split(xp, x, sizes)


@constructor("x[j, i]")
def transpose(xp: Library, x: Value) -> Any:
    """Rows as columns; numbers and single vectors stay as they are."""
    x = _value(xp, x)
    shape = xp.operations.shape(x)
    if len(shape) > 2:
        raise Refusal("bad-call", reason=f"the shape is {shape}", signature="transpose(x)")
    return xp.operations.stack([x[:, i] for i in range(shape[1])]) if len(shape) == 2 else x


@constructor("x without its axes of length 1")
def squeeze(xp: Library, x: Value, axis: int | None = None) -> Any:
    """A number from a vector of one; axes that are longer stay."""
    x = _value(xp, x)
    shape = xp.operations.shape(x)
    dropped = [i for i, size in enumerate(shape) if size == 1 and axis in (None, i, i - len(shape))]
    return x[tuple(0 if i in dropped else slice(None) for i in range(len(shape)))] if shape else x


@constructor("x[i + 1] - x[i]")
def diff(xp: Library, x: Value) -> Any:
    """Differences of neighbouring entries of a vector."""
    x = _value(xp, x)
    return x[1:] - x[:-1]


def _folded(xp: Library, op: str, values: tuple[Value, ...]) -> Any:
    result = values[0]
    for value in values[1:]:
        result = xp.operations.apply(op, result, value)
    return result


def _condition(xp: Library, x: Value) -> Any:
    return xp.logical_not(xp.logical_not(x))


def _value(xp: Library, x: Value) -> Any:
    return xp.operations.array(x)


def _sizes(shape: Value, size: int) -> tuple[int, ...]:
    """The lengths of the axes that `size` entries are to have, with -1 found out."""
    given = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    known = math.prod(n for n in given if n != -1) if all(type(n) is int for n in given) else 0
    sizes = tuple(size // known if n == -1 else n for n in given) if known > 0 else ()
    if not sizes or min(sizes) < 1 or given.count(-1) > 1 or math.prod(sizes) != size:
        raise Refusal("bad-call", reason=f"{size} entries do not fill the shape {shape}",
                      signature="reshape(x, shape)")  # fmt: skip
    return sizes


def _split(xp: Library, x: Value, sizes: tuple[int, ...]) -> Any:
    if len(sizes) == 1:
        return x
    length = math.prod(sizes[1:])
    rows = [x[i * length : (i + 1) * length] for i in range(sizes[0])]
    return xp.operations.stack([_split(xp, row, sizes[1:]) for row in rows])


def _repeated(value: Value, shape: tuple[Value, ...]) -> Any:
    if not shape:
        return value
    if isinstance(shape[0], bool) or not isinstance(shape[0], int) or not 0 < shape[0] <= 1024:
        raise Refusal("bad-call", reason="the length is not a constant up to 1024",
                      signature="zeros(n)")  # fmt: skip
    return [_repeated(value, shape[1:])] * shape[0]
