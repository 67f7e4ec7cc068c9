"""An environment's source without what judges: rewards, success, ends, and all that only they need.

Pure text in and out. What remains may say less than the original, never more: a statement that
names something that judges, or a value that flows into one, goes as a whole; then everything goes
that no remaining statement reads. Comments and docstrings go, too. Limits: it follows names, not
values; code that computes a reward under the name of an observation is kept as what it says it is.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from rewardsmith.environments.drafting.flows import Flows
from rewardsmith.environments.drafting.judging import (
    JUDGES,
    ROOTS,
    Function,
    called,
    judging_places,
    step_results,
)
from rewardsmith.environments.drafting.world import read_elsewhere

_BLANK = ast.Constant(value=...)
_DRAWS = re.compile(r"render|draw|close|viewer|screen|camera")
"""Methods that say nothing of the state."""

Compound = ast.If | ast.While | ast.For | ast.With | ast.Try | ast.Match


def redact(source: str) -> str:
    r"""The source of classes and functions without what judges.

    >>> print(redact("class A:\n def step(self, a):\n  r = -a\n  return a, r, False, False, {}"))
    class A:
    <BLANKLINE>
        def step(self, a):
            return (a, ..., ..., ..., {})

    Raises:
        SyntaxError: It is no Python.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function):
            _drop_docstring(node)
    flows = Flows(tree)
    flows.spread(_without(tree, flows))
    is_new = True
    while is_new:
        rest = _without(tree, flows)
        while _sweep(rest, flows):
            pass
        is_new = flows.spread(rest)
    _drop_leftovers(rest)
    return ast.unparse(ast.fix_missing_locations(rest))


def _without(tree: ast.Module, flows: Flows) -> ast.Module:
    """A copy of the tree without what judges, by what is known of it."""
    rest = deepcopy(tree)
    rest.body = _kept(rest.body, _Redactor(flows).statements)
    return rest


def _drop_docstring(node: ast.Module | ast.ClassDef | Function) -> None:
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        node.body = node.body[1:] or [ast.Pass()]


# ------------------------------------------------------------------------ what is taken out


class _Redactor:
    """Takes out statements that judge; where only a part does, that part."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._owner = ""
        self._results: set[int] = set()
        """Parts of steps' results, by identity."""

    def statements(self, node: ast.stmt) -> ast.stmt | None:
        """The statement without what judges; None when nothing of it remains."""
        match node:
            case ast.ClassDef():
                node.name = "Environment" if JUDGES.search(node.name) else node.name
                node.bases, node.keywords, node.decorator_list = [], [], []
                node.body = _kept(node.body, self.statements)
                return node
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return self._function(node)
            case ast.If() | ast.While() | ast.For() | ast.With() | ast.Try() | ast.Match():
                return self._compound(node)
            case ast.Return(value=ast.expr() as value):
                is_asked = self._flows.empties(self._owner)
                node.value = _BLANK if is_asked else self._value(value)
                return node if self._is_clean(node.value) else None
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                node.value = self._value(value)
                if isinstance(value, ast.Call) and self._flows.moves(called(value)):
                    node = node if self._is_clean(node) else ast.Expr(value)
        return node if self._is_clean(node) else None

    def _is_clean(self, node: ast.AST) -> bool:
        return not self._flows.judges(node, self._owner)

    def _function(self, node: Function) -> ast.stmt | None:
        name = node.name
        if JUDGES.search(name) or _DRAWS.search(name) or self._flows.drops(name):
            return None
        outside, self._owner = self._owner, name
        for parts in step_results(node):
            for place in judging_places(parts):
                parts[place] = _BLANK
            if not self._is_clean(self._value(parts[-1])):  # info as a whole
                parts[-1] = _BLANK
            self._results |= {id(part) for part in parts}
        tainted = self._flows.locals[node.name]
        _drop_parameters(node.args, lambda name: bool(JUDGES.search(name)) or name in tainted)
        node.body = _kept(node.body, self.statements)
        node.returns, node.decorator_list = None, []
        self._owner = outside
        return node

    def _compound(self, node: Compound) -> ast.stmt | None:
        """The block without a condition that judges or decides between a step's results."""
        decides = any(id(part) in self._results for part in ast.walk(node))
        for name in ("test", "iter", "subject"):
            header = getattr(node, name, None)
            if header is not None and (decides or not self._is_clean(header)):
                setattr(node, name, _BLANK)
        if isinstance(node, ast.With) and not all(map(self._is_clean, node.items)):
            return None
        return _emptied(node, self.statements)

    def _value(self, value: ast.expr) -> ast.expr:
        """A value with its judging parts blanked: entries of a dictionary, arguments of a call."""
        for part in ast.walk(value):
            if isinstance(part, ast.Dict):
                self._shorten(part)
            elif isinstance(part, ast.Call):
                for place in self._flows.parameters.get(called(part), ()):
                    part.args[place : place + 1] = [_BLANK] if place < len(part.args) else []
        return value

    def _shorten(self, table: ast.Dict) -> None:
        """The dictionary without entries that judge."""
        kept = [
            (key, value)
            for key, value in zip(table.keys, table.values, strict=True)
            if self._is_clean(value) and (key is None or self._is_clean(key))
        ]
        table.keys, table.values = [key for key, _ in kept], [value for _, value in kept]


def _drop_parameters(arguments: ast.arguments, is_judging: Callable[[str], bool]) -> None:
    """Parameters that judge, with their defaults."""
    named = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(named) - len(arguments.defaults))
    kept = [
        (argument, default)
        for argument, default in zip(named, [*defaults, *arguments.defaults], strict=True)
        if not is_judging(argument.arg)
    ]
    arguments.posonlyargs, arguments.args = [], [argument for argument, _ in kept]
    arguments.defaults = [default for _, default in kept if default is not None]
    words = [
        (argument, default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if not is_judging(argument.arg)
    ]
    arguments.kwonlyargs = [argument for argument, _ in words]
    arguments.kw_defaults = [default for _, default in words]
    for argument in (*arguments.args, *arguments.kwonlyargs):
        argument.annotation = None


def _kept(body: Sequence[ast.stmt], keep: Callable[[ast.stmt], ast.stmt | None]) -> list[ast.stmt]:
    found = [kept for kept in map(keep, body) if kept is not None]
    return found or [ast.Pass()]


def _emptied(node: Compound, keep: Callable[[ast.stmt], ast.stmt | None]) -> ast.stmt | None:
    """The block with what is kept of its bodies; None when nothing is."""
    holders: list[Any] = [node, *getattr(node, "handlers", ()), *getattr(node, "cases", ())]
    bodies = [(h, name) for h in holders for name in _BODIES if getattr(h, name, None)]
    for holder, name in bodies:
        kept = [k for k in map(keep, getattr(holder, name)) if k is not None]
        setattr(holder, name, kept if kept or name != "body" else [ast.Pass()])
    remaining = [part for holder, name in bodies for part in getattr(holder, name)]
    return node if any(not isinstance(part, ast.Pass) for part in remaining) else None


_BODIES = ("body", "orelse", "finalbody")


# ----------------------------------------------------------------- what nothing needs any more


def _sweep(tree: ast.Module, flows: Flows) -> bool:
    """Take out what no remaining code reads; whether there was anything."""
    before = ast.dump(tree)
    read = set(read_elsewhere(tree))
    functions = _needed(tree)
    for owner in [n for n in ast.walk(tree) if isinstance(n, Function)]:
        local = {n.id for n in ast.walk(owner) if isinstance(n, ast.Name) and _is_read(n)}
        owner.body = _kept(owner.body, _Sweeper(local, read, flows).statement)
    names = set(_mentioned(tree))
    for holder in [
        n for n in ast.walk(tree) if isinstance(n, ast.Module | ast.ClassDef | Function)
    ]:
        holder.body = _kept(holder.body, lambda s: s if _is_needed(s, functions) else None)
        if not isinstance(holder, Function):
            holder.body = _kept(holder.body, _Sweeper(names, names, flows).statement)
    return ast.dump(tree) != before


def _is_needed(statement: ast.stmt, functions: set[str]) -> bool:
    return not isinstance(statement, Function) or statement.name in functions


def _needed(tree: ast.Module) -> set[str]:
    """Functions that a root calls, by however many steps."""
    bodies = {node.name: node for node in ast.walk(tree) if isinstance(node, Function)}
    waiting = [name for name in bodies if name in ROOTS or "obs" in name]
    found = set(waiting)
    while waiting:
        mentioned = set(_mentioned(bodies[waiting.pop()]))
        fresh = (mentioned & set(bodies)) - found
        found |= fresh
        waiting += fresh
    return found


def _mentioned(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and _is_read(part):
            yield part.attr
        elif isinstance(part, ast.Name) and _is_read(part):
            yield part.id


def _is_read(node: ast.Attribute | ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


class _Sweeper:
    """Takes out assignments to what nobody reads; a call stays if it moves the world."""

    def __init__(self, local: set[str], attributes: set[str], flows: Flows) -> None:
        self._local = local
        self._attributes = attributes
        self._flows = flows

    def statement(self, node: ast.stmt) -> ast.stmt | None:
        match node:
            case ast.If() | ast.While() | ast.For() | ast.With() | ast.Try() | ast.Match():
                return _emptied(node, self.statement)
            case ast.Assign(targets=targets, value=value):
                if isinstance(value, ast.Call) and self._flows.moves(called(value)):
                    return node if self._is_any_read(targets) else ast.Expr(value)
                return node if self._is_any_read(targets) else None
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                return node if self._is_any_read([target]) else None
            case ast.Expr(value=ast.Constant()):
                return None
        return node

    def _is_any_read(self, targets: Iterable[ast.expr]) -> bool:
        return any(self._is_target_read(target) for target in targets)

    def _is_target_read(self, target: ast.expr) -> bool:
        match target:
            case ast.Name(id=name):
                return name in self._local
            case ast.Attribute(attr=name):
                return name in self._attributes
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                return self._is_any_read(elts)
            case ast.Starred(value=value):
                return self._is_target_read(value)
            case ast.Subscript(value=ast.Subscript() | ast.Attribute(value=ast.Name()) as whole):
                return self._is_target_read(whole)
        return True  # an entry of something: who knows who looks at it


def _drop_leftovers(tree: ast.Module) -> None:
    """The net below all else: a statement of a body that still names what judges goes whole."""
    for holder in list(ast.walk(tree)):
        for name in _BODIES:
            body = getattr(holder, name, None)
            if isinstance(body, list):
                kept = [s for s in body if not JUDGES.search(_own_text(s))]
                setattr(holder, name, kept or ([ast.Pass()] if name == "body" else []))


def _own_text(statement: ast.stmt) -> str:
    """A simple statement's text, or the header of a compound one, word by word."""
    if isinstance(statement, ast.ClassDef | Function | Compound):
        text = ast.unparse(ast.fix_missing_locations(statement)).partition("\n")[0]
    else:
        text = ast.unparse(ast.fix_missing_locations(statement))
    text = re.sub(r"^\s*return\b", "", text)
    return "\n".join(re.findall(r"\w+", text))
