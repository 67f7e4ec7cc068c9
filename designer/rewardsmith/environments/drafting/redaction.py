"""An environment's source without what judges: rewards, success, ends, and all that only they need.

Pure text in and out. What remains may say less than the original, never more: a statement that
names something that judges, or a value that flows into one, goes as a whole; then everything goes
that no remaining statement reads. Comments and docstrings go, too. Limits: it follows names, not
values; code that computes a reward under the name of an observation is kept as what it says it is.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

JUDGES = re.compile(
    r"reward|rwd|success|fitness|scor(e|ing)|penal|bonus|objective|solved|payo(ff|ut)|shaping|award|"
    r"completion|"
    r"terminat|truncat|(^|_)r$|(^|_)(done|dones|cost|costs|return|returns|rew|rews|ret|goal_reached|"
    r"goal_achieved|goal_met|reached_goal|(is|at|near)_goal|completed?|pay|"
    r"crashed|healthy|unhealthy|fallen|won|win|lost|failed|failure|credit|utility)($|_)",
    re.IGNORECASE,
)
"""What a name or a text that judges holds; a few innocent ones go with them."""

ROOTS = frozenset(
    ("__init__", "reset", "step", "_get_obs", "_get_observation", "_obs", "reset_model")
)
"""Methods that are there for what they do; all others stay only where one of these needs them."""

_BLANK = ast.Constant(value=...)
_STEP_SIZES = (4, 5)
_JUDGING_PLACES = (1, 2, 3)
"""Of what a step returns: reward, terminated, truncated, or the old done."""

_CASTS = frozenset(("float", "int", "bool"))
_DRAWS = re.compile(r"render|draw|close|viewer|screen|camera")
"""Methods that say nothing of the state."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
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
    flows = _Flows(tree)
    flows.spread()
    tree.body = _kept(tree.body, _Redactor(flows).statements)
    while _sweep(tree):
        pass
    _drop_leftovers(tree)
    return ast.unparse(ast.fix_missing_locations(tree))


def _drop_docstring(node: ast.Module | ast.ClassDef | Function) -> None:
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        node.body = node.body[1:] or [ast.Pass()]


# ------------------------------------------------------------------- what flows into a judgement


class _Flows:
    """Names whose values end up in what judges: locals by function, attributes by name."""

    def __init__(self, tree: ast.Module) -> None:
        self.functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
        self.attributes: set[str] = set()
        self.locals: dict[str, set[str]] = {function.name: set() for function in self.functions}
        self.parameters: dict[str, set[int]] = {function.name: set() for function in self.functions}

    def spread(self) -> None:
        """Follow judgements back to what they are made of, until nothing new is found."""
        before = -1
        while before != (before := self._size()):
            for function in self.functions:
                self._look(function)

    def judges(self, node: ast.AST, owner: str) -> bool:
        """Whether a piece of syntax names what judges, or reads or writes what flows there."""
        return any(self._names_judge(part, owner) for part in ast.walk(node))

    def _size(self) -> int:
        n_locals = sum(len(names) for names in self.locals.values())
        n_parameters = sum(len(places) for places in self.parameters.values())
        return len(self.attributes) + n_locals + n_parameters

    def _look(self, function: Function) -> None:
        for result in step_results(function):
            for place in judging_places(result):
                self._mark(result[place], function.name)
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                self._look_at_call(node, function.name)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                if any(self.judges(target, function.name) for target in node.targets):
                    self._mark(node.value, function.name)
        names = [argument.arg for argument in parameters_of(function)]
        tainted = {i for i, name in enumerate(names) if name in self.locals[function.name]}
        self.parameters[function.name] |= tainted

    def _look_at_call(self, call: ast.Call, owner: str) -> None:
        """What is handed to a parameter that flows into a judgement flows there, too."""
        for place in self.parameters.get(called(call), ()):
            if place < len(call.args):
                self._mark(call.args[place], owner)

    def _mark(self, value: ast.expr, owner: str) -> None:
        """A name that is a judgement itself; what it is computed from is swept up later."""
        if isinstance(value, ast.Name):
            self.locals[owner].add(value.id)
        elif isinstance(value, ast.Attribute):
            self.attributes.add(value.attr)
        else:
            cast = value if isinstance(value, ast.Call) and called(value) in _CASTS else None
            for inner in cast.args if cast else ():
                if isinstance(inner, ast.Name | ast.Attribute):
                    self._mark(inner, owner)

    def _names_judge(self, part: ast.AST, owner: str) -> bool:
        match part:
            case ast.Name(id=name):
                return name in self.locals.get(owner, ()) or bool(JUDGES.search(name))
            case ast.Attribute(attr=name):
                return name in self.attributes or bool(JUDGES.search(name))
            case ast.arg(arg=name) | ast.keyword(arg=str(name)) | ast.alias(name=name):
                return bool(JUDGES.search(name))
            case ast.Constant(value=str(text)):
                return bool(JUDGES.search(text))
        return False


def step_results(function: Function) -> list[list[ast.expr]]:
    """The parts of everything that a function returns as a step does, by their number.

    The lists are the syntax tree's own: what is put into them stands in the code.
    """
    if "obs" in function.name or "reset" in function.name:
        return []
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    names = {value.id for value in returned if isinstance(value, ast.Name)}
    returned += [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id in names for t in node.targets)
    ]
    found = [parts for value in returned if value for parts in _several(value)]
    return [parts for parts in found if len(parts) == 5 or "step" in function.name]


def _several(value: ast.expr) -> Iterator[list[ast.expr]]:
    """The elements of a tuple or call of a step's size, in either branch of a choice."""
    match value:
        case ast.IfExp(body=body, orelse=orelse):
            yield from _several(body)
            yield from _several(orelse)
        case ast.Tuple(elts=parts) if len(parts) in _STEP_SIZES:
            yield parts
        case ast.Call(args=parts) if called(value):  # `pack(obs, r, ...)`, `tuple((obs, r, ...))`
            if len(parts) in _STEP_SIZES:
                yield parts
            for part in parts:
                yield from _several(part)


def judging_places(parts: Sequence[ast.expr]) -> tuple[int, ...]:
    """Elements of a step's result that judge: all but observation and info."""
    return _JUDGING_PLACES if len(parts) == 5 else _JUDGING_PLACES[:2]


def parameters_of(function: Function) -> list[ast.arg]:
    """Parameters that a call fills by position, `self` left out."""
    given = [*function.args.posonlyargs, *function.args.args]
    return given[1:] if given and given[0].arg in ("self", "cls") else given


def called(call: ast.Call) -> str:
    """The name of a function or of a method of the object's own; empty for any other."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
    return ""


# ------------------------------------------------------------------------ what is taken out


class _Redactor:
    """Takes out statements that judge; where only a part does, that part."""

    def __init__(self, flows: _Flows) -> None:
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
                node.value = self._value(value)
                return None if self._flows.judges(node.value, self._owner) else node
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                node.value = self._value(value)
        return None if self._flows.judges(node, self._owner) else node

    def _function(self, node: Function) -> ast.stmt | None:
        if JUDGES.search(node.name) or _DRAWS.search(node.name):
            return None
        for parts in step_results(node):
            for place in judging_places(parts):
                parts[place] = _BLANK
            self._results |= {id(part) for part in parts}
        outside, self._owner = self._owner, node.name
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
            if header is not None and (decides or self._flows.judges(header, self._owner)):
                setattr(node, name, _BLANK)
        if isinstance(node, ast.With) and any(
            self._flows.judges(item, self._owner) for item in node.items
        ):
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
            if not self._flows.judges(value, self._owner)
            and (key is None or not self._flows.judges(key, self._owner))
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


def _sweep(tree: ast.Module) -> bool:
    """Take out what no remaining code reads; whether there was anything."""
    before = ast.dump(tree)
    read = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and _is_read(n)}
    functions = _needed(tree)
    for owner in [n for n in ast.walk(tree) if isinstance(n, Function)]:
        local = {n.id for n in ast.walk(owner) if isinstance(n, ast.Name) and _is_read(n)}
        owner.body = _kept(owner.body, _Sweeper(local, read).statement)
    names = set(_mentioned(tree))
    for holder in [
        n for n in ast.walk(tree) if isinstance(n, ast.Module | ast.ClassDef | Function)
    ]:
        holder.body = _kept(holder.body, lambda s: s if _is_needed(s, functions) else None)
        if not isinstance(holder, Function):
            holder.body = _kept(holder.body, _Sweeper(names, names).statement)
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
    """Takes out assignments to what nobody reads."""

    def __init__(self, local: set[str], attributes: set[str]) -> None:
        self._local = local
        self._attributes = attributes

    def statement(self, node: ast.stmt) -> ast.stmt | None:
        match node:
            case ast.If() | ast.While() | ast.For() | ast.With() | ast.Try() | ast.Match():
                return _emptied(node, self.statement)
            case ast.Assign(targets=targets):
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
