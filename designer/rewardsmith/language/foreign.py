"""Rewrite calls of NumPy's, torch's and math's functions, and of methods of arrays.

Where packages disagree about a name (`max`, `std`, `dot`), the package decides. A call that means
nothing here is left as it is: the allow-list refuses it with a remedy.
"""

import ast
from dataclasses import dataclass

from rewardsmith.language.habits import (
    CONVERSIONS,
    DIFFERENT,
    DROPPED_KEYWORDS,
    FORMULAS,
    FUNCTIONS,
    KEYWORDS,
    METHODS,
    OPERATORS,
    PLACES,
    TRANSPARENT,
    TYPES,
)

_LAST_AXIS = frozenset({"cosine", "direction", "cross", "dot"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a function comes from."""

    package: str
    """`numpy`, `torch`, ...; `xp` for the language's own."""
    name: str
    """What it is called there."""


def function_call(node: ast.Call, origin: Origin) -> ast.expr:
    """A call of a function of some module, in the reward language."""
    package, name = origin.package, origin.name
    own = DIFFERENT.get((package, name), FUNCTIONS.get(name, name))
    if name in OPERATORS and len(node.args) == 2 and not node.keywords:
        return _operation(name, node.args[0], node.args[1], node)
    if own in FORMULAS and not any(w.arg not in DROPPED_KEYWORDS for w in node.keywords):
        return _formula(own, node) or node
    if own in ("max", "min") and package == "torch" and len(node.args) == 2:
        own = _of_two(own, node)
    if own == "expand_dims":
        return _new_axis(node, node.args) or node
    if own in ("zeros", "ones") and len(node.args) > 1:
        node.args = [ast.copy_location(ast.Tuple(node.args, ast.Load()), node)]
    if own == "array" and package != "xp":
        return _array(node)
    node.func = xp_name(own, node.func)
    return _tidy(node, own, is_torch=package == "torch")


def method_call(node: ast.Call, method: ast.Attribute, *, is_torch: bool) -> ast.expr:
    """A call of a method of an array; others are left."""
    owner, name = method.value, method.attr
    if name in TRANSPARENT or (name == "copy" and isinstance(owner, ast.Attribute)):
        return owner
    if name in CONVERSIONS:
        return _converted(owner, _type_in(node), node)
    if name in TYPES and not node.args:
        return _converted(owner, TYPES[name], node)
    if name in OPERATORS and len(node.args) == 1 and not node.keywords:
        return _operation(name, owner, node.args[0], node)
    if name == "unsqueeze":
        return _new_axis(node, [owner, *node.args]) or node
    if name in ("reshape", "view", "flatten", "ravel"):
        return _reshaped(owner, node)
    if name not in METHODS:
        return node
    made = xp_call(METHODS[name], [owner, *node.args], node.keywords, node)
    own = METHODS[name]
    if own in ("max", "min") and len(made.args) == 2:
        own = _of_two(own, made)
        made.func = xp_name(own, node)
    return _tidy(made, own, is_torch=is_torch)


def is_pair(node: ast.expr, *, is_torch: bool) -> bool:
    """Whether a call gives values and their places, as torch's `max` along an axis does."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    words = {word.arg for word in node.keywords}
    is_along = bool(words & {"dim"}) or any(is_int(arg) for arg in node.args)
    return node.func.attr in ("max", "min") and is_along and (is_torch or "dim" in words)


def is_int(node: ast.expr) -> bool:
    """Whether an expression is a whole number, as an axis is."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) is int


def xp_name(name: str, at: ast.AST) -> ast.Attribute:
    """`xp.name`."""
    owner = ast.copy_location(ast.Name("xp", ast.Load()), at)
    return ast.copy_location(ast.Attribute(owner, name, ast.Load()), at)


def xp_call(name: str, args: list[ast.expr], keywords: list[ast.keyword], at: ast.AST) -> ast.Call:
    """`xp.name(...)`."""
    return ast.copy_location(ast.Call(xp_name(name, at), args, keywords), at)


def _tidy(node: ast.Call, name: str, *, is_torch: bool) -> ast.Call:
    """Keywords and places of arguments as in `xp`."""
    node.keywords = [word for word in node.keywords if word.arg not in DROPPED_KEYWORDS]
    for word in node.keywords:
        word.arg = KEYWORDS.get(word.arg, word.arg) if word.arg else word.arg
    if name == "clip":
        _rename(node, {"min": "lo", "max": "hi", "a_min": "lo", "a_max": "hi"})
    if name == "norm":
        _rename(node, {"p": "order"})
        node.keywords = [w for w in node.keywords if w.arg != "order" or not _is_plain(w.value)]
    if name in ("var", "std"):
        _set_freedom(node, is_torch=is_torch)
    if name in _LAST_AXIS:
        node.keywords = [w for w in node.keywords if ast.unparse(w) != "axis=-1"]
    if not any(isinstance(arg, ast.Starred) for arg in node.args):
        for place, arg in zip(PLACES.get(name, ()), node.args[1:], strict=False):
            node.keywords.append(ast.keyword(place, arg))
            node.args.remove(arg)
        node.keywords = [w for w in node.keywords if w.arg != "order" or not _is_plain(w.value)]
    return node


def _rename(node: ast.Call, names: dict[str, str]) -> None:
    for word in node.keywords:
        word.arg = names.get(word.arg, word.arg) if word.arg else word.arg


def _is_plain(order: ast.expr) -> bool:
    """Whether an order of `norm` is the usual one, in other words."""
    return isinstance(order, ast.Constant) and order.value in (None, "fro")


def _set_freedom(node: ast.Call, *, is_torch: bool) -> None:
    """Torch divides by n - 1 unless told otherwise; NumPy and `xp` divide by n."""
    for word in node.keywords:
        if word.arg == "unbiased" and isinstance(word.value, ast.Constant):
            word.arg, word.value = "ddof", ast.Constant(int(bool(word.value.value)))
    words = {word.arg for word in node.keywords}
    if is_torch and "ddof" not in words:
        node.keywords.append(ast.keyword("ddof", ast.Constant(1)))


def _of_two(name: str, node: ast.Call) -> str:
    """Torch's `max(a, b)` of two tensors."""
    return name if is_int(node.args[1]) else {"max": "maximum", "min": "minimum"}[name]


def _operation(name: str, left: ast.expr, right: ast.expr, at: ast.AST) -> ast.expr:
    sign = OPERATORS[name]
    if isinstance(sign, ast.operator):
        return ast.copy_location(ast.BinOp(left, sign, right), at)
    return ast.copy_location(ast.Compare(left, [sign], [right]), at)


def _formula(name: str, node: ast.Call) -> ast.expr | None:
    """A function written out; None where the arguments do not fit."""
    parameters, text = FORMULAS[name]
    if len(node.args) != len(parameters) or any(isinstance(a, ast.Starred) for a in node.args):
        return None
    given = dict(zip(parameters, node.args, strict=True))
    made: ast.expr = ast.parse(text, mode="eval").body
    for part in ast.walk(made):
        ast.copy_location(part, node)
    replaced: ast.expr = _Fill(given).visit(made)
    return replaced


class _Fill(ast.NodeTransformer):
    def __init__(self, given: dict[str, ast.expr]) -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._given.get(node.id, node)


def _array(node: ast.Call) -> ast.expr:
    kind = _type_in(ast.Call(node.func, node.args[1:], node.keywords))
    made = xp_call("array", node.args[:1], [], node)
    return _converted(made, kind, node)


def _converted(value: ast.expr, kind: str, at: ast.AST) -> ast.expr:
    if kind == "bool":
        return xp_call("logical_not", [xp_call("logical_not", [value], [], at)], [], at)
    if kind == "int":
        return xp_call("trunc", [xp_call("number", [value], [], at)], [], at)
    return xp_call("number", [value], [], at) if kind == "float" else value


def _type_in(node: ast.Call) -> str:
    """The type that a conversion asks for; empty for a device and the like."""
    words = [word.value for word in node.keywords if word.arg == "dtype"]
    for value in [*node.args, *words]:
        name = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
        if name in TYPES:
            return TYPES[name]
    return ""


def _new_axis(node: ast.Call, args: list[ast.expr]) -> ast.expr | None:
    """`x[..., None]` for `unsqueeze(-1)`, `x[:, None]` for `unsqueeze(1)`."""
    places = [*args[1:], *(w.value for w in node.keywords if w.arg in ("dim", "axis"))]
    place = places[0] if len(places) == 1 and is_int(places[0]) else None
    axis = None if place is None else ast.literal_eval(place)
    if axis is None or not -3 <= axis <= 3:
        return None
    whole: list[ast.expr] = [ast.Slice() for _ in range(axis if axis > 0 else -axis - 1)]
    new: list[ast.expr] = [ast.Constant(None)]
    items = [*whole, *new] if axis >= 0 else [ast.Constant(...), *new, *whole]
    index = items[0] if len(items) == 1 else ast.Tuple(items, ast.Load())
    return ast.copy_location(ast.Subscript(args[0], index, ast.Load()), node)


def _reshaped(owner: ast.expr, node: ast.Call) -> ast.expr:
    sizes = node.args or [ast.UnaryOp(ast.USub(), ast.Constant(1))]
    shape = sizes[0] if len(sizes) == 1 else ast.Tuple(sizes, ast.Load())
    return xp_call("reshape", [owner, shape], node.keywords, node)
