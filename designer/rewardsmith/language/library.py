"""The curated `xp`: every function a reward program may call.

`describe()` is what the designer's prompt and the offline designer read; `rows()` computes one
step with NumPy; `build(graph)` compiles.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from rewardsmith.language import arithmetic, geometry, quaternions, shaping
from rewardsmith.language.operations import Operations
from rewardsmith.language.primitives import Library, Primitive
from rewardsmith.language.rows import RowOperations

PRIMITIVES: Mapping[str, Primitive] = MappingProxyType(
    {
        primitive.name: primitive
        for registry in (
            arithmetic.elementwise,
            arithmetic.reduction,
            arithmetic.constructor,
            shaping.shaping,
            geometry.geometry,
            quaternions.quaternions,
        )
        for primitive in registry.primitives
    }
)
"""Every primitive by name."""

CONSTANTS = ("pi", "inf")
"""Names of `xp` that are numbers."""


def describe() -> tuple[Primitive, ...]:
    """Every primitive, in the order of the documentation."""
    return tuple(PRIMITIVES.values())


@cache
def rows() -> Library:
    """The library on NumPy values of one step."""
    return Library(RowOperations(), PRIMITIVES)


def build(operations: Operations) -> Library:
    """The library over other base operations, such as a graph."""
    return Library(operations, PRIMITIVES)
