"""Rollouts that a card brings along: actions and a seed, replayed in the evaluator.

One file a task, `<task>.rollouts.safetensors` beside card.yaml, written by
`benchmarks/record_rollouts.py`: a competent rollout, and exploits that no plain sequence of actions
shows (standing still on one leg has to be learnt). It holds no states: those are recorded anew, and
a replay that does not come to the fitness that was written down is not believed.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rewardsmith.environments.cards import EnvCard
from rewardsmith.errors import ConfigError
from rewardsmith.isolation.frames import FrameError
from rewardsmith.isolation.tensors import dump_tensors, parse_arrays
from rewardsmith.messages import ActionSpec, Task

Array = np.ndarray[Any, Any]

COMPETENT = "competent"
MAX_BYTES = 1024 * 1024
MAX_ROLLOUTS = 8
MAX_STEPS = 100_000
SEEDS = range(2**29, 2**30)
"""Where a start may come from: the seeds that nothing is ever judged on, see `config.seeds`."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedRollout:
    """One episode's actions, and what it is worth."""

    actions: tuple[tuple[float, ...], ...]
    """One row a timestep, flat, in the environment's own units."""
    fitness: float
    """What it came to when it was replayed for the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedRollouts:
    """The rollouts of one file, all from the same start."""

    seed: int
    rollouts: Mapping[str, ShippedRollout]
    """`competent`, and exploits by name."""


def rollouts_file(card: EnvCard, task: Task) -> Path | None:
    """Where the rollouts of a card's task lie; None for a task that is not the card's."""
    is_known = card.folder is not None and task.name in card.tasks
    return card.folder / f"{task.name}.rollouts.safetensors" if is_known and card.folder else None


def load_shipped(card: EnvCard, task: Task) -> ShippedRollouts | None:
    """The rollouts that the card brings along for this task; None when it brings none.

    Raises:
        ConfigError: The file is not what it should be.
    """
    path = rollouts_file(card, task)
    if path is None or not path.is_file():
        return None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FrameError(f"more than {MAX_BYTES} bytes")
        return parse_shipped(path.read_bytes(), card.state.action)
    except (FrameError, OSError) as error:
        raise ConfigError(f"{path}: {error}. Record it anew or remove it.") from error


def parse_shipped(blob: bytes, action: ActionSpec) -> ShippedRollouts:
    """The rollouts in a file.

    Raises:
        FrameError: It is anything else than `dump_shipped` writes for such actions.
    """
    arrays = parse_arrays(
        blob,
        max_bytes=MAX_BYTES,
        max_arrays=1 + 2 * MAX_ROLLOUTS,
        max_rows=MAX_STEPS,
        is_finite=True,
    )
    names = sorted({name.partition(".")[0] for name in arrays} - {"seed"})
    expected = {"seed", *(f"{name}.{part}" for name in names for part in ("actions", "fitness"))}
    if arrays.keys() != expected or not all(_NAME.fullmatch(name) for name in names):
        raise FrameError("not a seed, and the actions and fitness of every rollout")
    seed = arrays["seed"]
    if seed.dtype != np.int64 or seed.shape != (1,) or int(seed[0]) not in SEEDS:
        raise FrameError("a seed outside the training band")
    return ShippedRollouts(
        seed=int(seed[0]),
        rollouts={
            name: _rollout(arrays[f"{name}.actions"], arrays[f"{name}.fitness"], action)
            for name in names
        },
    )


def dump_shipped(seed: int, rollouts: Mapping[str, tuple[Array, float]]) -> bytes:
    """A file of (actions, fitness) by name; actions are rounded to float32."""
    arrays: dict[str, Array] = {"seed": np.array([seed], dtype=np.int64)}
    for name, (actions, fitness) in rollouts.items():
        arrays[f"{name}.actions"] = rounded(actions)
        arrays[f"{name}.fitness"] = np.array([fitness], dtype=np.float64)
    return dump_tensors(arrays)


def rounded(actions: Array) -> Array:
    """Actions as a file holds them, shape (n_steps, numbers of one action)."""
    return np.reshape(actions, (len(actions), -1)).astype(np.float32)


def _rollout(actions: Array, fitness: Array, action: ActionSpec) -> ShippedRollout:
    width = math.prod(action.shape)
    if actions.dtype != np.float32 or actions.shape != (len(actions), width) or not len(actions):
        raise FrameError(f"actions that are not {width} numbers a timestep")
    choices = np.asarray(action.choices)
    ends = (0 * choices, choices - 1) if action.choices else (action.low, action.high)
    low, high = (np.asarray(end, dtype=np.float32) for end in ends)
    if (actions < low).any() or (actions > high).any():
        raise FrameError("actions beyond their bounds")
    if fitness.dtype != np.float64 or fitness.shape != (1,):
        raise FrameError("a fitness that is no number")
    rows = tuple(tuple(row) for row in actions.tolist())
    return ShippedRollout(actions=rows, fitness=float(fitness[0]))
