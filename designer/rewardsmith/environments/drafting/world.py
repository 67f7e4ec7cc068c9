"""What of an environment's source makes its world: what is observed, and how the state goes on.

Pure, on a tree that judges no more. Followed backwards from observations, from calls that change
something, and from attributes that hold state, by name. An entry of `info` needs nothing: a term
of a reward stands there as often as a distance.
"""

import ast
import re
from collections.abc import Iterator

from rewardsmith.environments.drafting.judging import (
    ROOTS,
    Function,
    called,
    parameters_of,
    step_results,
)

_FILLS = frozenset(("append", "appendleft", "add", "extend", "insert", "setdefault", "update"))
"""Methods that only put something into a container."""

_SAYS = re.compile(r"print|log|debug|info|warn(ing)?|record")
"""Calls that tell a person something."""

_BEGINS = re.compile(r"__init__|reset")
Store = ast.Assign | ast.AugAssign | ast.AnnAssign
Header = ast.If | ast.While | ast.For | ast.With


class World:
    """Names that the world needs: attributes, functions for their results, locals by function."""

    def __init__(self, tree: ast.Module, summed: set[str], *, heeds_conditions: bool) -> None:
        """Follow a tree.

        Args:
            tree: Code without what is known to judge.
            summed: Attributes that a judgement is made of.
            heeds_conditions: Whether what only decides if something happens is needed as well.
        """
        self.attributes: set[str] = set()
        self.results: set[str] = set()
        self.acting: set[str] = set()
        """Functions that change something of the world, whatever they return."""
        self._functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
        self._by_name = {function.name: function for function in self._functions}
        self._locals: dict[str, set[str]] = {name: set() for name in self._by_name}
        self._open = _open_attributes(tree, summed)
        self._heeds_conditions = heeds_conditions
        before = -1
        while before != (before := self._size()):
            for function in self._functions:
                self._look(function)

    def needs_local(self, name: str, owner: str) -> bool:
        """Whether a function's variable is needed."""
        return name in self._locals.get(owner, ())

    def _size(self) -> int:
        n_locals = sum(map(len, self._locals.values()))
        return n_locals + len(self.attributes) + len(self.results) + len(self.acting)

    def _look(self, function: Function) -> None:
        owner = function.name
        for result in step_results(function):
            self._need(result[0], owner)
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and node.value is not None:
                self._look_at_return(node.value, function)
            elif isinstance(node, Store | ast.Expr) and self._acts(node, owner):
                if not _is_local(node):
                    self.acting.add(owner)
                self._look_at_change(node, owner)
            elif isinstance(node, Header):
                self._look_at_header(node, owner)

    def _look_at_return(self, value: ast.expr, function: Function) -> None:
        if function.name == "step" or step_results(function):
            return
        if function.name == "reset" and isinstance(value, ast.Tuple) and value.elts:
            self._need(value.elts[0], function.name)
        elif function.name in ROOTS | self.results or "obs" in function.name:
            self._need(value, function.name)

    def _look_at_change(self, node: Store | ast.Expr, owner: str) -> None:
        """Something that changes the world needs all that it reads."""
        if isinstance(node, ast.Expr):
            self._look_at_call(node.value, owner)
            return
        for target in _targets(node):
            self._need(target, owner)
            self._locals[owner] |= {name.id for name in _stored(target)}
        if node.value is not None:
            self._need(node.value, owner)

    def _look_at_call(self, call: ast.expr, owner: str) -> None:
        function = self._by_name.get(called(call)) if isinstance(call, ast.Call) else None
        if function is None or not isinstance(call, ast.Call):
            self._need(call, owner)
            return
        names = [argument.arg for argument in parameters_of(function)]
        for name, value in [
            *zip(names, call.args, strict=False),
            *((keyword.arg, keyword.value) for keyword in call.keywords),
        ]:
            if name is None or self.needs_local(name, function.name):
                self._need(value, owner)

    def _look_at_header(self, node: Header, owner: str) -> None:
        inside = [part for part in ast.walk(node) if isinstance(part, Store | ast.Expr)]
        decides = self._heeds_conditions and any(self._acts(part, owner) for part in inside)
        match node:
            case ast.If(test=test) | ast.While(test=test):
                if decides:
                    self._need(test, owner)
            case ast.For(target=target, iter=header):
                if decides or self._is_wanted(target, owner):
                    self._need(header, owner)
            case ast.With(items=items):
                for item in items:
                    held = item.optional_vars
                    if decides or (held is not None and self._is_wanted(held, owner)):
                        self._need(item.context_expr, owner)

    def _acts(self, node: Store | ast.Expr, owner: str) -> bool:
        """Whether a statement changes the world, or makes what the world needs."""
        if not isinstance(node, ast.Expr):
            return any(self._is_wanted(target, owner) for target in _targets(node))
        if not isinstance(node.value, ast.Call):
            return False
        match node.value.func:
            case ast.Attribute(value=filled, attr=name) if name in _FILLS:
                return self._is_wanted(filled, owner)
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name) if (
                name in self._by_name
            ):
                return name in self.acting
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return not _SAYS.fullmatch(name)
        return True

    def _is_wanted(self, target: ast.expr, owner: str) -> bool:
        """Whether somebody needs what is stored here."""
        if isinstance(target, ast.Tuple | ast.List):
            return any(self._is_wanted(part, owner) for part in target.elts)
        held = _held(target)
        if held is not None:
            return held in self.attributes or held in self._open
        root, has_attribute = _root(target)
        is_other = has_attribute or root is None  # who knows what else holds that object
        return is_other or self.needs_local(root.id if root else "", owner)

    def _need(self, value: ast.expr, owner: str) -> None:
        for part in ast.walk(value):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
                self._locals[owner].add(part.id)
                self.results.add(part.id)
            elif isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load):
                self.attributes.add(part.attr)
                self.results.add(part.attr)


# --------------------------------------------------------------------- attributes that hold state


def read_elsewhere(tree: ast.Module) -> list[str]:
    """Attributes that something else reads than what makes them anew, once for each time."""
    read = list(_loads(tree))
    for held, node, _ in _stores(tree):
        for name in _loads(node):
            if name == held:
                read.remove(name)
    return read


def _open_attributes(tree: ast.Module, summed: set[str]) -> set[str]:
    """Attributes that somebody may read, but those that are made anew for a judgement."""
    stores = list(_stores(tree))
    made_anew = {held for held, _, owner in stores if not _BEGINS.search(owner)}
    lasting = {held for held, node, _ in stores if _goes_on(held, node)}
    return {name for name in read_elsewhere(tree) if name not in (summed & made_anew) - lasting}


def _stores(tree: ast.Module) -> Iterator[tuple[str, Store, str]]:
    """Every own attribute that is stored to, by which statement of which function."""
    owners = {
        node: function.name  # an inner function comes after the one it stands in
        for function in ast.walk(tree)
        if isinstance(function, Function)
        for node in ast.walk(function)
        if isinstance(node, Store)
    }
    for node, owner in owners.items():
        parts = [part for target in _targets(node) for part in _parts(target)]
        for held in {held for part in parts if (held := _held(part)) is not None}:
            yield held, node, owner


def _goes_on(held: str, node: Store) -> bool:
    """Whether an attribute is made of what it was before."""
    return isinstance(node, ast.AugAssign) or (
        node.value is not None and held in _loads(node.value)
    )


def _loads(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load):
            yield part.attr


def _targets(node: Store) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _is_local(node: Store | ast.Expr) -> bool:
    """Whether a statement changes nothing but its function's own variables."""
    if isinstance(node, ast.Expr):
        return False
    parts = [part for target in _targets(node) for part in _parts(target)]
    return all(isinstance(part, ast.Name) for part in parts)


def _parts(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        return [part for inner in target.elts for part in _parts(inner)]
    return [target]


def _stored(target: ast.expr) -> Iterator[ast.Name]:
    for part in ast.walk(target):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part


def _held(target: ast.expr) -> str | None:
    """The object's own attribute that is stored to, or into; None for anything else."""
    node = target
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node.attr if node.value.id == "self" else None
        node = node.value
    return None


def _root(target: ast.expr) -> tuple[ast.Name | None, bool]:
    """The variable that is stored to, or into, and whether by an attribute of it."""
    node, has_attribute = target, False
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        has_attribute = has_attribute or isinstance(node, ast.Attribute)
        node = node.value
    return (node if isinstance(node, ast.Name) else None), has_attribute
