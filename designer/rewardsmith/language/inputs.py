"""The inputs of emitted code: their keys, and the nodes that stand for them.

Keys are `state.hand`, `previous.x`, `initial.x`, `memory.air_time`, `action`, `previous_action`,
`step` and `terminated`. Constant fields are literals, not inputs.
"""

from collections.abc import Iterable

from rewardsmith.language.graph import Graph
from rewardsmith.language.node import Kind, Node
from rewardsmith.language.operations import Value
from rewardsmith.language.units import parse_unit
from rewardsmith.language.values import Fields
from rewardsmith.messages import FieldSpec, StateSpec


def field_group(graph: Graph, spec: StateSpec, owner: str) -> Fields:
    """`state`, `previous` or `initial`: every field of the environment."""
    entries = {f.name: field_input(graph, f, f"{owner}.{f.name}") for f in spec.fields}
    return Fields(owner, entries)


def field_input(graph: Graph, field: FieldSpec, key: str) -> Node:
    """One field: an input, or a literal when it never changes."""
    unit = parse_unit(field.unit)
    if field.constant is not None:
        return graph.constant(_reshaped(field), unit)
    return graph.input(
        key, shape=field.shape, kind=field.kind, unit=unit, quaternion=field.quaternion
    )


def action_input(graph: Graph, spec: StateSpec, key: str) -> Node:
    """The action, or the one before it."""
    kind: Kind = "float" if spec.action.kind == "continuous" else "int"
    return graph.input(key, shape=spec.action.shape, kind=kind)


def inputs_of(nodes: Iterable[Node]) -> frozenset[str]:
    """Keys of every input that the nodes depend on."""
    return frozenset(str(node.attr) for node in nodes_below(nodes) if node.op == "input")


def nodes_below(nodes: Iterable[Node]) -> set[Node]:
    """The nodes and all that they depend on."""
    seen: set[Node] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += node.args
    return seen


def _reshaped(field: FieldSpec) -> Value:
    """A constant as nested tuples of the field's shape."""
    value: Value = field.constant
    if not isinstance(value, tuple) or len(field.shape) < 2:
        return tuple(map(float, value)) if isinstance(value, tuple) else value
    width = field.shape[1]
    return tuple(tuple(value[i : i + width]) for i in range(0, len(value), width))
