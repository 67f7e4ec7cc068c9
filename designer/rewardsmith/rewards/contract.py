"""The contract of a reward program: reading its text into a compiled program, or into findings.

`read_program` never raises for bad text and reports every mistake at once. It executes nothing of
the text; weights, parameters and total are data.
"""

import ast
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from rewardsmith.language import subset
from rewardsmith.language.compiler import Lowered, Parameter, emit_program, lower_program
from rewardsmith.language.findings import finding
from rewardsmith.language.inputs import inputs_of
from rewardsmith.language.node import Node
from rewardsmith.language.normalise import normalise_program, rewrite_batched
from rewardsmith.language.scope import guess
from rewardsmith.language.source import parse_program
from rewardsmith.language.tables import Module, read_module
from rewardsmith.language.values import UNKNOWN
from rewardsmith.messages import COMPONENT_NAME, MAX_COMPONENTS, Finding, StateSpec

MAX_WEIGHT = 1e6
"""Largest weight, in magnitude."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A total that is a sum, limited to [lo, hi]."""

    lo: float = -math.inf
    hi: float = math.inf


Total = Literal["sum", "product"] | Clip


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardProgram:
    """A program that keeps the contract, compiled."""

    text: str
    """As its author wrote it."""
    normalised: str
    """The same in the reward language; the probe runs it row by row."""
    compiled: str
    """Emitted module: functions `components`, `branches` and, where the program has them, `memory`,
    `potential` and `progress`, each called with `(xp, inputs, params)`."""
    weights: Mapping[str, float]
    """Component name to finite weight, for every component."""
    params: Mapping[str, Parameter]
    """Inner constants; passed to the compiled code, so tunable without compiling again."""
    total: Total = "sum"
    memory: Mapping[str, Parameter]
    """Per-episode values at the start of an episode."""
    arguments: tuple[str, ...]
    """What `reward` asks for by name, in its order."""
    components: tuple[str, ...]
    """Names, in the order in which the program returns them."""
    reads: Mapping[str, frozenset[str]]
    """Component name to the inputs it depends on: `state.x`, `action`, ..."""
    has_potential: bool = False
    has_progress: bool = False
    is_markov: bool = True
    """Whether the reward depends on neither `step` nor `memory`."""
    graph_hash: str
    """Equal for programs that compute the same thing."""
    docstring: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a program's text."""

    program: RewardProgram | None
    """None when any finding is an error."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Tables:
    """The checked tables of a module; entries that are wrong are left out."""

    params: Mapping[str, Parameter]
    memory: Mapping[str, Parameter]
    weights: Mapping[str, float] | None
    total: Total
    findings: tuple[Finding, ...]


def read_program(text: str, spec: StateSpec) -> Reading:
    """Read, check and compile a reward program.

    Args:
        text: A Python module as in the contract; see `docs`.
        spec: State fields and action of the environment.

    Returns:
        The compiled program and its notes and warnings, or no program and every error.
    """
    tree, findings = parse_program(text)
    if tree is None:
        return Reading(None, findings)
    docstring = ast.get_docstring(tree) or ""
    tree = normalise_program(tree)
    module = read_module(tree)
    tables = _read_tables(module)
    structure = subset.check(tree, _vocabulary(spec, tables))
    lowered = lower_program(module, spec, tables.params, tables.memory)
    weights, weighing = _weigh(lowered, tables, module)
    meaning = [*module.findings, *tables.findings, *lowered.findings, *weighing]
    if not any(one.severity == "error" for one in meaning):
        meaning += _notes(lowered)
    found = _unique(structure, meaning)
    if any(one.severity == "error" for one in found):
        return Reading(None, found)
    rewrite_batched(lowered.batched)
    program = RewardProgram(
        text=text,
        normalised=ast.unparse(tree) + "\n",
        compiled=emit_program(lowered),
        weights=MappingProxyType(weights),
        params=MappingProxyType(dict(tables.params)),
        total=tables.total,
        memory=MappingProxyType(dict(tables.memory)),
        arguments=lowered.arguments,
        components=tuple(lowered.components),
        reads=MappingProxyType({n: inputs_of([v]) for n, v in lowered.components.items()}),
        has_potential="potential" in lowered.scores,
        has_progress="progress" in lowered.scores,
        is_markov=not _history(lowered),
        graph_hash=_graph_hash(lowered, tables, weights),
        docstring=docstring,
    )
    return Reading(program, found)


def require_program(text: str, spec: StateSpec) -> RewardProgram:
    """Read a program that is known to keep the contract.

    Raises:
        ValueError: It does not; the text lists every error.
    """
    reading = read_program(text, spec)
    if reading.program is None:
        raise ValueError("; ".join(str(f) for f in reading.findings if f.severity == "error"))
    return reading.program


def _vocabulary(spec: StateSpec, tables: _Tables) -> subset.Vocabulary:
    return subset.Vocabulary(
        fields=tuple(field.name for field in spec.fields),
        params=tuple(tables.params),
        memory=tuple(tables.memory),
    )


def _unique(structure: Iterable[Finding], meaning: Iterable[Finding]) -> tuple[Finding, ...]:
    """All findings by line; what the allow-list refuses is not explained a second time."""
    refused = {one.line for one in structure if one.line is not None}
    rest = [
        one
        for one in meaning
        if one.severity != "error"
        or (one.line not in refused and not (refused and one.code == "no-components"))
    ]
    return tuple(sorted(dict.fromkeys([*structure, *rest]), key=lambda one: one.line or 0))


# ---------------------------------------------------------------------- tables


def _read_tables(module: Module) -> _Tables:
    found: list[Finding] = []
    if "CONTRACT" not in module.tables:
        found.append(finding("no-contract", severity="note"))
    elif module.tables["CONTRACT"] not in (1, UNKNOWN):
        value = module.tables["CONTRACT"]
        found.append(finding("unknown-contract", line=module.lines["CONTRACT"], value=value))
    return _Tables(
        params=_read_numbers(module, "PARAMS", found),
        memory=_read_numbers(module, "MEMORY", found),
        weights=_read_weights(module, found),
        total=_read_total(module, found),
        findings=tuple(found),
    )


def _read_numbers(module: Module, table: str, found: list[Finding]) -> dict[str, Parameter]:
    entries: dict[str, Parameter] = {}
    for name, value in _entries(module, table, found).items():
        number = _parameter(value)
        if number is None or not name.isidentifier() or name.startswith("_"):
            found.append(_bad_table(module, table))
        else:
            entries[name] = number
    return entries


def _read_weights(module: Module, found: list[Finding]) -> dict[str, float] | None:
    if "WEIGHTS" not in module.tables:
        found.append(finding("no-weights", severity="note"))
        return None
    weights: dict[str, float] = {}
    for name, value in _entries(module, "WEIGHTS", found).items():
        weight = _parameter(value)
        if isinstance(weight, float) and abs(weight) <= MAX_WEIGHT:
            weights[name] = weight
        else:
            weights[name] = 0.0
            found.append(
                finding("bad-weight", line=module.lines["WEIGHTS"], name=name, value=value)
            )
    return weights


def _read_total(module: Module, found: list[Finding]) -> Total:
    value = module.tables.get("TOTAL", "sum")
    if value is UNKNOWN or value == "sum":
        return "sum"
    if value == "product":
        return "product"
    limits = value.get("clip") if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(limits, tuple) and len(limits) == 2:
        low, high = _limit(limits[0], -math.inf), _limit(limits[1], math.inf)
        if low is not None and high is not None and low <= high:
            return Clip(low, high)
    found.append(finding("bad-total", line=module.lines["TOTAL"], value=repr(value)))
    return "sum"


def _limit(value: object, otherwise: float) -> float | None:
    if value is None:
        return otherwise
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value):
        return float(value)
    return None


def _entries(module: Module, table: str, found: list[Finding]) -> dict[str, object]:
    value = module.tables.get(table, {})
    if value is UNKNOWN:
        return {}
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return value
    found.append(_bad_table(module, table))
    return {}


def _bad_table(module: Module, table: str) -> Finding:
    return finding(
        "bad-table",
        line=module.lines[table],
        table=table,
        wanted="a dictionary of finite numbers (or lists of numbers) by name",
        example=f'`{table} = {{"name": 1.0}}`',
    )


def _parameter(value: object) -> Parameter | None:
    if isinstance(value, tuple) and value:
        numbers = [_parameter(item) for item in value]
        return tuple(n for n in numbers if isinstance(n, float)) if all(
            isinstance(n, float) for n in numbers
        ) else None  # fmt: skip
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


# ------------------------------------------------------------------ components


def _weigh(
    lowered: Lowered, tables: _Tables, module: Module
) -> tuple[dict[str, float], list[Finding]]:
    """Weights of the components that are returned, and what does not fit."""
    names = list(lowered.components)
    found = [*_check_names(lowered)]
    if tables.weights is None:
        return dict.fromkeys(names, 1.0), found
    if names:
        found += _compare_weights(lowered, tables.weights, module.lines["WEIGHTS"])
    return {name: tables.weights.get(name, 0.0) for name in names}, found


def _check_names(lowered: Lowered) -> Iterator[Finding]:
    names = lowered.components
    if len(names) > MAX_COMPONENTS:
        yield finding("too-many-components", count=len(names), limit=MAX_COMPONENTS)
    for name in names:
        if not isinstance(name, str) or not COMPONENT_NAME.fullmatch(name):
            yield finding("bad-component-name", line=lowered.lines.get(name), name=name)


def _compare_weights(
    lowered: Lowered, weights: Mapping[str, float], line: int
) -> Iterator[Finding]:
    returned = [str(name) for name in lowered.components]
    for name in [n for n in returned if n not in weights]:
        spare = [w for w in weights if w not in returned]
        at = lowered.lines.get(name, line)
        yield finding("component-without-weight", line=at, component=name, name=name,
                      guess=guess(name, spare))  # fmt: skip
    for name in [w for w in weights if w not in returned]:
        yield finding("weight-without-component", line=line, component=name, name=name,
                      guess=guess(name, returned))  # fmt: skip


def _notes(lowered: Lowered) -> Iterator[Finding]:
    history = _history(lowered)
    if history:
        names = ", ".join(f"`{name}`" for name in sorted(history))
        yield finding("not-markov", severity="note", names=names)
    read = {key for node in lowered.components.values() for key in inputs_of([node])}
    memory = sorted(key.partition(".")[2] for key in read if key.startswith("memory."))
    if memory and not lowered.memory:
        yield finding("memory-never-updated", severity="warning", name=memory[0])


def _history(lowered: Lowered) -> frozenset[str]:
    """Inputs of the reward that the state does not hold."""
    nodes = [*lowered.components.values(), *lowered.scores.values()]
    return frozenset(k for k in inputs_of(nodes) if k == "step" or k.startswith("memory."))


def _graph_hash(lowered: Lowered, tables: _Tables, weights: Mapping[str, float]) -> str:
    def digests(nodes: Mapping[str, Node]) -> list[tuple[str, str]]:
        return sorted((name, node.digest) for name, node in nodes.items())

    parts = (
        digests(lowered.components),
        sorted(weights.items()),
        tables.total,
        digests(lowered.memory),
        sorted(tables.memory.items()) if lowered.memory else [],
        digests(lowered.scores),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()
