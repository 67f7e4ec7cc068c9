"""One hash of what judges a task, frozen when a run starts.

Equal for texts that differ in spacing or brackets only. It covers whatever could change a score:
fitness and success with their semantics, the horizon, dt, and where every field that they read
comes from, through derived fields. Audit metrics judge nothing and are not in it.
"""

import ast
import hashlib
import json
from dataclasses import asdict
from typing import Any

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.derived import derived_of
from rewardsmith.environments.fitness import compile_fitness, compile_success
from rewardsmith.messages import StateSpec, Task

_NOT_JUDGING = ("low", "high", "meaning", "unit")
"""What a field's card may say better without any score changing."""


def fingerprint(task: Task, card: EnvCard) -> str:
    """The first 16 digits of a SHA-256.

    Raises:
        ConfigError: Fitness or success does not compile.
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
    parts = [name.partition(".") for name in fitness.reads]
    owners = ("state", "previous", "initial")
    names = {field for owner, _, field in parts if owner in owners} | set(success.fields)
    for spec in reversed(card.state.fields):
        if spec.name in names and spec.source.startswith("derived"):
            names |= derived_of(spec, card.state).needs
    return names


def _field(state: StateSpec, name: str) -> dict[str, Any]:
    return {k: v for k, v in asdict(state.field(name)).items() if k not in _NOT_JUDGING}
