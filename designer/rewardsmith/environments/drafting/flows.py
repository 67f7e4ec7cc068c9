"""What of an environment's source flows into a reward, an end or a success: by name.

Pure. A judgement is followed back to what it is made of: the variables that it is added up from,
the functions that are asked for it. What the world needs as well stays; what is only read on the
way, such as a state that a reward looks at, is none of it.
"""

import ast
from collections.abc import Iterator

from rewardsmith.environments.drafting.judging import (
    JUDGES,
    ROOTS,
    Function,
    called,
    judging_places,
    parameters_of,
    step_results,
)
from rewardsmith.environments.drafting.readings import Readings
from rewardsmith.environments.drafting.world import World

_CASTS = frozenset(("float", "int", "bool"))
_ADDS_UP = _CASTS | frozenset(
    "all any array asarray clip dict dot fsum get items list max mean min prod round stack sum "
    "tuple values".split()
)
"""Calls whose result is made of their arguments, or of what they are called on."""


class Flows:
    """Names whose values end up in what judges: locals by function, attributes and functions."""

    def __init__(self, tree: ast.Module) -> None:
        self.functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
        self.attributes: set[str] = set()
        self.results: set[str] = set()
        """Functions that are asked for a judgement and for nothing that the world needs."""
        self.locals: dict[str, set[str]] = {function.name: set() for function in self.functions}
        self.parameters: dict[str, set[int]] = {function.name: set() for function in self.functions}
        self.summed: set[str] = set()
        """Attributes that a judgement is added up from, needed elsewhere or not."""
        self._moving = {function.name for function in self.functions}
        self._asked = {
            f.name for f in self.functions if f.name not in ROOTS and "obs" not in f.name
        }
        self._readings = Readings(self.functions)
        self._stored: dict[str, set[str]] = {function.name: set() for function in self.functions}
        for function in self.functions:
            self._stored[function.name] |= _stored(function)

    def spread(self, rest: ast.Module) -> bool:
        """Follow judgements back to what they are made of; whether anything new was found.

        Args:
            rest: What would remain by what is known so far. Nothing that its world needs is taken
                for a judgement.
        """
        first = self._size()
        self._needed = World(rest, self.summed, heeds_conditions=True)
        self._observed = World(rest, self.summed, heeds_conditions=False)
        self._moving = self._needed.acting
        before = -1
        while before != (before := self._size()):
            for function in self.functions:
                self._look(function)
        return self._size() != first

    def judges(self, node: ast.AST, owner: str) -> bool:
        """Whether a piece of syntax names what judges, or reads or writes what flows there."""
        return any(self._names_judge(part, owner) for part in ast.walk(node))

    def drops(self, name: str) -> bool:
        """Whether a function is there for a judgement only."""
        return name in self.results and name not in self._moving

    def empties(self, name: str) -> bool:
        """Whether a function moves the world, and only a judgement reads what it returns."""
        return name in self.results and name in self._moving

    def moves(self, name: str) -> bool:
        """Whether a function may change the world, whoever reads what it returns."""
        return name in self._moving

    def _size(self) -> int:
        n_locals = sum(len(names) for names in self.locals.values())
        n_parameters = sum(len(places) for places in self.parameters.values())
        n_alone = len(self.attributes) + len(self.results) + len(self.summed)
        return n_locals + n_parameters + n_alone

    def _look(self, function: Function) -> None:
        owner = function.name
        results = step_results(function)
        for result in results:
            for place in judging_places(result):
                self._mark(result[place], owner)
        for node in ast.walk(function):
            self._look_at(node, owner)
            if isinstance(node, ast.If | ast.While) and self._is_decisive(
                node, owner, bool(results)
            ):
                self._mark_parts(node.test, owner, self._needed)
            if isinstance(node, ast.Return) and node.value and owner in self.results:
                self._mark_parts(node.value, owner, self._needed)
        if owner in self.results:
            self._mark_asked(function, owner, self._needed)
        names = [argument.arg for argument in parameters_of(function)]
        self.parameters[owner] |= {i for i, n in enumerate(names) if n in self.locals[owner]}

    def _look_at(self, node: ast.AST, owner: str) -> None:
        match node:
            case ast.Call():
                self._look_at_call(node, owner)
            case ast.Assign(targets=targets, value=value):
                if any(self.judges(target, owner) for target in targets):
                    self._mark_assigned(value, owner)
            case (
                ast.AugAssign(target=target, value=made)
                | ast.AnnAssign(target=target, value=ast.expr() as made)
                | ast.For(target=target, iter=made)
                | ast.NamedExpr(target=target, value=made)
                | ast.withitem(optional_vars=ast.expr() as target, context_expr=made)
            ):
                if self.judges(target, owner):
                    self._mark_parts(made, owner, self._needed)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if key is not None and self.judges(key, owner):
                        self._mark_parts(value, owner, self._observed)

    def _look_at_call(self, call: ast.Call, owner: str) -> None:
        """What is handed to a parameter that flows into a judgement flows there, too."""
        for place in self.parameters.get(called(call), ()):
            if place < len(call.args):
                self._mark(call.args[place], owner)
        for keyword in call.keywords:
            if keyword.arg is not None and JUDGES.search(keyword.arg):
                self._mark_parts(keyword.value, owner, self._observed)

    def _is_decisive(self, node: ast.If | ast.While, owner: str, has_results: bool) -> bool:
        """Whether a condition decides what is paid, or between a step's results."""
        for part in ast.walk(node):
            if isinstance(part, ast.Return) and has_results:
                return True
            if isinstance(part, ast.Assign) and any(self.judges(t, owner) for t in part.targets):
                return True
            if isinstance(part, ast.AugAssign) and self.judges(part.target, owner):
                return True
        return False

    def _mark(self, value: ast.expr, owner: str) -> None:
        """A name that is a judgement itself, whoever else reads it; or what a judgement is."""
        if isinstance(value, ast.Name):
            self.locals[owner].add(value.id)
        elif isinstance(value, ast.Attribute) and value.attr not in self._asked:
            self.attributes.add(value.attr)
        elif isinstance(value, ast.Call) and called(value) in _CASTS:
            for inner in value.args:
                self._mark(inner, owner)
        elif isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not):
            self._mark(value.operand, owner)
        else:
            self._mark_assigned(value, owner)

    def _mark_assigned(self, value: ast.expr, owner: str) -> None:
        """What stands behind the name of a judgement: another name for it, or what makes it."""
        if isinstance(value, ast.Name):
            self.locals[owner].add(value.id)
        elif isinstance(value, ast.Call):
            self._mark_function(value.func, self._observed)
            self._mark_parts(value, owner, self._needed)
        else:
            self._mark_parts(value, owner, self._needed)

    def _mark_parts(self, value: ast.expr, owner: str, spared: World) -> None:
        """What a judgement is made of, but what the world needs."""
        self._mark_asked(value, owner, spared)
        for part in _parts(value):
            if isinstance(part, ast.Attribute):
                self._mark_attribute(part.attr, spared)
            elif part.id in self._stored[owner] and not (
                spared.needs_local(part.id, owner) or self._readings.has_local(part.id, owner)
            ):
                self.locals[owner].add(part.id)

    def _mark_attribute(self, name: str, spared: World) -> None:
        if name in self._asked or self._readings.has_attribute(name):
            return
        self.summed.add(name)
        if name not in spared.attributes:
            self.attributes.add(name)

    def _mark_asked(self, node: ast.AST, owner: str, spared: World) -> None:
        """The functions that it asks, on the spot or for a variable of its own."""
        for part in ast.walk(node):
            self._mark_function(part, spared)
            if isinstance(part, ast.Name) and self._readings.is_asked(part.id, owner):
                if part.id in self._stored[owner] and not spared.needs_local(part.id, owner):
                    self.locals[owner].add(part.id)

    def _mark_function(self, node: ast.AST, spared: World) -> None:
        name = _named(node)
        if name in self._asked and name not in spared.results:
            self.results.add(name)

    def _names_judge(self, part: ast.AST, owner: str) -> bool:
        match part:
            case ast.Name(id=name):
                is_local = name in self.locals.get(owner, ())
                return is_local or self.drops(name) or bool(JUDGES.search(name))
            case ast.Attribute(attr=name):
                is_ours = name in self.attributes or self.drops(name)
                return is_ours or bool(JUDGES.search(name))
            case ast.arg(arg=name) | ast.keyword(arg=str(name)) | ast.alias(name=name):
                return bool(JUDGES.search(name))
            case ast.Constant(value=str(text)):
                return bool(JUDGES.search(text))
        return False


def _named(node: ast.AST) -> str:
    """The name that a piece of syntax reads, its own or an attribute's; empty for others."""
    match node:
        case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
            return name
    return ""


def _stored(function: Function) -> set[str]:
    """Variables that a function makes; what a comprehension counts with and parameters are none."""
    counted = {
        id(name)
        for part in ast.walk(function)
        if isinstance(part, ast.comprehension)
        for name in ast.walk(part.target)
    }
    names = {
        part.id
        for part in ast.walk(function)
        if isinstance(part, ast.Name)
        and isinstance(part.ctx, ast.Store)
        and id(part) not in counted
    }
    return names - {part.arg for part in ast.walk(function.args) if isinstance(part, ast.arg)}


def _parts(value: ast.expr | None) -> Iterator[ast.Name | ast.Attribute]:
    """Names and own attributes that a value is put together from, by adding up or by choosing."""
    inner: list[ast.expr | None] = []
    match value:
        case ast.Name() | ast.Attribute(value=ast.Name(id="self")):
            yield value
        case ast.BinOp(left=left, right=right):
            inner = [left, right]
        case ast.UnaryOp(operand=part) | ast.Starred(value=part) | ast.Subscript(value=part):
            inner = [part]
        case ast.NamedExpr(value=part):
            inner = [part]
        case ast.BoolOp(values=parts) | ast.Dict(values=parts):
            inner = [*parts]
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            inner = [*parts]
        case ast.IfExp(test=test, body=body, orelse=orelse):
            inner = [test, body, orelse]
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            inner = [value.elt, *(generator.iter for generator in value.generators)]
        case ast.DictComp():
            inner = [value.value, *(generator.iter for generator in value.generators)]
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args) if (
            name in _ADDS_UP
        ):
            on = value.func.value if isinstance(value.func, ast.Attribute) else None
            inner = [on, *args, *(keyword.value for keyword in value.keywords)]
    for piece in inner:
        yield from _parts(piece)
