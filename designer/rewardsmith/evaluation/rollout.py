"""Rolls a policy out in a vector of environments and records what the state fields showed."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.messages import ActionSpec, Trajectory

Array = np.ndarray[Any, Any]

Act = Callable[[Array], Array]
"""Observations (B, obs_dim) to actions (B, *action shape) in the environment's own units."""


def record(env: StateVectorEnv, act: Act, *, seed: int) -> tuple[Trajectory, ...]:
    """One episode per environment; environment i starts from seed `seed + i`.

    Rows that have ended keep stepping in a fresh episode that nobody looks at, until the last row
    has ended.
    """
    start = env.reset(seed)
    columns = {name: [values.copy()] for name, values in start.fields.items()}
    actions: list[Array] = []
    obs, lengths = start.obs, np.zeros(env.n_envs, dtype=int)
    terminated = np.zeros(env.n_envs, dtype=bool)
    while not lengths.all():
        action = act(obs)
        step = env.step(action)
        actions.append(np.array(action))
        for name, values in step.fields.items():
            columns[name].append(values.copy())
        ended = (lengths == 0) & (step.terminated | step.truncated)
        terminated |= ended & step.terminated
        lengths[ended] = len(actions)
        obs = step.obs
    return _split(columns, actions, lengths, terminated, seed)


def constant(action: ActionSpec, value: float, n_envs: int) -> Act:
    """Always the same action.

    Args:
        action: What may be done.
        value: In [-1, 1] of each dimension's range; 0 is doing nothing, which is an action of zero
            where the range holds it. A discrete action has its first choice, or the last one for a
            positive value, in every element.
        n_envs: Number of rows.
    """
    if action.choices:
        choice = [n - 1 if value > 0 else 0 for n in action.choices]
        return cycle(action, [choice], n_envs)
    low, high = np.asarray(action.low), np.asarray(action.high)
    level = low + (value + 1.0) * 0.5 * (high - low) if value else np.clip(0.0, low, high)
    level = level.reshape(action.shape)
    return lambda obs: np.broadcast_to(level, (n_envs, *action.shape)).copy()


def uniform(action: ActionSpec, n_envs: int, rng: np.random.Generator) -> Act:
    """Uniformly random actions."""
    shape = (n_envs, *action.shape)
    if action.choices:
        n_elements = len(action.choices)
        return lambda obs: rng.integers(action.choices, size=(n_envs, n_elements)).reshape(shape)
    low, high = np.asarray(action.low), np.asarray(action.high)  # flat, whatever the shape
    return lambda obs: rng.uniform(low, high, size=(n_envs, len(low))).reshape(shape)


def cycle(action: ActionSpec, rows: Sequence[Sequence[float]], n_envs: int) -> Act:
    """The same actions over and over, whatever is observed.

    Args:
        action: What may be done.
        rows: One a timestep, flat and in the environment's own units; choices are whole numbers.
        n_envs: Number of rows of the vector, which all get the same action.
    """
    steps = itertools.cycle(rows)

    def act(obs: Array) -> Array:
        row = np.asarray(next(steps), dtype=np.int64 if action.choices else np.float64)
        return np.tile(np.reshape(row, (1, *action.shape)), (n_envs, *[1] * len(action.shape)))

    return act


def _split(
    columns: dict[str, list[Array]],
    actions: list[Array],
    lengths: Array,
    terminated: Array,
    seed: int,
) -> tuple[Trajectory, ...]:
    fields = {name: np.stack(values) for name, values in columns.items()}
    acted = np.stack(actions)
    return tuple(
        Trajectory(
            seed=seed + row,
            fields={name: values[: n + 1, row].copy() for name, values in fields.items()},
            actions=acted[:n, row].copy(),
            terminated=bool(terminated[row]),
        )
        for row, n in enumerate(int(n) for n in lengths)
    )
