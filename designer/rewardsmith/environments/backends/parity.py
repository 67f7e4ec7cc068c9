"""Compares a backend with the card's own package: the same policies, many episodes, all fields.

Episodes cannot be compared one by one, since no two implementations draw alike from a seed. What is
compared are distributions: of returns, of success, of every task's fitness, and of every field.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardsmith.environments.backends.comparison import critical_distance, distance, gap
from rewardsmith.environments.backends.pool import PooledVectorEnv
from rewardsmith.environments.backends.record import ParityRecord, compared, versions_of
from rewardsmith.environments.card_types import Backend, EnvCard
from rewardsmith.environments.factory import import_named
from rewardsmith.environments.fitness import compile_fitness, compile_success
from rewardsmith.environments.inspection import random_actions
from rewardsmith.environments.vector import StateVectorEnv, VectorEnv
from rewardsmith.messages import Trajectory

Array = np.ndarray[Any, Any]
Policy = Callable[[Array], Array]
"""Observations (n_envs, obs_dim) to actions (n_envs, *action shape)."""

N_ENVS = 16
TOLERANCE = 0.01
"""Share of a field's range, or of what returns and fitness spread over, that nobody cares about."""
MEAN_MARGIN = 0.1
"""Share of the spread between policies by which mean returns may differ at most."""
SUCCESS_MARGIN = 0.2
"""What success rates may differ by at most."""
MAX_TOLD = 12
"""Differences that a record tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Episodes of one policy in one implementation."""

    returns: Array
    """Sums of the environment's own reward, shape (n_episodes,)."""
    success: Mapping[str, Array]
    """Task to whether each episode met it, 0 or 1."""
    quantities: Mapping[str, Array]
    """`fitness <task>` and `<field> <number>`, one value per episode."""
    tolerances: Mapping[str, float]
    """Of `quantities`; those that are absent are judged by their spread."""


def compare(card: EnvCard, name: str, *, n_episodes: int = 64, seed: int = 0) -> ParityRecord:
    """Play the same policies in the package and in the backend called `name`.

    Args:
        card: Which describes the backend.
        name: Of the backend.
        n_episodes: Of each policy, in each implementation; rounded up to whole rounds.
        seed: Of environments and random actions.

    Raises:
        UsageError: One of them is not installed or has no such environment.
        ConfigError: The backend does not show what the card reads.
    """
    backend = card.backends[name]
    both = (StateVectorEnv(card, N_ENVS), PooledVectorEnv(card, backend, N_ENVS))
    n_rounds = -(-n_episodes // N_ENVS)
    played = {
        policy: (
            _play(both[0], make(seed), n_rounds, seed),
            _play(both[1], make(seed), n_rounds, seed),
        )
        for policy, make in policies_of(card, backend).items()
    }
    for vector in both:
        vector.close()
    found = tuple(differences(played))
    return ParityRecord(
        versions=versions_of(name, backend),
        fingerprint=compared(card, name),
        passed=not found,
        n_episodes=n_rounds * N_ENVS,
        policies={policy: _told(*pair) for policy, pair in played.items()},
        differences=found[:MAX_TOLD],
    )


def policies_of(card: EnvCard, backend: Backend) -> dict[str, Callable[[int], Policy]]:
    """Who plays, each made anew from a seed: nothing, chance, and what the card has scripted."""
    action = card.state.action
    dtype = np.float32 if action.kind == "continuous" else np.int64

    def still(seed: int) -> Policy:
        return lambda obs: np.zeros((len(obs), *action.shape), dtype=dtype)

    def random(seed: int) -> Policy:
        rng = np.random.default_rng(seed)
        return lambda obs: random_actions(card, len(obs), rng)

    def scripted(seed: int) -> Policy:
        module, _, name = str(backend.scripted).partition(":")
        act = import_named(module, name, card)(card.kwargs.get("task"))
        return lambda obs: np.stack([act(row) for row in obs])

    found: dict[str, Callable[[int], Policy]] = {"still": still, "random": random}
    return found | ({"scripted": scripted} if backend.scripted else {})


def differences(played: Mapping[str, tuple[Played, Played]]) -> Iterator[str]:
    """All in which two implementations differ by more than chance and tolerance, in words."""
    spread = _spread([reference.returns for reference, _ in played.values()])
    for policy, (reference, other) in played.items():
        if gap(reference.returns, other.returns) > MEAN_MARGIN * spread:
            yield _says(policy, "return", reference.returns, other.returns)
        for task, success in reference.success.items():
            if gap(success, other.success[task]) > SUCCESS_MARGIN:
                yield _says(policy, f"success of {task}", success, other.success[task])
        n, m = len(reference.returns), len(other.returns)
        for quantity, values in reference.quantities.items():
            scale = _spread([pair[0].quantities[quantity] for pair in played.values()])
            tolerance = reference.tolerances.get(quantity, TOLERANCE * scale)
            apart = distance(values, other.quantities[quantity], tolerance)
            if apart > critical_distance(n, m):
                yield _says(policy, quantity, values, other.quantities[quantity])


def _says(policy: str, what: str, reference: Array, other: Array) -> str:
    a, b = (f"{np.mean(v):.4g} (from {v.min():.4g} to {v.max():.4g})" for v in (reference, other))
    return f"{policy}: {what} is {a} in the package, {b} in the backend"


def _spread(samples: list[Array]) -> float:
    values = np.concatenate(samples)
    return float(values.max() - values.min())


def _told(reference: Played, other: Played) -> dict[str, Any]:
    """Means and ranges of both implementations, for people to read."""
    both = {"return": (reference.returns, other.returns)}
    both |= {f"success {t}": (s, other.success[t]) for t, s in reference.success.items()}
    both |= {q: (v, other.quantities[q]) for q, v in reference.quantities.items()}
    return {
        name: [[round(float(f(v)), 5) for f in (np.mean, np.min, np.max)] for v in pair]
        for name, pair in both.items()
    }


def _play(vector: VectorEnv, act: Policy, n_rounds: int, seed: int) -> Played:
    """`n_rounds` episodes in each environment; those that end sooner wait in further episodes."""
    tracks = [_Track() for _ in range(vector.n_envs)]
    start = vector.reset(seed)
    obs, fields = start.obs, start.fields
    for row, track in enumerate(tracks):
        track.begin(fields, row)
    while any(len(track.episodes) < n_rounds for track in tracks):
        actions = act(obs)
        step = vector.step(actions)
        for row, track in enumerate(tracks):
            track.add(actions[row], step.native_reward[row], step.fields, row)
            if step.done[row]:
                track.end(bool(step.terminated[row]))
                track.begin(step.start_fields, row)
        obs = step.obs
    episodes = [episode for track in tracks for episode in track.episodes[:n_rounds]]
    returns = [value for track in tracks for value in track.returns[:n_rounds]]
    return _summed(vector.card, episodes, np.array(returns))


class _Track:
    """The episodes of one environment."""

    def __init__(self) -> None:
        self.episodes: list[Trajectory] = []
        self.returns: list[float] = []

    def begin(self, fields: Mapping[str, Array], row: int) -> None:
        self._columns = {name: [values[row]] for name, values in fields.items()}
        self._actions: list[Array] = []
        self._return = 0.0

    def add(self, action: Array, reward: float, fields: Mapping[str, Array], row: int) -> None:
        self._actions.append(action)
        self._return += float(reward)
        for name, values in fields.items():
            self._columns[name].append(values[row])

    def end(self, is_terminated: bool) -> None:
        fields = {name: np.stack(values) for name, values in self._columns.items()}
        actions = np.stack(self._actions)
        self.episodes.append(
            Trajectory(seed=0, fields=fields, actions=actions, terminated=is_terminated)
        )
        self.returns.append(self._return)


def _summed(card: EnvCard, episodes: list[Trajectory], returns: Array) -> Played:
    quantities: dict[str, Array] = {"length": np.array([e.length for e in episodes], dtype=float)}
    success = {}
    for task in card.tasks.values():
        measure = compile_fitness(task.fitness, card.state, horizon=card.max_steps, dt=card.dt)
        quantities[f"fitness {task.name}"] = np.array([measure.evaluate(e) for e in episodes])
        criterion = compile_success(
            task.success,
            card.state,
            semantics=task.semantics,
            held_steps=task.held_steps,
            horizon=card.max_steps,
            dt=card.dt,
        )
        success[task.name] = np.array([float(criterion.evaluate(e)) for e in episodes])
    tolerances = {}
    for spec in card.state.fields:
        if spec.constant is not None:
            continue
        for quantity, values in _of_field(spec.name, [e.fields[spec.name] for e in episodes]):
            quantities[quantity] = values
            if spec.low is not None and spec.high is not None:
                tolerances[quantity] = TOLERANCE * (spec.high - spec.low)
    return Played(returns=returns, success=success, quantities=quantities, tolerances=tolerances)


def _of_field(name: str, episodes: list[Array]) -> Iterator[tuple[str, Array]]:
    """(`<field>[i] <number>`, its value in every episode)."""
    flat = [values.reshape(len(values), -1).astype(np.float64) for values in episodes]
    for i in range(flat[0].shape[1]):
        place = f"{name}[{i}]" if flat[0].shape[1] > 1 else name
        yield f"{place} start", np.array([values[0, i] for values in flat])
        yield f"{place} end", np.array([values[-1, i] for values in flat])
        yield f"{place} mean", np.array([values[:, i].mean() for values in flat])
        yield f"{place} min", np.array([values[:, i].min() for values in flat])
        yield f"{place} max", np.array([values[:, i].max() for values in flat])
