"""The allow-list: which syntax, names and attributes a program's text may contain.

This is the gate before a program's own text runs in the probe, so it looks at all of it, called
or not. There is no dynamic path to an attribute: every one is a word of the text and on the list.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import (
    CodeType,
    FrameType,
    FunctionType,
    GeneratorType,
    MappingProxyType,
    ModuleType,
    TracebackType,
)

import numpy as np

from rewardsmith.language import library
from rewardsmith.language.findings import ATTRIBUTES, finding, instead
from rewardsmith.language.scope import ARGUMENTS, BUILTINS, METHODS, guess
from rewardsmith.messages import Finding

ALLOWED = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.If, ast.For,
    ast.Expr, ast.Pass, ast.Break, ast.Continue, ast.BoolOp, ast.And, ast.Or, ast.BinOp, ast.Add,
    ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.BitAnd, ast.BitOr, ast.BitXor,
    ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.IfExp, ast.Dict, ast.ListComp, ast.DictComp,
    ast.comprehension, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is,
    ast.IsNot, ast.In, ast.NotIn, ast.Call, ast.keyword, ast.Constant, ast.Attribute,
    ast.Subscript, ast.Name, ast.List, ast.Tuple, ast.Slice, ast.Starred, ast.Load, ast.Store,
)  # fmt: skip
"""Syntax that a normalised program may contain."""

_OTHERWISE = ("This construct", "Use assignments, `if`, constant `for` loops and arithmetic.")
_REFUSED: Mapping[type[ast.AST], tuple[str, str]] = MappingProxyType(
    {
        ast.While: ("`while`", "Use a `for` loop over a constant range."),
        ast.Lambda: ("`lambda`", "Define a function with `def`: `def f(x): return ...`."),
        ast.ClassDef: ("`class`", "Use functions; per-episode values belong into MEMORY."),
        ast.Try: ("`try`", "Make the expression safe: `xp.safe_divide`, `xp.clip`."),
        ast.With: ("`with`", "Remove it; nothing needs to be opened."),
        ast.Raise: ("`raise`", "Return a number for every state."),
        ast.Assert: ("`assert`", "Remove it; shapes and values are checked for you."),
        ast.Global: ("`global`", "Per-episode values belong into MEMORY."),
        ast.Nonlocal: ("`nonlocal`", "Return the value instead."),
        ast.Delete: ("`del`", "Remove it."),
        ast.JoinedStr: (
            "An f-string",
            "Write names out as plain strings; in a loop, loop over "
            'them: `for name, leg in zip(("left", "right"), state.legs)`.',
        ),
        ast.SetComp: ("A set", "Use a list."),
        ast.Set: ("A set", "Use a list or a tuple."),
        ast.GeneratorExp: ("A generator", "Use a list comprehension over a constant range."),
        ast.Yield: ("`yield`", "Return the components."),
        ast.YieldFrom: ("`yield`", "Return the components."),
        ast.Await: ("`await`", "Remove it."),
        ast.AsyncFunctionDef: ("`async`", "Use a plain `def`."),
        ast.NamedExpr: ("`:=`", "Assign on a line of its own."),
        ast.Match: ("`match`", "Use `if`/`elif`."),
        ast.AugAssign: ("This assignment", "Write `x = x + ...`."),
        ast.LShift: ("`<<`", "Use arithmetic."),
        ast.RShift: ("`>>`", "Use arithmetic."),
    }
)
_INNER = (ast.alias, ast.FormattedValue, ast.ExceptHandler, ast.match_case, ast.pattern,
          ast.withitem, ast.expr_context, ast.operator)  # fmt: skip
"""Parts of refused syntax, which is reported as a whole; operators are refused when lowered."""


_OF_PYTHON = frozenset(
    name
    for kind in (np.ndarray, np.float64, np.bool_, str, bytes, list, dict, tuple, range, partial,
                 FunctionType, CodeType, FrameType, GeneratorType, TracebackType, ModuleType)
    for name in dir(kind)
)  # fmt: skip
"""Attributes of the objects that a program can hold."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that one program may use, beside its own."""

    fields: tuple[str, ...]
    params: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()

    @property
    def attributes(self) -> frozenset[str]:
        """Every word that may follow a dot, whatever stands before it.

        A parameter called `tofile` is read as `params.tofile` and opens no other object's `tofile`.
        """
        own = {*self.fields, *self.params, *self.memory} - _OF_PYTHON
        return frozenset({*own, *library.PRIMITIVES, *library.CONSTANTS, *METHODS, "shape"})

    def of(self, owner: str) -> tuple[str, ...]:
        """What `owner` has."""
        if owner == "xp":
            return (*library.PRIMITIVES, *library.CONSTANTS)
        named = {"params": self.params, "memory": self.memory}
        return named.get(owner, self.fields)


_TABLES = {"params": "PARAMS", "memory": "MEMORY"}
_GROUPS = frozenset({"state", "previous", "initial", "params", "memory", "xp"})
_ASKING = frozenset({"reward", "potential", "progress"})
_WORDS = frozenset({"xp", "params", "CONTRACT", "PARAMS", "WEIGHTS", "TOTAL", "MEMORY"})


def check(tree: ast.Module, words: Vocabulary) -> tuple[Finding, ...]:
    """Everything in a normalised program that is not on the list, each line and reason once."""
    found = [*_check_syntax(tree), *_check_names(tree), *_check_attributes(tree, words)]
    return tuple(sorted(dict.fromkeys(found), key=lambda f: f.line or 0))


def _check_syntax(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        line = getattr(node, "lineno", None)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None) or node.names[0].name
            yield finding("import", line=line, name=module)
        elif not isinstance(node, (*ALLOWED, *_INNER)):
            yield from _refused(node, line)
        elif isinstance(node, ast.FunctionDef):
            yield from _check_function(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, (bytes, complex)):
            yield _forbidden("This literal", "Use numbers and plain strings.", line)
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield _forbidden("Assigning to an attribute", "Assign to a local variable.", line)


def _refused(node: ast.AST, line: int | None) -> Iterator[Finding]:
    construct, advice = _REFUSED.get(type(node), _OTHERWISE)
    if line is not None or type(node) in _REFUSED:
        yield _forbidden(construct, advice, line)


def _forbidden(construct: str, advice: str, line: int | None) -> Finding:
    return finding("forbidden-syntax", line=line, construct=construct, advice=advice)


def _check_function(node: ast.FunctionDef) -> Iterator[Finding]:
    if node.decorator_list:
        yield _forbidden("A decorator", "Remove it.", node.lineno)
    if node.args.vararg or node.args.kwarg:
        yield _forbidden("`*args` or `**kwargs`", "Name every argument.", node.lineno)


def _check_names(tree: ast.Module) -> Iterator[Finding]:
    bound = set(_bound(tree))
    known = bound | set(BUILTINS) | _WORDS
    for name, line in _names(tree):
        if name.startswith("__") or name.endswith("__"):
            yield finding("forbidden-name", line=line, name=name)
        elif name not in known and name in ARGUMENTS:
            function = _function_at(tree, line)
            yield finding("argument-not-asked", line=line, name=name, function=function)
        elif name not in known:
            advice = instead(name, "Assign it before it is read, or ask for it as an argument.")
            near = guess(name, known - _WORDS | {"xp", "params"})
            yield finding("unknown-name", line=line, name=name, guess=near, advice=advice)


def _function_at(tree: ast.Module, line: int) -> str:
    """The function of the module in which a line stands."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    around = [f.name for f in functions if f.lineno <= line <= (f.end_lineno or f.lineno)]
    return around[0] if around else "reward"


def _names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef):
            yield node.name, node.lineno


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef):
            yield node.name


def _check_attributes(tree: ast.Module, words: Vocabulary) -> Iterator[Finding]:
    allowed = words.attributes
    certain = _GROUPS - _doubtful(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if owner in _GROUPS and node.attr not in words.of(owner):
            yield _unknown_member(owner, node, words.of(owner))
        elif owner in certain and not node.attr.startswith("_"):
            continue
        elif node.attr not in allowed:
            near = guess(node.attr, allowed)
            advice = instead(node.attr, ATTRIBUTES)
            yield finding(
                "forbidden-attribute", line=node.lineno, name=node.attr, guess=near, advice=advice
            )


def _doubtful(tree: ast.Module) -> frozenset[str]:
    """Names of groups that may hold something else, whose attributes would be Python's own.

    `memory.trace` is an entry of MEMORY where `memory` is only what `reward` asks for, or what it
    hands on to a helper's argument of that name. It could be an array where the program assigns to
    `memory`, or hands on something else.
    """
    functions = [f for f in tree.body if isinstance(f, ast.FunctionDef)]
    own = {id(a) for f in functions if f.name in _ASKING for a in _arguments(f)}
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    if read & _ASKING:
        return _GROUPS
    for function in functions:
        own |= {id(a) for a in _arguments(function) if _is_handed_on(a.arg, function, tree)}
    bound = {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg) and id(n) not in own}
    bound |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)
              and isinstance(n.ctx, ast.Store)}  # fmt: skip
    bound |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    return frozenset(bound)


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _is_handed_on(group: str, function: ast.FunctionDef, tree: ast.Module) -> bool:
    """Whether a helper's argument is given the caller's group of the same name, and only that."""
    if group not in _GROUPS or function.args.defaults or any(function.args.kw_defaults):
        return False
    named = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == function.name]
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function.name
    ]
    if len(named) != len(calls):  # it is handed around itself, or bound anew
        return False
    return all(_hands_on(group, call, function) for call in calls)


def _hands_on(group: str, call: ast.Call, function: ast.FunctionDef) -> bool:
    positional = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if any(isinstance(a, ast.Starred) for a in call.args) or len(call.args) > len(positional):
        return False
    given = dict(zip(positional, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg in given:
            return False
        given[keyword.arg] = keyword.value
    value = given.get(group)
    return isinstance(value, ast.Name) and value.id == group


def _unknown_member(owner: str, node: ast.Attribute, known: Iterable[str]) -> Finding:
    names = tuple(known)
    if owner == "xp":
        return finding(
            "unknown-function",
            line=node.lineno,
            name=node.attr,
            guess=guess(node.attr, names),
            advice=instead(node.attr, "Use the functions listed for `xp`."),
        )
    return finding(
        "unknown-parameter" if owner in _TABLES else "unknown-field",
        line=node.lineno,
        owner=owner,
        name=node.attr,
        guess=guess(node.attr, names),
        known=", ".join(names) or "none",
        table=_TABLES.get(owner, ""),
    )
