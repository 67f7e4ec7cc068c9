"""Tables of what other systems call things, and what they are called here."""

import ast
import math
from collections.abc import Mapping
from types import MappingProxyType

MODULES = frozenset({"numpy", "torch", "math", "jax", "scipy", "typing", "__future__",
                     "collections", "dataclasses"})  # fmt: skip
"""Packages whose imports are dropped: the first five are replaced by `xp`."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "np": "numpy", "numpy": "numpy", "torch": "torch", "th": "torch", "F": "torch",
        "math": "math", "jnp": "jax", "jax": "jax",
    }
)  # fmt: skip
"""Names that mean a package even where its import was left out."""

SUBMODULES = frozenset({"numpy", "linalg", "nn", "functional", "special"})
"""Names that may stand between the module and the function."""

ENTRIES = ("compute_reward", "compute_dense_reward", "get_reward", "reward_function", "reward_fn",
           "calculate_reward")  # fmt: skip
"""What other systems call the function `reward`."""

DECORATORS = frozenset({"torch.jit.script", "torch.no_grad()", "torch.inference_mode()",
                        "staticmethod"})  # fmt: skip
"""Decorators that mean nothing in one step, as written."""

FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "acos": "arccos", "asin": "arcsin", "atan": "arctan", "atan2": "arctan2",
        "acosh": "arccosh", "asinh": "arcsinh", "atanh": "arctanh",
        "absolute": "abs", "fabs": "abs", "amax": "max", "amin": "min", "fmax": "maximum",
        "fmin": "minimum", "clamp": "clip", "relu": "hinge", "clamp_min": "maximum",
        "clamp_max": "minimum", "pow": "power", "float_power": "power", "concatenate": "concat",
        "cat": "concat", "hstack": "concat", "vstack": "stack", "asarray": "array",
        "tensor": "array", "as_tensor": "array", "float32": "number", "float64": "number",
        "bitwise_and": "logical_and", "bitwise_or": "logical_or", "bitwise_not": "logical_not",
        "invert": "logical_not", "vector_norm": "norm", "inner": "dot", "vecdot": "dot",
        "deg2rad": "radians", "rad2deg": "degrees", "expit": "sigmoid", "remainder": "mod",
        "around": "round", "neg": "negative", "fix": "trunc", "product": "prod",
        "cosine_similarity": "cosine", "normalize": "direction", "dist": "distance",
        "fsum": "sum", "mv": "matmul", "mm": "matmul",
    }
)  # fmt: skip
"""Functions of other modules under their name in `xp`; unlisted names stay."""

DIFFERENT: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("math", "remainder"): "remainder",  # to the nearest multiple: not `mod`
        ("torch", "dist"): "dist",  # of the whole batch
        ("numpy", "dot"): "matmul",
        ("torch", "dot"): "matmul",
        ("jax", "dot"): "matmul",
    }
)
"""(package, function) that means something else than its namesake in other packages."""

FORMULAS: Mapping[str, tuple[tuple[str, ...], str]] = MappingProxyType(
    {
        "exp2": (("x",), "2.0 ** x"),
        "log2": (("x",), f"xp.log(x) / {math.log(2.0)!r}"),
        "log10": (("x",), f"xp.log(x) / {math.log(10.0)!r}"),
        "rsqrt": (("x",), "1.0 / xp.sqrt(x)"),
        "reciprocal": (("x",), "1.0 / x"),
        "full_like": (("x", "value"), "xp.ones_like(x) * value"),
        "count_nonzero": (("x",), "xp.sum(xp.where(x, 1.0, 0.0))"),
        "negative": (("x",), "-x"),
        "arange": (("n",), "xp.array(list(range(n)))"),
    }
)
"""Functions that are written out. Every argument stands once: copies would grow exponentially."""

CONSTANTS: Mapping[str, float | None] = MappingProxyType(
    {"e": math.e, "tau": math.tau, "newaxis": None}
)
"""Constants of other modules, beside those of `xp`."""

OPERATORS: Mapping[str, ast.operator | ast.cmpop] = MappingProxyType(
    {
        "add": ast.Add(), "sub": ast.Sub(), "subtract": ast.Sub(), "mul": ast.Mult(),
        "multiply": ast.Mult(), "div": ast.Div(), "divide": ast.Div(), "true_divide": ast.Div(),
        "floor_divide": ast.FloorDiv(), "gt": ast.Gt(), "greater": ast.Gt(), "ge": ast.GtE(),
        "greater_equal": ast.GtE(), "lt": ast.Lt(), "less": ast.Lt(), "le": ast.LtE(),
        "less_equal": ast.LtE(), "eq": ast.Eq(), "equal": ast.Eq(), "ne": ast.NotEq(),
        "not_equal": ast.NotEq(),
    }
)  # fmt: skip
"""Functions and methods that are operators."""

BUILTINS: Mapping[str, str] = MappingProxyType(
    {"abs": "abs", "round": "round", "pow": "power", "any": "any", "all": "all"}
)
"""Functions of Python that become functions of `xp`; `sum`, `max` and `min` are looked at."""

METHODS: Mapping[str, str] = MappingProxyType(
    {
        name: FUNCTIONS.get(name, name)
        for name in "sum mean max min prod any all std var norm abs exp log sqrt square sin cos "
        "tan acos asin atan tanh sigmoid relu clip clamp clamp_min clamp_max pow sign floor ceil "
        "round trunc log1p expm1 minimum maximum logical_and logical_or logical_not squeeze "
        "isnan isfinite".split()
    }
    | {"dot": "matmul", "matmul": "matmul"}
)
"""Methods of arrays that become functions of `xp`."""

TRANSPARENT = frozenset("item clone detach cpu cuda numpy tolist contiguous".split())
"""Methods of arrays that mean nothing in one step: the call is dropped."""

CONVERSIONS = frozenset("astype to type type_as".split())
"""Methods of arrays that convert to the type that is their argument."""

TYPES: Mapping[str, str] = MappingProxyType(
    {name: "float" for name in "float number float16 float32 float64 float_ double half".split()}
    | {name: "int" for name in "int int8 int16 int32 int64 uint8 long short".split()}
    | {name: "bool" for name in "bool bool_".split()}
)
"""Types of other systems, also as methods, and Python's type that they act like."""

PLACES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: ("axis",) for name in "sum prod mean max min any all var std stack concat squeeze"
     .split()}
    | {"norm": ("order", "axis")}
)  # fmt: skip
"""Names of the arguments after the first; rewriting for one step needs them by name."""

KEYWORDS: Mapping[str, str] = MappingProxyType({"dim": "axis", "keepdim": "keepdims", "ord":
                                                "order", "correction": "ddof"})  # fmt: skip
"""Keywords of other systems."""

DROPPED_KEYWORDS = frozenset({"dtype", "device", "out", "requires_grad"})
