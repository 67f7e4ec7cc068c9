"""Names, attributes, indices, tuples, lists and dictionaries of the language."""

import ast
from collections.abc import Callable, Iterator

from rewardsmith.language import library
from rewardsmith.language.findings import ATTRIBUTES, Refusal, instead
from rewardsmith.language.node import Node
from rewardsmith.language.operations import Value
from rewardsmith.language.operators import Operators
from rewardsmith.language.scope import (
    BUILTINS,
    METHODS,
    guess,
    text_of,
)
from rewardsmith.language.shapes import is_whole
from rewardsmith.language.values import (
    UNKNOWN,
    Builtin,
    Copy,
    Fields,
    Functions,
    MaybeUnset,
    Method,
    Ref,
    Sometimes,
    XpFunction,
    describe,
)


class Containers(Operators):
    """Evaluates what holds or picks values."""

    def _constant(self, node: ast.Constant) -> Value:
        return node.value

    def _name(self, node: ast.Name) -> Value:
        scope = self.locals if node.id in self.locals else self.names
        if node.id in scope:
            value = scope[node.id]
            if isinstance(value, MaybeUnset):
                raise Refusal("maybe-unset", name=node.id)
            return value
        if node.id in BUILTINS:
            return Builtin(node.id)
        raise self.unknown_name(node.id)

    def _attribute(self, node: ast.Attribute) -> Value:
        owner = self.evaluate(node.value)
        self.graph.line = node.lineno
        if owner is UNKNOWN:
            return UNKNOWN
        if isinstance(owner, Fields):
            return _entry(owner, node.attr)
        if isinstance(owner, Functions):
            return self._xp_member(node.attr)
        if isinstance(owner, Ref) and node.attr in METHODS:
            return Method(owner, node.attr)
        if isinstance(owner, Node) and node.attr == "shape":
            if self.is_batch and owner.batched:
                raise Refusal("batch-size", text=text_of(node))
            return owner.shape
        if isinstance(owner, Node) and node.attr == "copy":
            return Copy(owner)
        raise Refusal("forbidden-attribute", name=node.attr, guess="",
                      advice=instead(node.attr, ATTRIBUTES))  # fmt: skip

    def _xp_member(self, name: str) -> Value:
        if name in library.CONSTANTS:
            return getattr(self.xp, name)
        if name in library.PRIMITIVES:
            return XpFunction(library.PRIMITIVES[name])
        raise Refusal("unknown-function", name=name, guess=guess(name, library.PRIMITIVES),
                      advice="Use the functions listed for `xp`.")  # fmt: skip

    def _subscript(self, node: ast.Subscript) -> Value:
        owner = self.evaluate(node.value)
        self.graph.line = node.lineno
        if owner is UNKNOWN:
            return UNKNOWN
        if isinstance(owner, Fields):
            return _entry(owner, str(self.key(node.slice)))
        if isinstance(owner, Ref) and owner.kind == "dict":
            return self.lookup(self.heap[owner.serial], self.key(node.slice))
        if isinstance(owner, Node):
            return self._index_node(owner, node)
        owner = self.sequence(owner)
        if not isinstance(owner, (tuple, range)):
            raise Refusal("not-supported", text=text_of(node),
                          advice=f"It is {describe(owner)}, which has no entries.")  # fmt: skip
        return self._pick(owner, self._index(node.slice), node)

    def _index_node(self, owner: Node, node: ast.Subscript) -> Value:
        items = self._index(node.slice)
        whole = items if isinstance(items, tuple) else (items,)
        if any(item is UNKNOWN for item in whole):
            return UNKNOWN
        if any(isinstance(item, Node) for item in whole) or (
            isinstance(items, tuple) and not isinstance(node.slice, ast.Tuple)
        ):
            raise Refusal("data-index", text=text_of(node))
        if self._is_batch_index(whole, owner):
            self.batched.append(node)
            whole = whole[1:]
        if any(isinstance(item, Ref) for item in whole):
            return self._several(owner, [self.sequence(item) for item in whole], node)
        return self.graph.index(owner, whole)

    def _several(self, owner: Node, items: list[Value], node: ast.Subscript) -> Value:
        """Entries by a constant list of places: `x[[0, 3]]`, or of columns: `x[:, [0, 2]]`."""
        *before, places = items
        is_constant = isinstance(places, tuple) and all(type(i) is int for i in places)
        if not is_constant or not places or len(before) > 1 or not all(map(is_whole, before)):
            raise Refusal("data-index", text=text_of(node))
        picked = [self.graph.index(owner, (*before, place)) for place in places]
        return self.xp.stack(picked, axis=-1 if before else 0)

    def _is_batch_index(self, items: tuple[Value, ...], owner: Node) -> bool:
        """Whether an index was written for a batch: one axis too many, and all of the first."""
        if not items or not is_whole(items[0]) or any(item is Ellipsis for item in items):
            return False
        is_certain = sum(item is not None for item in items) == len(owner.shape) + 1
        return is_certain or (self.is_batch and owner.batched and len(items) > 1)

    def _pick(self, owner: Value, index: Value, node: ast.Subscript) -> Value:
        if isinstance(index, bool) or not isinstance(index, (int, slice)):
            raise Refusal("data-index", text=text_of(node))
        try:
            picked = owner[index]
        except (IndexError, TypeError, ValueError):
            raise Refusal("bad-index", text=text_of(node), shape=(len(owner),)) from None
        return self.new(tuple(picked)) if isinstance(index, slice) else picked

    def _index(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Slice):
            return slice(*(self._bound(part) for part in (node.lower, node.upper, node.step)))
        if isinstance(node, ast.Tuple):
            return tuple(self._index(part) for part in node.elts)
        return self.evaluate(node)

    def _bound(self, node: ast.expr | None) -> Value:
        return None if node is None else self.evaluate(node)

    def lookup(self, contents: dict[Value, Value], key: Value) -> Value:
        """An entry that is certainly there."""
        if key not in contents:
            raise Refusal("missing-key", key=repr(key), guess=guess(str(key), map(str, contents)))
        if isinstance(contents[key], Sometimes):
            raise Refusal("maybe-unset", name=key)
        return contents[key]

    def _tuple(self, node: ast.Tuple) -> Value:
        return self.bounded(tuple(self.items_of(node.elts)))

    def _list(self, node: ast.List) -> Value:
        return self.new(self.bounded(tuple(self.items_of(node.elts))))

    def items_of(self, nodes: list[ast.expr]) -> Iterator[Value]:
        """The entries of a display or the arguments of a call, stars spread out."""
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.iterate(self.evaluate(node.value), node.value)
            else:
                yield self.evaluate(node)

    def _dict(self, node: ast.Dict) -> Value:
        contents: dict[Value, Value] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                contents.update(self.dictionary(self.evaluate(value), value))
            else:
                name = self.key(key)
                self.entry_lines[name] = key.lineno
                contents[name] = self.attempt(value)
        return self.new(self.bounded(contents))

    def key(self, node: ast.expr) -> Value:
        """A constant key of a dictionary."""
        value = self.evaluate(node)
        if value is UNKNOWN or isinstance(value, (str, int)):
            return value
        raise Refusal("data-index", text=text_of(node))

    def dictionary(self, value: Value, node: ast.expr) -> dict[Value, Value]:
        """The contents of a dictionary."""
        if isinstance(value, Ref) and value.kind == "dict":
            contents: dict[Value, Value] = self.heap[value.serial]
            return contents
        if value is UNKNOWN:
            return {}
        raise Refusal("not-supported", text=text_of(node), advice="Write the dictionary out.")

    def _listcomp(self, node: ast.ListComp) -> Value:
        items: list[Value] = []
        self._comprehend(node.generators, lambda: items.append(self.evaluate(node.elt)))
        return self.new(self.bounded(tuple(items)))

    def _dictcomp(self, node: ast.DictComp) -> Value:
        contents: dict[Value, Value] = {}

        def add() -> None:
            contents[self.key(node.key)] = self.evaluate(node.value)

        self._comprehend(node.generators, add)
        return self.new(self.bounded(contents))

    def _comprehend(self, generators: list[ast.comprehension], add: Callable[[], None]) -> None:
        if not generators:
            add()
            return
        first, outer = generators[0], dict(self.locals)
        for item in self.iterate(self.evaluate(first.iter), first.iter):
            self.bind(first.target, item)
            keep = [self.test(condition) for condition in first.ifs]
            if any(isinstance(test, Node) for test in keep):
                raise Refusal("loop-not-constant", text=text_of(first.ifs[0]))
            if all(keep):
                self._comprehend(generators[1:], add)
        self.locals = outer


def _entry(owner: Fields, name: str) -> Value:
    if name in owner.entries:
        return owner.entries[name]
    known = ", ".join(owner.entries) or "none"
    code = "unknown-parameter" if owner.table else "unknown-field"
    raise Refusal(code, owner=owner.owner, name=name, guess=guess(name, owner.entries),
                  known=known, table=owner.table)  # fmt: skip
