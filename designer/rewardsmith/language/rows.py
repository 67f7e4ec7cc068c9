"""The base operations on one step, in NumPy: what a reward program means.

The compiled batch is judged against this, row by row.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from rewardsmith.language.operations import CONDITIONS, Value

_OPERATORS: Mapping[str, Callable[..., Value]] = MappingProxyType(
    {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "pow": np.float_power,
        "mod": np.mod,
        "floordiv": np.floor_divide,
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
        "eq": np.equal,
        "ne": np.not_equal,
        "neg": np.negative,
    }
)


class RowOperations:
    """Base operations on NumPy values of one step."""

    def apply(self, op: str, *args: Value) -> Value:
        """Elementwise, in float64."""
        values = [self.array(arg) for arg in args]
        if op not in CONDITIONS and op != "mul" and all(_is_condition(v) for v in values):
            values = [value * 1.0 for value in values]
        if op == "number":
            return values[0] * 1.0
        function = _OPERATORS.get(op) or getattr(np, op)
        return function(*values)

    def reduce(self, op: str, x: Value, axis: int | None, keepdims: bool) -> Value:
        """Reduce the step's own axes."""
        values = self.array(x)
        if not np.ndim(values):
            return values
        if op not in CONDITIONS and _is_condition(values):
            values = values * 1.0
        return getattr(np, op)(values, axis=axis, keepdims=keepdims)

    def where(self, condition: Value, yes: Value, no: Value) -> Value:
        """Select elementwise."""
        chosen: Value = np.where(self.array(condition), self.array(yes), self.array(no))
        return chosen[()]

    def stack(self, items: list[Value]) -> Value:
        """Along a new first axis."""
        return np.stack([np.asarray(self.array(item)) for item in items])

    def concat(self, items: list[Value]) -> Value:
        """End to end."""
        return np.concatenate([np.atleast_1d(self.array(item)) for item in items])

    def array(self, x: Value) -> Value:
        """As a NumPy value; Python numbers become float64 so that division follows NumPy."""
        if isinstance(x, (np.ndarray, np.generic)):
            return x
        if isinstance(x, bool):
            return np.bool_(x)
        if isinstance(x, (int, float)):
            return np.float64(x)
        values = np.asarray([self.array(item) for item in x])
        return values if values.dtype == bool else values.astype(np.float64)

    def shape(self, x: Value) -> tuple[int, ...]:
        """Of a number, array or list."""
        return np.shape(self.array(x))


def _is_condition(x: Value) -> bool:
    return bool(np.asarray(x).dtype == bool)
