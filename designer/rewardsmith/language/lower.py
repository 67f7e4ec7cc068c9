"""From a program's functions to graph nodes: symbolic execution of one step.

Both arms of a condition on the state are executed and their effects merged by selects; early
returns become selects too; constant loops are unrolled and functions inlined. A refused statement
is noted and its results are unknown, so that one pass finds every mistake.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from rewardsmith.language.evaluate import Evaluator
from rewardsmith.language.findings import Refusal
from rewardsmith.language.graph import Graph
from rewardsmith.language.node import Node
from rewardsmith.language.operations import Value
from rewardsmith.language.scope import ARGUMENTS, TABLES, Exhausted
from rewardsmith.language.values import UNKNOWN, Closure, MaybeUnset, Ref

MAX_CALLS = 16
"""Functions that may be inlined into each other."""


class Flow(Enum):
    """How control leaves a block of statements."""

    FALLS = auto()
    RETURNS = auto()
    BREAKS = auto()
    CONTINUES = auto()


@dataclass(frozen=True, slots=True)
class Returned:
    """One `return` of a function, as executed."""

    condition: Node | None
    """When it is reached, if no earlier one was; None when always."""
    value: Value
    line: int


class Lowering(Evaluator):
    """Executes functions of a program symbolically."""

    def __init__(self, graph: Graph, names: Mapping[str, Value], *, is_batch: bool = False) -> None:
        super().__init__(graph, names, is_batch=is_batch)
        self.masks: dict[tuple[int, int], Value] = {}
        """(line, column) of each arm of a condition: whether a row enters it."""
        self._path: list[Node] = []
        self._base = 0
        self._returned: list[Returned] = []
        self._calls: list[str] = []

    def run(self, node: ast.FunctionDef, arguments: Mapping[str, Value]) -> list[Returned]:
        """Execute a function; its returns, each for the case that no earlier one was reached."""
        with self._frame(node.name, dict(arguments)):
            if self._block(node.body) is not Flow.RETURNS and self._returned:
                self.note(Refusal("no-return", line=node.lineno, name=node.name), node)
            return self._returned

    def merge_returned(self, returned: list[Returned]) -> Value:
        """One value for all returns: the first that is reached counts."""
        *earlier, last = returned
        value = last.value
        for one in reversed(earlier):
            if one.condition is not None:
                value = self.merge(one.condition, one.value, value, "return")
        return value

    def unknown_name(self, name: str) -> Refusal:
        """The refusal of a name, with what a program can do about it."""
        function = self._calls[-1] if self._calls else "reward"
        if name in ARGUMENTS:
            return Refusal("argument-not-asked", name=name, function=function)
        if name in TABLES:
            return Refusal("table-inside", table=name, function=function)
        return super().unknown_name(name)

    def snapshot(self, value: Value) -> Value:
        """A value with the present contents of its lists and dictionaries."""
        return self._snapshot(self.bounded(value))

    def _snapshot(self, value: Value) -> Value:
        if isinstance(value, Ref):
            value = self.heap[value.serial]
        if isinstance(value, dict):
            return {key: self._snapshot(item) for key, item in value.items()}
        return tuple(map(self._snapshot, value)) if isinstance(value, tuple) else value

    def call_closure(self, closure: Closure, args: list[Value], words: dict[str, Value]) -> Value:
        """Inline a function of the program; its returns become selects."""
        node = closure.node
        if node.name in self._calls:
            raise Refusal("recursion", name=node.name)
        if len(self._calls) >= MAX_CALLS:
            raise Refusal("too-large", limit=MAX_CALLS)
        arguments = self._arguments(node, args, words)
        outer = self.locals if closure.is_nested else {}
        line = self.graph.line
        returned = self.run(node, {**outer, **arguments})
        self.graph.line = line
        if not returned:
            return None
        if len(returned) == 1:
            return returned[0].value
        merged = self.merge_returned(
            [Returned(one.condition, self.snapshot(one.value), one.line) for one in returned]
        )
        return self.new(merged) if isinstance(merged, dict) else merged

    @contextmanager
    def branch(self, condition: Node, node: ast.AST | None) -> Iterator[None]:
        """Execute one arm; `node` stands for the arm in the masks, if it is to be reported."""
        self._path.append(condition)
        if node is not None:
            mask = self._conjunction([*self._path, *self._not_yet_returned()])
            place = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
            before = self.masks.get(place, False)
            self.masks[place] = self.graph.apply("logical_or", before, mask)
        try:
            yield
        finally:
            self._path.pop()

    # -------------------------------------------------------------- statements

    def _block(self, statements: list[ast.stmt]) -> Flow:
        for statement in statements:
            flow = self._guarded(statement)
            if flow is not Flow.FALLS:
                return flow
        return Flow.FALLS

    def _guarded(self, statement: ast.stmt) -> Flow:
        try:
            return self._statement(statement)
        except Exhausted:
            raise
        except Refusal as refusal:
            self.note(refusal, statement)
            self._poison(statement)
            return Flow.FALLS

    def _statement(self, node: ast.stmt) -> Flow:
        self.graph.line = node.lineno
        match node:
            case ast.Assign():
                self._assign(node)
            case ast.If():
                return self._if(node)
            case ast.For():
                return self._for(node)
            case ast.Return():
                return self._return(node)
            case ast.Expr():
                self.evaluate(node.value)
            case ast.FunctionDef():
                self.locals[node.name] = Closure(node, is_nested=True)
            case ast.Break():
                return Flow.BREAKS
            case ast.Continue():
                return Flow.CONTINUES
            case ast.Pass():
                pass
            case _:
                raise Refusal("not-supported", text=ast.unparse(node)[:60], advice="Remove it.")
        return Flow.FALLS

    def _assign(self, node: ast.Assign) -> None:
        value = self.evaluate(node.value)
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                self._assign_entry(target, value)
            else:
                self.bind(target, value)

    def _assign_entry(self, target: ast.Subscript, value: Value) -> None:
        owner = self.evaluate(target.value)
        if owner is UNKNOWN:
            return
        if not isinstance(owner, Ref):
            raise Refusal("bad-target", text=ast.unparse(target))
        contents = self.heap[owner.serial]
        key = self.key(target.slice)
        if isinstance(contents, dict):
            self.entry_lines[key] = target.lineno
            self.heap[owner.serial] = {**contents, key: value}
        elif isinstance(key, int) and -len(contents) <= key < len(contents):
            items = list(contents)
            items[key] = value
            self.heap[owner.serial] = tuple(items)
        else:
            raise Refusal("bad-index", text=ast.unparse(target), shape=(len(contents),))

    def _return(self, node: ast.Return) -> Flow:
        value = None if node.value is None else self.attempt(node.value)
        own = self._path[self._base :]
        condition = self._conjunction(own) if own else None
        self._returned.append(Returned(condition, self.snapshot_if(condition, value), node.lineno))
        return Flow.RETURNS

    def snapshot_if(self, condition: Node | None, value: Value) -> Value:
        """Contents may still change on the paths that do not return here."""
        return value if condition is None and not self._returned else self.snapshot(value)

    def _if(self, node: ast.If) -> Flow:
        try:
            condition = self.test(node.test)
        except Exhausted:
            raise
        except Refusal as refusal:
            self.note(refusal, node.test)
            condition = UNKNOWN
        if condition is UNKNOWN:
            return self._unknown_if(node)
        if not isinstance(condition, Node):
            return self._block(node.body if condition else node.orelse)
        negated = self.graph.apply("logical_not", condition)
        yes, after_yes = self._arm(condition, node.body, node)
        is_elif = len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
        place = None if is_elif or not node.orelse else node.orelse[0]
        no, after_no = self._arm(negated, node.orelse, place)
        return self._join(condition, (yes, after_yes), (no, after_no), node)

    def _arm(
        self, condition: Node, body: list[ast.stmt], place: ast.AST | None
    ) -> "tuple[Flow, _State]":
        before = _State(dict(self.locals), dict(self.heap))
        with self.branch(condition, place):
            flow = self._block(body)
        after = _State(self.locals, self.heap)
        self.locals, self.heap = before.locals, before.heap
        return flow, after

    def _join(
        self,
        condition: Node,
        yes: "tuple[Flow, _State]",
        no: "tuple[Flow, _State]",
        node: ast.If,
    ) -> Flow:
        for flow in (yes[0], no[0]):
            if flow in (Flow.BREAKS, Flow.CONTINUES):
                word = "break" if flow is Flow.BREAKS else "continue"
                self.note(Refusal("data-jump", line=node.lineno, word=word), node)
        left = [flow is Flow.RETURNS for flow in (yes[0], no[0])]
        if all(left):
            return Flow.RETURNS
        if any(left):
            state = no[1] if left[0] else yes[1]
            self.locals, self.heap = state.locals, state.heap
        else:
            self._merge_states(condition, yes[1], no[1], node)
        return Flow.FALLS

    def _merge_states(self, condition: Node, yes: "_State", no: "_State", node: ast.If) -> None:
        self.heap = {**yes.heap, **no.heap}
        for serial in yes.heap.keys() & no.heap.keys():
            if yes.heap[serial] is not no.heap[serial]:
                contents = yes.heap[serial], no.heap[serial]
                merge = partial(self.merge_contents, condition, *contents, "the dictionary")
                self.heap[serial] = self._merged(node, merge, contents[0])
        self.locals = {}
        for name in [*yes.locals, *(n for n in no.locals if n not in yes.locals)]:
            if name not in yes.locals or name not in no.locals:
                self.locals[name] = MaybeUnset()
                continue
            merge = partial(self.merge, condition, yes.locals[name], no.locals[name], name)
            self.locals[name] = self._merged(node, merge, UNKNOWN)

    def _merged(self, node: ast.If, make: Callable[[], Value], otherwise: Value) -> Value:
        self.graph.line = node.lineno
        try:
            return make()
        except Exhausted:
            raise
        except Refusal as refusal:
            self.note(refusal, node)
            return otherwise

    def _unknown_if(self, node: ast.If) -> Flow:
        """Look for mistakes in both arms; what they set is unknown."""
        flows = []
        for body in (node.body, node.orelse):
            before = _State(dict(self.locals), dict(self.heap))
            flows.append(self._block(body))
            self.locals, self.heap = before.locals, {**self.heap, **before.heap}
            for statement in body:
                self._poison(statement)
        return Flow.RETURNS if flows == [Flow.RETURNS] * 2 else Flow.FALLS

    def _for(self, node: ast.For) -> Flow:
        items = self.evaluate(node.iter)
        if items is UNKNOWN:
            self._poison(node)
            return Flow.FALLS
        for item in self.iterate(items, node.iter):
            self.bind(node.target, item)
            flow = self._block(node.body)
            if flow is Flow.RETURNS:
                return flow
            if flow is Flow.BREAKS:
                return Flow.FALLS
        return self._block(node.orelse)

    def _poison(self, statement: ast.stmt) -> None:
        """Make everything that a refused statement would have set unknown."""
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.locals[node.id] = UNKNOWN
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                self._poison_entry(node)

    def _poison_entry(self, node: ast.Subscript) -> None:
        owner = self.locals.get(node.value.id) if isinstance(node.value, ast.Name) else None
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if key is not None and isinstance(owner, Ref) and isinstance(self.heap[owner.serial], dict):
            self.heap[owner.serial] = {**self.heap[owner.serial], key: UNKNOWN}

    # ------------------------------------------------------------------ frames

    @contextmanager
    def _frame(self, name: str, arguments: dict[str, Value]) -> Iterator[None]:
        saved = self.locals, self._path, self._base, self._returned
        self._path = [*self._path, *self._not_yet_returned()]
        self._base = len(self._path)
        self.locals, self._returned = arguments, []
        self._calls.append(name)
        try:
            yield
        finally:
            self._calls.pop()
            self.locals, self._path, self._base, self._returned = saved

    def _not_yet_returned(self) -> list[Node]:
        reached = [r.condition for r in self._returned if r.condition is not None]
        return [self.graph.apply("logical_not", condition) for condition in reached]

    def _conjunction(self, conditions: list[Node]) -> Node:
        result = conditions[0]
        for condition in conditions[1:]:
            result = self.graph.apply("logical_and", result, condition)
        return result

    def _arguments(
        self, node: ast.FunctionDef, args: list[Value], words: dict[str, Value]
    ) -> dict[str, Value]:
        positional = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
        names = [*positional, *(a.arg for a in node.args.kwonlyargs)]
        if len(args) > len(positional):
            reason = f"it takes {len(positional)} arguments, {len(args)} are given"
            raise Refusal("helper-call", name=node.name, reason=reason)
        given = {**dict(zip(positional, args, strict=False)), **words}
        for name in words.keys() - set(names):
            raise Refusal("helper-call", name=node.name, reason=f"it has no argument `{name}`")
        given = {**self._defaults(node), **given}
        for name in [n for n in names if n not in given]:
            raise Refusal("helper-call", name=node.name, reason=f"`{name}` is missing")
        return given

    def _defaults(self, node: ast.FunctionDef) -> dict[str, Value]:
        positional = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
        count = len(node.args.defaults)
        pairs = [*zip(positional[len(positional) - count :], node.args.defaults, strict=True)]
        pairs += [
            (argument.arg, default)
            for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            if default is not None
        ]
        return {name: self.evaluate(default) for name, default in pairs}


@dataclass(frozen=True, slots=True)
class _State:
    """Names and contents at one point of the program."""

    locals: dict[str, Value]
    heap: dict[int, Value]
