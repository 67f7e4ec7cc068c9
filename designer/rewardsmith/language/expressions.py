"""Per-step expressions over bare field names, as fitness, success and derived fields use them.

`norm(tip - target) < 0.02`: fields, `action`, `previous.x`, `initial.x` and the functions of
`xp` without prefix. Compiled by the same graph as reward programs.
"""

import ast
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rewardsmith.errors import ConfigError
from rewardsmith.language import library, source
from rewardsmith.language.emit import emit_module, emit_single
from rewardsmith.language.evaluate import Evaluator
from rewardsmith.language.findings import Refusal
from rewardsmith.language.graph import Graph
from rewardsmith.language.inputs import (
    action_input,
    field_group,
    field_input,
    inputs_of,
    nodes_below,
)
from rewardsmith.language.node import Kind, Node
from rewardsmith.language.normalise import normalise_expression
from rewardsmith.language.operations import Value
from rewardsmith.language.runtime import load_compiled
from rewardsmith.language.scope import guess
from rewardsmith.language.values import Fields, Functions, XpFunction, describe
from rewardsmith.messages import FieldSpec, StateSpec

_NO_NAMES: Mapping[str, float | FieldSpec] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CompiledExpression:
    """An expression over one step's fields, as array code over a leading axis B."""

    text: str
    """As it was written."""
    source: str
    """Emitted module with a function `expression(xp, inputs, params)`."""
    reads: frozenset[str]
    """Keys of `inputs` that it needs: `state.x`, `previous.x`, `initial.x`, `action`, ..."""
    shape: tuple[int, ...]
    """Shape of the result in one step."""
    kind: Kind
    n_entries: int
    """Numbers that it holds at once for one step, at most."""

    def evaluate(self, xp: Any, inputs: Mapping[str, Any]) -> Any:
        """The value for every row of a batch; `inputs` may hold more than `reads`.

        An expression that reads nothing takes B from the first of `inputs`.
        """
        function = load_compiled(self.source).expression
        assert function is not None
        return function(xp, inputs, {})


def compile_expression(
    text: str,
    spec: StateSpec,
    *,
    names: Mapping[str, float | FieldSpec] = _NO_NAMES,
    info: Collection[str] = (),
) -> CompiledExpression:
    """Compile a per-step expression.

    Args:
        text: Python expression over the fields of `spec`.
        spec: The environment's state fields and action.
        names: More names: a number is a constant, a field is an input under its bare name.
        info: Keys of `info` that it may read, as inputs `info.<key>`: only what judges may.

    Raises:
        ConfigError: The text is not a valid expression; says column, reason and remedy.
    """
    tree = _parsed(text)
    try:
        graph = Graph()
        evaluator = _FieldEvaluator(graph, _scope(graph, spec, names, info))
        node = _result(evaluator, normalise_expression(tree))
    except Refusal as refusal:
        raise _config_error(text, refusal) from None
    return CompiledExpression(
        text=text,
        source=emit_module(
            "Compiled from an expression.", [emit_single("expression", "One step.", node)]
        ),
        reads=inputs_of([node]),
        shape=node.shape,
        kind=node.kind,
        n_entries=sum(math.prod(one.shape) for one in nodes_below([node])),
    )


class _FieldEvaluator(Evaluator):
    """Knows where an expression went wrong, and calls functions of `xp` without prefix."""

    at: ast.expr | None = None

    def evaluate(self, node: ast.expr) -> Value:
        try:
            return super().evaluate(node)
        except Refusal:
            self.at = self.at or node
            raise

    def _call(self, node: ast.Call) -> Value:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name in self.names and name in library.PRIMITIVES:
            # A field may be called like a function of `xp`: `yaw` reads, `yaw(q)` calls.
            hidden = self.names[name]
            self.names[name] = XpFunction(library.PRIMITIVES[name])
            try:
                return super()._call(node)
            finally:
                self.names[name] = hidden
        return super()._call(node)

    def unknown_name(self, name: str) -> Refusal:
        fields = [key for key, value in self.names.items() if isinstance(value, (Node, float, int))]
        known = ", ".join(key for key in fields if key not in library.CONSTANTS)
        return Refusal("unknown-name", name=name, guess=guess(name, [*fields, *library.PRIMITIVES]),
                       advice=f"Known: {known}, and the functions of `xp`.")  # fmt: skip


def _parsed(text: str) -> ast.Expression:
    try:
        return source.parse_expression(text)
    except Refusal as refusal:
        raise _config_error(text, refusal) from None


def _scope(
    graph: Graph,
    spec: StateSpec,
    names: Mapping[str, float | FieldSpec],
    info: Collection[str],
) -> dict[str, Value]:
    scope: dict[str, Value] = {name: XpFunction(p) for name, p in library.PRIMITIVES.items()}
    scope |= {name: getattr(library.rows(), name) for name in library.CONSTANTS}
    scope["xp"] = Functions()
    for owner in ("state", "previous", "initial"):
        scope[owner] = field_group(graph, spec, owner)
    scope["action"] = action_input(graph, spec, "action")
    scope["previous_action"] = action_input(graph, spec, "previous_action")
    scope |= dict(field_group(graph, spec, "state").entries)
    for name, value in names.items():
        scope[name] = field_input(graph, value, name) if isinstance(value, FieldSpec) else value
    if info:
        scope["info"] = Fields("info", {key: graph.input(f"info.{key}") for key in info})
    return scope


def _result(evaluator: _FieldEvaluator, tree: ast.Expression) -> Node:
    try:
        value = evaluator.plain(evaluator.evaluate(tree.body))
        if not isinstance(value, (Node, bool, int, float, tuple)):
            raise Refusal("not-a-number", text=ast.unparse(tree.body), kind=describe(value))
        return evaluator.graph.node(evaluator.graph.array(value))
    except Refusal as refusal:
        refusal.column = _column(evaluator.at or tree.body)
        raise


def _column(node: ast.expr) -> int:
    return node.col_offset + 1


def _config_error(text: str, refusal: Refusal) -> ConfigError:
    found = refusal.finding
    where = f"column {refusal.column}: " if refusal.column else ""
    return ConfigError(f"Expression {text!r}: {where}{found.message} {found.remedy}".rstrip())
