"""Rewrite the habits of other systems into the reward language.

Purely on syntax: imports and module prefixes, methods of arrays, Python's own `max` and `sum`,
annotations. What depends on shapes (`x[:, 2]`) is rewritten later by `rewrite_batched`.
The result is what the probe runs row by row, so it means the same as the compiled code.
"""

import ast
from collections.abc import Iterable, Mapping

from rewardsmith.language.foreign import (
    Origin,
    function_call,
    is_pair,
    method_call,
    xp_call,
    xp_name,
)
from rewardsmith.language.habits import (
    ALIASES,
    BUILTINS,
    CONSTANTS,
    DECORATORS,
    ENTRIES,
    FUNCTIONS,
    MODULES,
    SUBMODULES,
)

_GROUPS = frozenset({"state", "previous", "initial", "memory", "params"})


def normalise_program(tree: ast.Module) -> ast.Module:
    """The program in the reward language; the tree is changed in place."""
    imported: dict[str, Origin] = {}
    for node in ast.walk(tree):
        imported |= _imported_names(node)
    bound = _bound_names(tree)
    aliases = {name: package for name, package in ALIASES.items() if name not in bound}
    aliases |= {name: origin.package for name, origin in imported.items() if not origin.name}
    renamed = {name: origin for name, origin in imported.items() if origin.name}
    named = {aliases.get(node.id, "") for node in ast.walk(tree) if isinstance(node, ast.Name)}
    named |= {origin.package for origin in imported.values()}
    is_torch = "torch" in named and "numpy" not in named
    tree = _Habits(aliases, renamed, bound, is_torch=is_torch).visit(tree)
    _name_entry(tree)
    return ast.fix_missing_locations(tree)


def normalise_expression(tree: ast.Expression) -> ast.Expression:
    """An expression in the reward language; functions need no prefix, so `sum` is the library's."""
    tree = _Habits(ALIASES, {}, frozenset({"sum"}), is_torch=False).visit(tree)
    return ast.fix_missing_locations(tree)


def rewrite_batched(nodes: Iterable[ast.AST]) -> None:
    """Turn batched indexing into that of one step, in place: `x[:, 2]` to `x[2]`."""
    for node in dict.fromkeys(nodes):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
            rest = node.slice.elts[1:]
            node.slice = rest[0] if len(rest) == 1 else ast.Tuple(rest, ast.Load())
        elif isinstance(node, ast.Subscript):
            node.slice = ast.Constant(...)
        elif isinstance(node, ast.Call):
            for word in node.keywords:
                if word.arg == "axis" and isinstance(word.value, ast.Constant):
                    word.value = ast.Constant(int(str(word.value.value)) - 1)
        ast.fix_missing_locations(node)


class _Habits(ast.NodeTransformer):
    def __init__(
        self,
        aliases: Mapping[str, str],
        renamed: Mapping[str, Origin],
        bound: frozenset[str],
        *,
        is_torch: bool,
    ) -> None:
        self._aliases = aliases
        self._renamed = renamed
        self._bound = bound
        self._is_torch = is_torch
        """Whether methods of arrays are torch's: it is named, and NumPy is not."""
        self._pairs: list[ast.expr] = []
        """Calls of torch's `max` and `min` along an axis: values, and their places."""

    # -------------------------------------------------------------- statements

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        return None if all(_package(a.name) in MODULES for a in node.names) else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        is_known = _package(node.module or "") in MODULES and not node.level
        return None if is_known and all(a.name != "*" for a in node.names) else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        node.decorator_list = [d for d in node.decorator_list if ast.unparse(d) not in DECORATORS]
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

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        self.generic_visit(node)
        if isinstance(node.value, ast.Attribute) and node.value.attr in ("device", "dtype"):
            return None
        if node.value in self._pairs:
            _take_pair_apart(node)
        return node

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
            name = self._renamed[node.id].name
            return xp_name(FUNCTIONS.get(name, name), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if not isinstance(node.ctx, ast.Load):
            return node
        if self._package(node.value):
            if node.attr in CONSTANTS:
                return ast.copy_location(ast.Constant(CONSTANTS[node.attr]), node)
            return xp_name(FUNCTIONS.get(node.attr, node.attr), node)
        self.generic_visit(node)
        if node.value in self._pairs and node.attr == "values":
            self._pairs.remove(node.value)
            return node.value
        if node.attr == "T" and not _is_group(node.value):
            return xp_call("transpose", [node.value], [], node)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if node.value in self._pairs and type(key) is int:
            _choose_of_pair(node.value, key)
            self._pairs.remove(node.value)
            return node.value
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
            return xp_call("matmul", [node.left, node.right], [], node)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Invert):
            return xp_call("logical_not", [node.operand], [], node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        origin = self._origin(node.func)
        had_pair = is_pair(node, is_torch=origin.package == "torch" if origin else self._is_torch)
        self.generic_visit(node)
        made = self._rewritten(node, origin)
        if had_pair:
            self._pairs.append(made)
        return made

    def _rewritten(self, node: ast.Call, origin: Origin | None) -> ast.expr:
        if origin:
            return function_call(node, origin)
        if isinstance(node.func, ast.Name):
            return self._builtin(node, node.func)
        if isinstance(node.func, ast.Attribute):
            return method_call(node, node.func, is_torch=self._is_torch)
        return node

    def _builtin(self, node: ast.Call, function: ast.Name) -> ast.expr:
        name = function.id
        if name in self._bound:
            return node
        is_spread = any(isinstance(arg, ast.Starred) for arg in node.args)
        if name in ("max", "min"):
            is_several = len(node.args) > 1 or is_spread
            own = {"max": "maximum", "min": "minimum"}[name] if is_several else name
            node.func = xp_name(own, function)
        elif name == "sum" and node.args and not node.keywords:
            return _summed(node)
        elif name in BUILTINS:
            node.func = xp_name(BUILTINS[name], function)
        return node

    def _origin(self, function: ast.expr) -> Origin | None:
        """Which function of which module is called; None for the program's own and methods."""
        if isinstance(function, ast.Name):
            return self._renamed.get(function.id)
        if not isinstance(function, ast.Attribute):
            return None
        package = "xp" if _is_name(function.value, "xp") else self._package(function.value)
        return Origin(package, function.attr) if package else None

    def _package(self, node: ast.expr) -> str:
        """The package of `np`, `np.linalg`, `torch.nn.functional`, ...; empty for others."""
        if isinstance(node, ast.Attribute):
            return self._package(node.value) if node.attr in SUBMODULES else ""
        return self._aliases.get(node.id, "") if isinstance(node, ast.Name) else ""


def _imported_names(node: ast.AST) -> dict[str, Origin]:
    """Local name to the package, or to the function of it, that it stands for."""
    if isinstance(node, ast.Import):
        packages = {(a.asname or _package(a.name)): _package(a.name) for a in node.names}
        return {name: Origin(p, "") for name, p in packages.items() if p in MODULES}
    if isinstance(node, ast.ImportFrom) and _package(node.module or "") in MODULES:
        package = _package(node.module or "")
        return {
            (a.asname or a.name): Origin(package, "" if a.name in SUBMODULES else a.name)
            for a in node.names
        }
    return {}


def _name_entry(tree: ast.Module) -> None:
    """Call the one function that is a reward by another name `reward`, and drop its `self`."""
    functions = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
    others = [functions[name] for name in ENTRIES if name in functions]
    if "reward" in functions or len(others) != 1:
        return
    (entry,) = others
    is_called = any(_is_name(node, entry.name) for node in ast.walk(tree) if _is_load(node))
    if is_called:
        return
    entry.name = "reward"
    first = entry.args.args[:1]
    if first and first[0].arg == "self" and not any(_is_self(node) for node in ast.walk(entry)):
        del entry.args.args[0]


def _take_pair_apart(node: ast.Assign) -> None:
    """`best, place = torch.max(x, dim=-1)`: keep the value, refuse the place if it is kept."""
    target = node.targets[0] if len(node.targets) == 1 else None
    if isinstance(target, ast.Tuple) and len(target.elts) == 2:
        node.targets = [target.elts[0]]
    elif isinstance(node.value, ast.Call):
        _choose_of_pair(node.value, 1)


def _choose_of_pair(node: ast.expr, position: int) -> None:
    """Make a call the one of the values, or the one of their places."""
    if position and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node.func.attr = f"arg{node.func.attr}"


def _summed(node: ast.Call) -> ast.expr:
    """Python's `sum` adds the entries of the first axis, onto its second argument."""
    axis = ast.keyword("axis", ast.Constant(0))
    total: ast.expr = xp_call("sum", node.args[:1], [axis], node)
    if len(node.args) > 1:
        total = ast.copy_location(ast.BinOp(node.args[1], ast.Add(), total), node)
    return total


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


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_group(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in _GROUPS


def _is_load(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
