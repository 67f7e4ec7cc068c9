"""Tables of what other systems call things, and what they are called here."""

from collections.abc import Mapping
from types import MappingProxyType

MODULES = frozenset({"numpy", "torch", "math", "jax", "scipy", "typing", "__future__",
                     "collections", "dataclasses"})  # fmt: skip
"""Packages whose imports are dropped: the first four are replaced by `xp`."""

ALIASES = frozenset({"np", "numpy", "torch", "th", "math", "jnp", "jax"})
"""Module names that mean `xp` even where their import was left out."""

SUBMODULES = frozenset({"numpy", "linalg", "nn", "functional", "special"})
"""Names that may stand between the module and the function."""

FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "acos": "arccos", "asin": "arcsin", "atan": "arctan", "atan2": "arctan2",
        "absolute": "abs", "fabs": "abs", "amax": "max", "amin": "min", "fmax": "maximum",
        "fmin": "minimum", "nanmax": "max", "nansum": "sum", "clamp": "clip", "relu": "hinge",
        "pow": "power", "float_power": "power", "concatenate": "concat", "cat": "concat",
        "hstack": "concat", "vstack": "stack", "asarray": "array", "tensor": "array",
        "as_tensor": "array", "float32": "number", "float64": "number", "bitwise_and":
        "logical_and", "bitwise_or": "logical_or", "bitwise_not": "logical_not", "invert":
        "logical_not", "vector_norm": "norm", "inner": "dot", "vecdot": "dot", "rsqrt": "rsqrt",
        "deg2rad": "radians", "rad2deg": "degrees", "expit": "sigmoid", "fmod": "mod",
        "remainder": "mod", "around": "round", "fix": "trunc", "product": "prod", "negative":
        "negative", "exp2": "exp2", "cosine_similarity": "cosine", "logaddexp": "logaddexp",
    }
)  # fmt: skip
"""Functions of other modules under their name in `xp`; unlisted names stay."""

BUILTINS: Mapping[str, str] = MappingProxyType(
    {"abs": "abs", "sum": "sum", "round": "round", "pow": "power", "any": "any", "all": "all"}
)
"""Functions of Python that become functions of `xp`; `max` and `min` depend on their arguments."""

METHODS: Mapping[str, str] = MappingProxyType(
    {
        name: FUNCTIONS.get(name, name)
        for name in "sum mean max min prod any all std var norm abs exp log sqrt square sin cos "
        "tanh sigmoid clip clamp pow sign floor ceil round dot".split()
    }
)
"""Methods of arrays that become functions of `xp`."""

TRANSPARENT = frozenset("item copy clone detach cpu numpy squeeze astype to type tolist".split())
"""Methods of arrays that mean nothing in one step: the call is dropped."""

KEYWORDS: Mapping[str, str] = MappingProxyType({"dim": "axis", "keepdim": "keepdims", "ord":
                                                "order", "p": "order"})  # fmt: skip
"""Keywords of other systems; `p` only for norms."""

DROPPED_KEYWORDS = frozenset({"dtype", "device", "out", "requires_grad"})
