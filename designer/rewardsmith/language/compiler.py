"""From a normalised program to emitted array code.

Puts the pieces together: arguments by name become inputs of the graph, functions are lowered, and
the nodes of all results are emitted. Knows nothing of weights and totals.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from rewardsmith.language.emit import emit_mapping, emit_masks, emit_module, emit_single
from rewardsmith.language.findings import Refusal, finding
from rewardsmith.language.graph import Graph
from rewardsmith.language.inputs import action_input, field_group
from rewardsmith.language.lower import Lowering, Returned
from rewardsmith.language.node import Node
from rewardsmith.language.operations import Value
from rewardsmith.language.scope import ARGUMENTS, Exhausted
from rewardsmith.language.source import MAX_DEPTH
from rewardsmith.language.tables import Module
from rewardsmith.language.values import UNKNOWN, Closure, Fields, Functions, Sometimes, describe
from rewardsmith.messages import Finding, StateSpec

SCORE_ARGUMENTS = ("state", "xp", "params")
"""What `potential` and `progress` may ask for: they judge a state, not a step."""

Parameter = float | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Lowered:
    """A program as a graph."""

    arguments: tuple[str, ...]
    """What `reward` asks for, in its order."""
    components: Mapping[str, Node]
    """Unweighted, as returned: the contract checks that they are numbers."""
    memory: Mapping[str, Node]
    """Updates; every entry of MEMORY has one if any has."""
    scores: Mapping[str, Node]
    """`potential` and `progress`, where defined."""
    masks: Sequence[tuple[int, Node]]
    """(line, entered) of every arm of a condition on the state."""
    batched: Sequence[ast.AST]
    """Syntax that was written for a batch."""
    lines: Mapping[str, int]
    """Where a component was last written."""
    findings: tuple[Finding, ...]


def lower_program(
    module: Module,
    spec: StateSpec,
    params: Mapping[str, Parameter],
    memory: Mapping[str, Parameter],
) -> Lowered:
    """Lower every function that training needs; mistakes are in `findings`.

    A program that indexes one axis too many was written for a batch. All of it is then read so: a
    leading `:` and axis 0 are the environments, also where the text would fit one step.
    """
    try:
        return _lower(module, spec, params, memory)
    except Refusal as refusal:  # of what no single line is to blame for: the size of it all
        found = refusal.finding
    except RecursionError:
        found = finding("too-deep", limit=MAX_DEPTH)
    return Lowered(
        arguments=(), components={}, memory={}, scores={}, masks=(), batched=(), lines={},
        findings=(found,),
    )  # fmt: skip


def _lower(
    module: Module,
    spec: StateSpec,
    params: Mapping[str, Parameter],
    memory: Mapping[str, Parameter],
) -> Lowered:
    lowered = _Builder(module, spec, params, memory).lower()
    if not lowered.batched:
        return lowered
    line = min(getattr(node, "lineno", 0) for node in lowered.batched)
    lowered = _Builder(module, spec, params, memory, is_batch=True).lower()
    note = finding("read-as-batch", severity="note", line=line)
    return replace(lowered, findings=(*lowered.findings, note))


def emit_program(lowered: Lowered) -> str:
    """The compiled module: `components`, and what else the program has.

    Every function takes `(xp, inputs, params)`. `memory` returns the updated values; `branches`
    returns (line, mask) pairs for the probe.
    """
    doc = "Compiled from a reward program; one row per environment."
    functions = [emit_mapping("components", "Unweighted components.", lowered.components)]
    if lowered.memory:
        functions.append(emit_mapping("memory", "Updated memory.", lowered.memory))
    for name, node in lowered.scores.items():
        functions.append(emit_single(name, f"The {name} of a state.", node))
    functions.append(emit_masks("branches", "Which rows enter which branch.", lowered.masks))
    return emit_module(doc, functions)


class _Builder:
    def __init__(
        self,
        module: Module,
        spec: StateSpec,
        params: Mapping[str, Parameter],
        memory: Mapping[str, Parameter],
        *,
        is_batch: bool = False,
    ) -> None:
        self._module = module
        self._memory = memory
        self._spec = spec
        graph = Graph(self._report)
        self._group = Fields("params", {n: graph.param(n, v) for n, v in params.items()}, "PARAMS")
        functions = {name: Closure(node) for name, node in module.functions.items()}
        constants = {name: graph.adopt(value) for name, value in module.constants.items()}
        names = {**constants, **functions, "xp": Functions(), "params": self._group}
        self.lowering = Lowering(graph, names, is_batch=is_batch)
        self._inputs = self._available(graph)
        self._arguments: tuple[str, ...] = ()
        self._components: dict[str, Node] = {}
        self._updates: dict[str, Node] = {}
        self._scores: dict[str, Node] = {}

    def lower(self) -> Lowered:
        """Lower everything there is."""
        try:
            self.reward()
            self.score("potential")
            self.score("progress")
        except Refusal as refusal:
            self.lowering.note(refusal, ast.Pass())
        return self.result()

    def result(self) -> Lowered:
        """What has been lowered."""
        masks = [
            (place[0], mask)
            for place, mask in sorted(self.lowering.masks.items())
            if isinstance(mask, Node)
        ]
        return Lowered(
            arguments=self._arguments,
            components=self._components,
            memory=self._updates,
            scores=self._scores,
            masks=masks,
            batched=self.lowering.batched,
            lines=self.lowering.entry_lines,
            findings=tuple(dict.fromkeys(self.lowering.findings)),
        )

    def reward(self) -> None:
        """Lower `reward` to components and memory updates."""
        node = self._module.functions.get("reward")
        if node is None:
            self._report(finding("no-reward-function"))
            return
        self._arguments = _asked(node)
        returned = [self._split(one) for one in self._run(node, ARGUMENTS)]
        pairs = [one for one in returned if one is not None]
        if not pairs:
            if not returned and not self._has_error("no-return"):
                self._report(finding("no-components", line=node.lineno))
            return
        components, updates = self._merged(pairs, node)
        self._take_components(components)
        if not self._components and components is not UNKNOWN:
            self._report(finding("no-components", line=node.lineno))
        self._take_updates(updates, node.lineno)

    def score(self, name: str) -> None:
        """Lower `potential` or `progress` to one number."""
        node = self._module.functions.get(name)
        if node is None:
            return
        returned = self._run(node, SCORE_ARGUMENTS)
        value = self._merged_value(returned, node) if returned else None
        if value is UNKNOWN:
            return
        if self._is_number(value):
            self._scores[name] = self.lowering.graph.number(value)
        else:
            self._report(
                finding("bad-score", line=node.lineno, function=name, kind=describe(value))
            )

    # ----------------------------------------------------------------- private

    def _available(self, graph: Graph) -> dict[str, Value]:
        memory = {
            name: graph.input(f"memory.{name}", shape=(len(v),) if isinstance(v, tuple) else ())
            for name, v in self._memory.items()
        }
        return {
            **{owner: field_group(graph, self._spec, owner) for owner in
               ("state", "previous", "initial")},
            "action": action_input(graph, self._spec, "action"),
            "previous_action": action_input(graph, self._spec, "previous_action"),
            "step": graph.input("step", kind="int"),
            "terminated": graph.input("terminated", kind="bool"),
            "memory": Fields("memory", memory, "MEMORY"),
            "params": self._group,
            "xp": Functions(),
        }  # fmt: skip

    def _run(self, node: ast.FunctionDef, allowed: Sequence[str]) -> list[Returned]:
        arguments: dict[str, Value] = {}
        for name in _asked(node):
            if name not in allowed:
                near = get_close_matches(name, allowed, n=1)
                hint = f" Did you mean `{near[0]}`?" if near else ""
                if name in self._inputs["state"].entries:
                    hint = f" It is a field: ask for `state` and read `state.{name}`."
                self._report(
                    finding("unknown-argument", line=node.lineno, function=node.name, name=name,
                            guess=hint, known=", ".join(allowed))
                )  # fmt: skip
            arguments[name] = self._inputs.get(name, UNKNOWN) if name in allowed else UNKNOWN
        if node.args.defaults or any(d is not None for d in node.args.kw_defaults):
            self._report(
                finding("bad-arguments", line=node.lineno, function=node.name,
                        what="default values", known=", ".join(allowed))
            )  # fmt: skip
        return self.lowering.run(node, arguments)

    def _split(self, returned: Returned) -> tuple[Returned, dict[str, Value]] | None:
        """Components and memory updates of one `return`; a leading total is dropped."""
        value = self.lowering.snapshot(returned.value)
        parts = value if isinstance(value, tuple) else (value,)
        if len(parts) > 1 and isinstance(parts[0], (Node, bool, int, float)):
            self._report(finding("total-dropped", line=returned.line, severity="note"))
            parts = parts[1:]
        if not all(isinstance(part, dict) for part in parts) or not 1 <= len(parts) <= 2:
            if not any(part is UNKNOWN for part in parts):
                self._report(finding("no-components", line=returned.line))
            return None
        updates = parts[1] if len(parts) == 2 else {}
        return Returned(returned.condition, parts[0], returned.line), updates

    def _merged(
        self, pairs: list[tuple[Returned, dict[str, Value]]], node: ast.FunctionDef
    ) -> tuple[Value, Value]:
        """Both dictionaries over all returns; UNKNOWN where they could not be merged."""
        components = self._merged_value([one for one, _ in pairs], node)
        named = {name for _, updates in pairs for name in updates}
        kept = self._inputs["memory"].entries
        updates = [
            Returned(
                one.condition,
                {**{n: kept[n] for n in kept if n in named}, **changed},
                one.line,
            )
            for one, changed in pairs
        ]
        merged = self._merged_value(updates, node)
        return components, merged

    def _merged_value(self, returned: list[Returned], node: ast.AST) -> Value:
        try:
            return self.lowering.merge_returned(returned)
        except Exhausted:
            raise
        except Refusal as refusal:
            self.lowering.note(refusal, node)
            return UNKNOWN

    def _take_components(self, components: Value) -> None:
        for name, value in components.items() if isinstance(components, dict) else ():
            bare = value.value if isinstance(value, Sometimes) else value
            if isinstance(bare, Node):
                bare = self.lowering.xp.squeeze(bare)
            if bare is UNKNOWN:
                self._components[name] = self.lowering.graph.constant(0.0)
            elif self._is_number(bare):
                node = self.lowering.graph.number(bare)
                node.hint = node.hint or (name if isinstance(name, str) else None)
                self._components[name] = node
            else:
                self._refuse_component(name, bare)

    def _refuse_component(self, name: str, value: Value) -> None:
        line = self.lowering.entry_lines.get(name)
        self._components[name] = self.lowering.graph.constant(0.0)
        if isinstance(value, Node):
            self._report(
                finding("vector-component", line=line, component=str(name), name=name,
                        shape=value.shape)
            )  # fmt: skip
        else:
            self._report(
                finding("bad-component", line=line, component=str(name), name=name,
                        kind=describe(value))
            )  # fmt: skip

    def _take_updates(self, updates: Value, line: int) -> None:
        graph = self.lowering.graph
        kept: Mapping[str, Node] = self._inputs["memory"].entries
        for name, value in updates.items() if isinstance(updates, dict) else ():
            at = self.lowering.entry_lines.get(name, line)
            bare = value.value if isinstance(value, Sometimes) else value
            if bare is UNKNOWN:
                continue
            if name not in kept:
                near = get_close_matches(str(name), kept, n=1)
                hint = f" Did you mean `{near[0]}`?" if near else ""
                self._report(finding("unknown-memory", line=at, name=name, guess=hint))
                continue
            self._take_update(name, bare, kept[name].shape, at)
        if self._updates:
            self._updates = {n: self._updates.get(n, graph.number(kept[n])) for n in kept}

    def _take_update(self, name: str, value: Value, wanted: tuple[int, ...], line: int) -> None:
        try:
            node = self.lowering.graph.number(value)
        except Refusal as refusal:
            self.lowering.note(refusal, ast.Pass())
            return
        if node.shape == wanted:
            self._updates[name] = node
        else:
            self._report(
                finding("bad-memory-update", line=line, name=name, shape=node.shape, wanted=wanted)
            )

    def _is_number(self, value: Value) -> bool:
        if isinstance(value, Node):
            return not value.shape
        return isinstance(value, (bool, int, float))

    def _has_error(self, code: str) -> bool:
        return any(found.code == code for found in self.lowering.findings)

    def _report(self, found: Finding) -> None:
        self.lowering.findings.append(found)


def _asked(node: ast.FunctionDef) -> tuple[str, ...]:
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    return tuple(argument.arg for argument in arguments)
