"""Where names and contents live while a program is lowered, and how two branches meet.

The base of the evaluator: its names, its heap of lists and dictionaries, its findings.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches

from rewardsmith.language import library
from rewardsmith.language.findings import Refusal
from rewardsmith.language.graph import Graph
from rewardsmith.language.node import Node
from rewardsmith.language.operations import Value
from rewardsmith.language.values import (
    UNKNOWN,
    Closure,
    MaybeUnset,
    Ref,
    Sometimes,
    describe,
)
from rewardsmith.messages import Finding

BUILTINS = ("len", "range", "enumerate", "zip", "reversed", "float", "int", "bool", "tuple",
            "list", "dict")  # fmt: skip
"""Functions of Python that a program may call; others are rewritten to `xp`."""

METHODS = ("append", "extend", "items", "keys", "values", "get", "update", "copy")
"""Methods of lists and dictionaries that a program may call."""

ARGUMENTS = ("state", "action", "xp", "previous", "initial", "previous_action", "step",
             "terminated", "memory", "params")  # fmt: skip
"""What `reward` may ask for, by name."""

TABLES = ("CONTRACT", "PARAMS", "WEIGHTS", "TOTAL", "MEMORY")
"""Names at the top of a module with a meaning of their own; functions cannot read them."""

MAX_EVALUATIONS = 100_000
"""Expressions evaluated while lowering one program, loops unrolled."""

MAX_SEQUENCE = 4096
"""Entries of a constant list or range, with those of the lists in it: `a = [a, a]`, written sixty
times, is no longer text, and would fill any memory once it is looked through."""

_ENTRIES_PER_EVALUATION = 64
"""Entries that are looked through at the price of one evaluation."""


class Exhausted(Refusal):
    """The program is too large to lower; nothing more is tried."""


class Scope:
    """Names, contents and findings of one program that is being lowered."""

    def __init__(self, graph: Graph, names: Mapping[str, Value], *, is_batch: bool = False) -> None:
        self.graph = graph
        self.xp = library.build(graph)
        self.names = dict(names)
        self.is_batch = is_batch
        """Whether the program was written for a batch: its axis 0 is not there in one step."""
        """What every function of the program sees: constants, functions, `xp`."""
        self.locals: dict[str, Value] = {}
        self.heap: dict[int, Value] = {}
        """Contents of lists (tuples) and dictionaries, by serial; copied at branches."""
        self.findings: list[Finding] = []
        self.batched: list[ast.AST] = []
        """Subscripts and calls written for a batch, to be rewritten for one step."""
        self.entry_lines: dict[Value, int] = {}
        """Where the dictionary entry of a name was last written."""
        self._count = 0
        self._serial = 0

    def evaluate(self, node: ast.expr) -> Value:
        """The value of an expression.

        Raises:
            Refusal: It cannot be compiled.
        """
        self.spend(1)
        self.graph.line = node.lineno
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise Refusal("not-supported", text=text_of(node), advice="Use plain arithmetic.")
        return method(node)

    def spend(self, evaluations: int) -> None:
        """Count work; a program has so much of it.

        Raises:
            Exhausted: It has no more.
        """
        self._count += evaluations
        if self._count > MAX_EVALUATIONS:
            raise Exhausted("too-large", limit=MAX_EVALUATIONS)

    def bounded(self, items: Value) -> Value:
        """The items, unless they are too many, with all that they hold.

        Raises:
            Refusal: They are; also of a list that holds itself.
        """
        n_entries, waiting = 0, [items]
        while waiting and n_entries <= MAX_SEQUENCE:
            inner = self._entries(waiting.pop())
            n_entries += len(inner)
            waiting += [item for item in inner if isinstance(item, (tuple, dict, Ref, Sometimes))]
        self.spend(n_entries // _ENTRIES_PER_EVALUATION)
        if n_entries > MAX_SEQUENCE:
            raise Refusal("too-large", limit=MAX_SEQUENCE)
        return items

    def _entries(self, value: Value) -> tuple[Value, ...] | range:
        if isinstance(value, Sometimes):
            value = value.value
        if isinstance(value, Ref):
            value = self.heap.get(value.serial, ())
        if isinstance(value, dict):
            return tuple(value.values())
        return value if isinstance(value, (tuple, range)) else ()

    @contextmanager
    def branch(self, condition: Node, node: ast.AST) -> Iterator[None]:
        """Evaluate one arm of a condition; statements keep the path here."""
        yield

    def call_closure(self, closure: Closure, args: list[Value], words: dict[str, Value]) -> Value:
        """Inline a function of the program; only programs have them."""
        raise Refusal("not-supported", text=closure.node.name, advice="Write it out.")

    def unknown_name(self, name: str) -> Refusal:
        """The refusal of a name that is not defined."""
        known = [*self.locals, *self.names, *BUILTINS]
        return Refusal("unknown-name", name=name, guess=guess(name, known),
                       advice="Assign it before it is read.")  # fmt: skip

    def attempt(self, node: ast.expr) -> Value:
        """Evaluate; a refusal is noted and the value is UNKNOWN, so that others are found too."""
        try:
            return self.evaluate(node)
        except Exhausted:
            raise
        except Refusal as refusal:
            self.note(refusal, node)
            return UNKNOWN

    def note(self, refusal: Refusal, node: ast.AST) -> None:
        """Record a refusal once."""
        found = refusal.finding
        line = found.line or self.graph.line or getattr(node, "lineno", None)
        found = Finding(code=found.code, message=found.message, remedy=found.remedy, line=line)
        if found not in self.findings:
            self.findings.append(found)

    def new(self, contents: tuple[Value, ...] | dict[Value, Value]) -> Ref:
        """Put a list or dictionary on the heap."""
        self._serial += 1
        self.heap[self._serial] = contents
        return Ref("dict" if isinstance(contents, dict) else "list", self._serial)

    def plain(self, value: Value) -> Value:
        """A value with its lists as tuples, as the library takes them."""
        if isinstance(value, (Ref, tuple)):
            self.bounded(value)
        return self._plain(value)

    def _plain(self, value: Value) -> Value:
        if isinstance(value, Ref):
            value = self.heap[value.serial]
        if isinstance(value, dict):
            raise Refusal("not-a-number", text="{...}", kind="a dictionary")
        if isinstance(value, (tuple, range)):
            return tuple(self._plain(item) for item in value)
        return value.value if isinstance(value, Sometimes) else value

    def iterate(self, value: Value, node: ast.expr) -> Iterable[Value]:
        """The entries of what a constant loop runs over."""
        if isinstance(value, Ref):
            value = tuple(self.heap[value.serial])
        if isinstance(value, (tuple, range)):
            self.spend(len(value) // _ENTRIES_PER_EVALUATION)
            return value
        if isinstance(value, Node) and value.shape:
            return [value[i] for i in range(value.shape[0])]
        if value is UNKNOWN:
            return ()
        raise Refusal("loop-not-constant", text=text_of(node))

    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign to a name, or unpack into several."""
        if isinstance(target, ast.Name):
            self.locals[target.id] = value
            if isinstance(value, Node) and value.hint is None:
                value.hint = target.id
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value)
        else:
            raise Refusal("bad-target", text=text_of(target))

    def _unpack(self, target: ast.Tuple | ast.List, value: Value) -> None:
        if value is UNKNOWN:
            values: list[Value] = [UNKNOWN] * len(target.elts)
        else:
            values = list(self.iterate(value, target))
        if len(values) != len(target.elts):
            raise Refusal("unpacking", count=len(values), wanted=len(target.elts))
        for part, item in zip(target.elts, values, strict=True):
            self.bind(part, item)

    def sequence(self, value: Value) -> Value:
        """A list's contents; other values as they are."""
        if isinstance(value, Ref):
            return self.heap[value.serial]
        return value

    def bare(self, item: Value) -> Value:
        """A value without the mark that only some branches set it."""
        if isinstance(item, tuple):
            return tuple(self.bare(part) for part in item)
        return item.value if isinstance(item, Sometimes) else item

    def merge(self, condition: Node, yes: Value, no: Value, name: str) -> Value:
        """The value of a name after two branches."""
        self.spend(1)
        if yes is UNKNOWN or no is UNKNOWN:
            return UNKNOWN
        if yes is no:
            return yes
        if isinstance(yes, MaybeUnset) or isinstance(no, MaybeUnset):
            return MaybeUnset()
        if isinstance(yes, Sometimes) or isinstance(no, Sometimes):
            bare = [v.value if isinstance(v, Sometimes) else v for v in (yes, no)]
            return Sometimes(self.merge(condition, bare[0], bare[1], name))
        if is_numeric(yes) and is_numeric(no):
            return self._merge_numbers(condition, yes, no, name)
        if isinstance(yes, Ref) and isinstance(no, Ref) and yes.kind == no.kind:
            if yes == no:
                return yes
            return self.new(
                self.merge_contents(condition, self.heap[yes.serial], self.heap[no.serial], name)
            )
        if isinstance(yes, dict) and isinstance(no, dict):
            return self.merge_contents(condition, yes, no, name)
        if isinstance(yes, tuple) and isinstance(no, tuple) and len(yes) == len(no):
            return tuple(
                self.merge(condition, a, b, f"{name}[{i}]")
                for i, (a, b) in enumerate(zip(yes, no, strict=True))
            )
        if type(yes) is type(no) and yes == no:
            return yes
        raise Refusal("branch-values", name=name, left=describe(yes), right=describe(no))

    def merge_contents(self, condition: Node, yes: Value, no: Value, name: str) -> Value:
        """The contents of a list or dictionary after two branches."""
        if isinstance(yes, tuple):
            if len(yes) != len(no):
                raise Refusal("branch-values", name=name, left=f"a list of {len(yes)}",
                              right=f"a list of {len(no)}")  # fmt: skip
            return self.merge(condition, yes, no, name)
        keys = [*yes, *(key for key in no if key not in yes)]
        return {key: self._merge_entry(condition, yes, no, key) for key in keys}

    def _merge_numbers(self, condition: Node, yes: Value, no: Value, name: str) -> Value:
        left, right = self.graph.shape(yes), self.graph.shape(no)
        if left != right:
            raise Refusal("branch-shapes", name=name, left=left, right=right)
        merged = self.graph.where(condition, yes, no)
        if isinstance(merged, Node) and merged.hint is None and name.isidentifier():
            merged.hint = name
        return merged

    def _merge_entry(
        self, condition: Node, yes: dict[Value, Value], no: dict[Value, Value], key: Value
    ) -> Value:
        if key in yes and key in no:
            return self.merge(condition, yes[key], no[key], str(key))
        present = yes.get(key, no.get(key))
        bare = present.value if isinstance(present, Sometimes) else present
        if not is_numeric(bare) or self.graph.shape(bare):
            return UNKNOWN if bare is UNKNOWN else Sometimes(bare)
        return Sometimes(
            self.graph.where(condition, bare if key in yes else 0.0, 0.0 if key in yes else bare)
        )


def guess(name: str, known: Iterable[str]) -> str:
    """The nearest names, worded; empty when none is near."""
    near = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(f'`{n}`' for n in near)}?" if near else ""


def is_numeric(value: Value) -> bool:
    """Whether a value can be computed with as it is."""
    return isinstance(value, (Node, bool, int, float))


def text_of(node: ast.AST) -> str:
    """Source text for a message, shortened."""
    text = ast.unparse(node)
    return text if len(text) <= 60 else text[:57] + "..."
