"""Fields that are computed from other fields of the same step.

A derived field may use the fields above it in the card, so there are no cycles.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rewardsmith.environments.sources import parse_source
from rewardsmith.errors import ConfigError
from rewardsmith.language.expressions import CompiledExpression, compile_expression
from rewardsmith.messages import FieldSpec, StateSpec

_DTYPES: dict[str, type] = {"float": np.float64, "bool": np.bool_, "int": np.int64}


@dataclass(frozen=True, slots=True)
class Derived:
    """A compiled derived field."""

    name: str
    needs: frozenset[str]
    """Fields it is computed from."""
    expression: CompiledExpression
    dtype: type

    def evaluate(self, fields: Mapping[str, np.ndarray]) -> np.ndarray:
        """Its values, shape (n, *field shape), from the values of other fields.

        To be called where NumPy's warnings are off: doing so here takes as long as the rest.
        """
        inputs = {f"state.{name}": fields[name] for name in self.needs}
        return np.asarray(self.expression.evaluate(np, inputs), dtype=self.dtype)


def derived_of(spec: FieldSpec, state: StateSpec) -> Derived:
    """Compile the expression of the derived field `spec` over the fields above it.

    Raises:
        ConfigError: The expression is not valid, or reads more than the state of its own step.
    """
    text = parse_source(spec.source).names[0]
    above = state.fields[: state.fields.index(spec)]
    expression = compile_expression(text, replace(state, fields=above))
    foreign = sorted(name for name in expression.reads if not name.startswith("state."))
    if foreign:
        raise ConfigError(
            f"The derived field {spec.name!r} reads {', '.join(foreign)}. "
            "Use only fields that stand above it in the card."
        )
    if not expression.reads:
        raise ConfigError(
            f"The derived field {spec.name!r} never changes. Write 'constant:' with its value."
        )
    needs = frozenset(name.removeprefix("state.") for name in expression.reads)
    return Derived(spec.name, needs, expression, _DTYPES[spec.kind])
