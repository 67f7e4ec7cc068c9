"""The functions of `xp` as a designer reads them, taken from the library itself.

Groups that the environment's fields give no use for are left out: quaternions without a quaternion,
geometry without a vector.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rewardsmith.errors import ConfigError
from rewardsmith.language import library, quaternions
from rewardsmith.language.primitives import Primitive
from rewardsmith.messages import StateSpec
from rewardsmith.roles.model.formats import number

EXAMPLES = "shared/xp_examples.yaml"
"""Prompt file: one call each, of which the value is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionView:
    """One function."""

    name: str
    signature: str
    formula: str
    example: str = ""
    """As in `gaussian(0.5, 0.5) = 0.607`; empty where the formula says enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryView:
    """The functions that matter for one environment."""

    unary: tuple[FunctionView, ...]
    """Elementwise ones of one argument that are called what everybody calls them."""
    elementwise: tuple[FunctionView, ...]
    reductions: tuple[FunctionView, ...]
    constructors: tuple[FunctionView, ...]
    shaping: tuple[FunctionView, ...]
    geometry: tuple[FunctionView, ...]


def library_view(state: StateSpec, examples: Mapping[str, str]) -> LibraryView:
    """What of the library to show for `state`.

    Args:
        state: The card's fields.
        examples: Function name to a call with literal arguments.

    Raises:
        ConfigError: An example does not call its function.
    """
    if not isinstance(examples, Mapping):
        raise ConfigError(f"{EXAMPLES!r} is no table. Give a call under the name of its function.")
    has_vectors = any(field.shape for field in state.fields) or bool(state.action.shape)
    turns = {p.name for p in quaternions.quaternions.primitives}
    has_turns = any(field.quaternion for field in state.fields)
    shown = [p for p in library.describe() if has_turns or p.name not in turns]
    points = any(len(field.shape) > 0 for field in state.fields)
    groups: dict[str, list[FunctionView]] = {}
    for primitive in shown:
        is_unary = primitive.group == "elementwise" and primitive.signature.endswith("(x)")
        group = "unary" if is_unary else primitive.group
        groups.setdefault(group, []).append(_view(primitive, examples))
    return LibraryView(
        unary=tuple(groups["unary"]),
        elementwise=tuple(groups["elementwise"]),
        reductions=tuple(groups["reduction"]) if has_vectors else (),
        constructors=tuple(groups["constructor"]) if points else (),
        shaping=tuple(groups["shaping"]),
        geometry=tuple(groups["geometry"]) if points else (),
    )


def _view(primitive: Primitive, examples: Mapping[str, str]) -> FunctionView:
    call = examples.get(primitive.name)
    return FunctionView(
        name=primitive.name,
        signature=primitive.signature,
        formula=primitive.formula,
        example=f"{call} = {_value(primitive, call)}" if call else "",
    )


def _value(primitive: Primitive, call: str) -> str:
    """What the library gives for a call with literal arguments."""
    try:
        node = ast.parse(call, mode="eval").body
        if not isinstance(node, ast.Call) or ast.unparse(node.func) != primitive.name:
            raise ValueError(f"does not call {primitive.name}")
        args = [ast.literal_eval(arg) for arg in node.args]
        keywords = {str(k.arg): ast.literal_eval(k.value) for k in node.keywords}
        value = getattr(library.rows(), primitive.name)(*args, **keywords)
    except (SyntaxError, ValueError, TypeError) as error:
        raise ConfigError(f"The example {call!r} in {EXAMPLES!r} fails: {error}.") from error
    entries = np.asarray(value)
    if entries.ndim:
        return f"({', '.join(number(float(v)) for v in entries.ravel())})"
    return number(entries.item())
