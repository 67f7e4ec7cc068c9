"""One hash of what judges a task, frozen when a run starts.

Equal for texts that differ in spacing or brackets only. It covers whatever could change a score:
fitness and success with their semantics, the horizon, dt, where every field that they read comes
from, through derived fields, and the source of a function. Audit metrics judge nothing and are not
in it.
"""

import ast
import hashlib
import json
from dataclasses import asdict
from typing import Any

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.derived import derived_of
from rewardsmith.environments.fitness import compile_fitness, compile_success, fields_of
from rewardsmith.environments.judging import parse_function, source_hash
from rewardsmith.messages import StateSpec, Task

_NOT_JUDGING = ("low", "high", "meaning", "unit")
"""What a field's card may say better without any score changing."""


def fingerprint(task: Task, card: EnvCard) -> str:
    """The first 16 digits of a SHA-256.

    Raises:
        ConfigError: Fitness or success does not compile, or its function's text cannot be found.
    """
    content = {
        "fitness": canonical(task.fitness),
        "success": canonical(task.success),
        "semantics": task.semantics,
        "held_steps": task.held_steps if task.semantics == "held" else None,
        "horizon": task.horizon,
        "dt": card.dt,
        "environment": card.id,
        "kwargs": {key: repr(value) for key, value in sorted(card.kwargs.items())},
        "fields": [_field(card.state, name) for name in sorted(_read(task, card))],
        **_functions(task, card),
    }
    blob = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(blob).hexdigest()[:16]


def canonical(expression: str) -> str:
    """An expression in one spelling.

    >>> canonical("- mean( (x) )") == canonical("-mean(x)")
    True
    """
    try:
        return ast.unparse(ast.parse(expression.strip(), mode="eval"))
    except SyntaxError:
        return " ".join(expression.split())


def _read(task: Task, card: EnvCard) -> set[str]:
    """Fields that fitness and success read, with what these are derived from."""
    fitness = compile_fitness(task.fitness, card.state, horizon=task.horizon, dt=card.dt)
    success = compile_success(
        task.success,
        card.state,
        semantics=task.semantics,
        held_steps=task.held_steps,
        horizon=task.horizon,
        dt=card.dt,
    )
    read = fields_of(fitness.reads) | set(success.fields)
    names = {name for name in read if not name.startswith("info.")}
    for spec in reversed(card.state.fields):
        if spec.name in names and spec.source.startswith("derived"):
            names |= derived_of(spec, card.state).needs
    return names


def _functions(task: Task, card: EnvCard) -> dict[str, dict[str, str]]:
    """The source of every function that judges; nothing where there is none."""
    found = {
        what: parse_function(text, frozenset(), card.home, what)
        for what, text in (("fitness", task.fitness), ("success", task.success))
    }
    hashes = {what: source_hash(one) for what, one in found.items() if one is not None}
    return {"functions": hashes} if hashes else {}


def _field(state: StateSpec, name: str) -> dict[str, Any]:
    return {k: v for k, v in asdict(state.field(name)).items() if k not in _NOT_JUDGING}
