"""Rewrite the habits of other systems into the reward language.

Purely on syntax: imports and module prefixes, methods of arrays, Python's own `max` and `sum`,
annotations. What depends on shapes (`x[:, 2]`) is rewritten later by `rewrite_batched`.
The result is what the probe runs row by row, so it means the same as the compiled code.
"""

import ast
from collections.abc import Iterable

from rewardsmith.language.habits import (
    ALIASES,
    BUILTINS,
    DROPPED_KEYWORDS,
    FUNCTIONS,
    KEYWORDS,
    METHODS,
    MODULES,
    SUBMODULES,
    TRANSPARENT,
)

_GROUPS = frozenset({"state", "previous", "initial", "memory", "params"})


def normalise_program(tree: ast.Module) -> ast.Module:
    """The program in the reward language; the tree is changed in place."""
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        imported |= _imported_names(node)
    bound = _bound_names(tree)
    aliases = {n for n, target in imported.items() if target == "xp"} | (ALIASES - bound)
    renamed = {n: target for n, target in imported.items() if target != "xp"}
    tree = _Habits(frozenset(aliases), renamed, bound).visit(tree)
    return ast.fix_missing_locations(tree)


def normalise_expression(tree: ast.Expression) -> ast.Expression:
    """An expression in the reward language."""
    tree = _Habits(ALIASES, {}, frozenset()).visit(tree)
    return ast.fix_missing_locations(tree)


def rewrite_batched(nodes: Iterable[ast.AST]) -> None:
    """Turn batched indexing into that of one step, in place: `x[:, 2]` to `x[2]`."""
    for node in dict.fromkeys(nodes):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
            rest = node.slice.elts[1:]
            node.slice = rest[0] if len(rest) == 1 else ast.Tuple(rest, ast.Load())
        elif isinstance(node, ast.Call):
            for word in node.keywords:
                if word.arg == "axis" and isinstance(word.value, ast.Constant):
                    word.value = ast.Constant(int(str(word.value.value)) - 1)
        ast.fix_missing_locations(node)


class _Habits(ast.NodeTransformer):
    def __init__(
        self, aliases: frozenset[str], renamed: dict[str, str], bound: frozenset[str]
    ) -> None:
        self._aliases = aliases
        self._renamed = renamed
        self._bound = bound

    # -------------------------------------------------------------- statements

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        return None if all(_package(a.name) in MODULES for a in node.names) else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        is_known = _package(node.module or "") in MODULES and not node.level
        return None if is_known and all(a.name != "*" for a in node.names) else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            argument.annotation = None
        self.generic_visit(node)
        node.body = _body_without_docstring(node.body)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Spell it out: on an array, `x += 1` would change the state itself."""
        self.generic_visit(node)
        read = ast.parse(ast.unparse(node.target), mode="eval").body
        made = ast.Assign([node.target], ast.BinOp(read, node.op, node.value))
        return _at_line(ast.copy_location(made, node), node)

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        node.body = node.body or [ast.copy_location(ast.Pass(), node)]
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.body = node.body or [ast.copy_location(ast.Pass(), node)]
        return node

    # ------------------------------------------------------------- expressions

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._renamed:
            return _xp(self._renamed[node.id], node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if not isinstance(node.ctx, ast.Load):
            return node
        if self._is_module(node.value):
            return _xp(FUNCTIONS.get(node.attr, node.attr), node)
        self.generic_visit(node)
        if node.attr == "T" or not _is_name(node.value, "xp"):
            return node
        return _xp(FUNCTIONS.get(node.attr, node.attr), node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if not isinstance(key, str) or not isinstance(node.value, ast.Name):
            return node
        owner = "params" if node.value.id == "PARAMS" else node.value.id
        if owner not in _GROUPS or not key.isidentifier() or not isinstance(node.ctx, ast.Load):
            return node
        name = ast.copy_location(ast.Name(owner, ast.Load()), node)
        return ast.copy_location(ast.Attribute(name, key, ast.Load()), node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(ast.ListComp(node.elt, node.generators), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.MatMult):
            return _call("dot", [node.left, node.right], [], node)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Invert):
            return _call("logical_not", [node.operand], [], node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        was_module = isinstance(node.func, ast.Attribute) and self._is_module(node.func.value)
        self.generic_visit(node)
        if isinstance(node.func, ast.Name):
            self._builtin(node, node.func)
        elif isinstance(node.func, ast.Attribute) and not _is_name(node.func.value, "xp"):
            return self._method(node, node.func)
        name = _xp_function(node.func)
        if name:
            _normalise_keywords(node, name)
            if name == "norm" and was_module and len(node.args) > 1:
                node.keywords.append(ast.keyword("order", node.args.pop(1)))
            if name == "array" and len(node.args) > 1 and was_module:
                del node.args[1:]
        return node

    def _builtin(self, node: ast.Call, function: ast.Name) -> None:
        name = function.id
        if name in self._bound:
            return
        if name in ("max", "min") and len(node.args) > 1:
            node.func = _xp({"max": "maximum", "min": "minimum"}[name], function)
        elif name in ("max", "min"):
            node.func = _xp(name, function)
        elif name in BUILTINS:
            node.func = _xp(BUILTINS[name], function)

    def _method(self, node: ast.Call, function: ast.Attribute) -> ast.AST:
        if function.attr in TRANSPARENT and not _is_group(function.value):
            return function.value
        if function.attr == "float" and not node.args:
            return _call("number", [function.value], [], node)
        if function.attr not in METHODS or _is_group(function.value):
            return node
        made = _call(METHODS[function.attr], [function.value, *node.args], node.keywords, node)
        _normalise_keywords(made, METHODS[function.attr])
        return made

    def _is_module(self, node: ast.expr) -> bool:
        """Whether an expression is `np`, `np.linalg`, `torch.nn.functional`, ..."""
        if isinstance(node, ast.Attribute):
            return node.attr in SUBMODULES and self._is_module(node.value)
        return isinstance(node, ast.Name) and (node.id in self._aliases)


def _imported_names(node: ast.AST) -> dict[str, str]:
    """Local name to `xp`, or to the function of `xp` that it stands for."""
    if isinstance(node, ast.Import):
        return {
            (a.asname or _package(a.name)): "xp" for a in node.names if _package(a.name) in MODULES
        }
    if isinstance(node, ast.ImportFrom) and _package(node.module or "") in MODULES:
        return {
            (a.asname or a.name): "xp" if a.name in SUBMODULES else FUNCTIONS.get(a.name, a.name)
            for a in node.names
        }
    return {}


def _bound_names(tree: ast.Module) -> frozenset[str]:
    """Names that the program itself assigns or takes as an argument."""
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.FunctionDef):
            bound.add(node.name)
    return frozenset(bound)


def _body_without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    kept = [s for s in body if not _is_text(s)]
    return kept or [ast.copy_location(ast.Pass(), body[0])] if body else [ast.Pass()]


def _is_text(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _normalise_keywords(node: ast.Call, function: str) -> None:
    node.keywords = [word for word in node.keywords if word.arg not in DROPPED_KEYWORDS]
    for word in node.keywords:
        if word.arg == "p" and function != "norm":
            continue
        word.arg = KEYWORDS.get(word.arg, word.arg) if word.arg else word.arg
    if function == "clip":
        names = {"min": "lo", "max": "hi", "a_min": "lo", "a_max": "hi"}
        for word in node.keywords:
            word.arg = names.get(word.arg, word.arg) if word.arg else word.arg


def _at_line(made: ast.AST, node: ast.AST) -> ast.AST:
    """Give everything inside the place of `node`."""
    for part in ast.walk(made):
        if "lineno" in part._attributes and not hasattr(part, "lineno"):
            ast.copy_location(part, node)
        elif "lineno" in part._attributes and getattr(part, "lineno", 0) == 1:
            ast.copy_location(part, node)
    return made


def _package(name: str) -> str:
    return name.partition(".")[0]


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_group(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in _GROUPS


def _xp_function(node: ast.expr) -> str:
    """The name of a function of `xp`; empty for anything else."""
    return node.attr if isinstance(node, ast.Attribute) and _is_name(node.value, "xp") else ""


def _xp(name: str, at: ast.AST) -> ast.Attribute:
    owner = ast.copy_location(ast.Name("xp", ast.Load()), at)
    return ast.copy_location(ast.Attribute(owner, name, ast.Load()), at)


def _call(name: str, args: list[ast.expr], keywords: list[ast.keyword], at: ast.AST) -> ast.Call:
    return ast.copy_location(ast.Call(_xp(name, at), args, keywords), at)
