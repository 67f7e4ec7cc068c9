"""Steps EnvPool's environments as `StateVectorEnv` steps the card's own, true last states included.

EnvPool begins the next episode on the step after an end, and swallows that step's action. Here an
ended episode is reset at once and alone, and the horizon is counted here, so that every step means
what it means in the reference. Seeds are fixed when a pool is made, and making one starts threads:
`prepare` it before the lock.
"""

import warnings
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rewardsmith.environments.card_types import Backend, EnvCard
from rewardsmith.environments.factory import import_named
from rewardsmith.environments.fields import BatchReader, Fields
from rewardsmith.environments.sources import parse_source
from rewardsmith.environments.suites.packages import package
from rewardsmith.environments.vector import Start, VectorStep
from rewardsmith.errors import ConfigError, UsageError, unknown

Array = np.ndarray[Any, Any]
Infos = list[dict[str, Any]]


class _Shown:
    """What the pool says of some of its environments, in the order of their numbers."""

    def __init__(self, obs: Any, info: Mapping[str, Any]) -> None:
        order = info["env_id"].argsort()
        is_sorted = bool((order[1:] > order[:-1]).all())
        self.order: Any = slice(None) if is_sorted else order
        self.obs, self.info = _rows(obs, self.order), info
        self.entries: Mapping[str, Any] = {}
        """What a card's own function adds to `info`, in the order of `obs`."""

    def infos(self, names: Collection[str]) -> Infos:
        """The entries called `names`, one table per environment."""
        n = len(self.info["env_id"])
        if not names:
            return [{}] * n
        columns = {name: self._column(name) for name in names}
        return [{name: _rows(column, i) for name, column in columns.items()} for i in range(n)]

    def _column(self, name: str) -> Any:
        if name in self.entries:
            return self.entries[name]
        return _rows(self.info[name], self.order)


class PooledVectorEnv:
    """`n_envs` environments of one card, stepped by EnvPool in one thread.

    Args:
        card: Which environment; its `max_steps` is the horizon.
        backend: How EnvPool calls it, and what it shows of it.
        n_envs: How many.
        names: Fields to read, with what they are derived from; all when None.

    Raises:
        UsageError: EnvPool is not installed or has no such environment.
        ConfigError: Its observations are no vectors, or it does not show a field.
    """

    def __init__(
        self,
        card: EnvCard,
        backend: Backend,
        n_envs: int,
        *,
        names: Collection[str] | None = None,
    ) -> None:
        self.card = card
        self.spec = card.state
        self.n_envs = n_envs
        self.horizon = card.max_steps
        self._backend = backend
        self._watch(names)
        self._observe = (
            import_named(*_split(backend.observation), card) if backend.observation else None
        )
        self._elapsed = np.zeros(n_envs, dtype=np.int64)
        self._seed: int | None = None
        """Of a pool whose first episodes nobody has begun yet."""
        self.prepare(0)
        self.obs_dim = self._obs_of(self._first).shape[1]
        """Length of an observation."""

    def prepare(self, seed: int) -> None:
        """Do now what a `reset` with this seed would have to: it starts threads."""
        self._pool: Any = None  # its threads end first
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*precision lowered")  # of its own spaces
            self._pool = _made(self.card, self._backend, self.n_envs, seed)
            self._first = _Shown(*self._pool.reset())
        self._seed = seed

    def reading(self, names: Collection[str]) -> "PooledVectorEnv":
        """These environments, with no other fields read than `names`."""
        self._watch(names)
        return self

    def reset(self, seed: int) -> Start:
        """Start fresh episodes; environment i gets `seed + i`."""
        if seed != self._seed:
            self.prepare(seed)
        self._seed = None
        self._elapsed[:] = 0
        return Start(*self._read(self._first, at_start=True))

    def step(self, actions: Array) -> VectorStep:
        """Step every environment once; where an episode ends, the next one starts.

        Args:
            actions: Shape (n_envs, *action shape), within the environment's bounds.
        """
        observed, rewards, ended, cut, info = self._pool.step(np.asarray(actions))
        shown = _Shown(observed, info)
        next_obs, fields = self._read(shown)
        self._elapsed += 1
        terminated = np.array(ended[shown.order], dtype=np.bool_)
        truncated = (self._elapsed >= self.horizon) | np.array(cut[shown.order], dtype=np.bool_)
        truncated &= ~terminated
        obs, start_fields = next_obs, fields
        rows = (terminated | truncated).nonzero()[0]
        if len(rows):
            obs, start_fields = self._restart(rows, next_obs, fields)
        native = np.array(rewards[shown.order], dtype=np.float64)
        return VectorStep(obs, next_obs, fields, start_fields, terminated, truncated, native)

    def close(self) -> None:
        """End the pool and its threads."""
        self._pool, self._seed = None, None

    def _restart(self, rows: Array, next_obs: Array, fields: Fields) -> tuple[Array, Fields]:
        """Reset `rows` and return observations and fields with these rows renewed."""
        shown = _Shown(*self._pool.reset(rows.astype(np.int32)))
        self._elapsed[rows] = 0
        fresh_obs, fresh = self._read(shown, at_start=True)
        obs = next_obs.copy()
        obs[rows] = fresh_obs
        renewed = {name: values.copy() for name, values in fields.items()}
        for name, values in fresh.items():
            renewed[name][rows] = values
        return obs, renewed

    def _watch(self, names: Collection[str] | None) -> None:
        """Prepare to read the fields called `names`."""
        card = shown_card(self.card, self._backend)
        self._reader = BatchReader(card, None, names=names)
        sources = [parse_source(s.source) for s in card.state.fields if s.constant is None]
        self._keys = {s.names[0] for s in sources if s.kind == "info"}

    def _read(self, shown: _Shown, *, at_start: bool = False) -> tuple[Array, Fields]:
        obs = self._obs_of(shown)
        return obs, self._reader.read(obs, shown.infos(self._keys), at_start=at_start)

    def _obs_of(self, shown: _Shown) -> Array:
        """Observations as the card's own environment shows them, shape (n, obs_dim)."""
        obs = self._observe(shown.obs, shown.info) if self._observe else shown.obs
        if isinstance(obs, tuple):
            obs, shown.entries = obs
        if not isinstance(obs, np.ndarray) or obs.ndim != 2:
            raise ConfigError(
                f"{self.card.ref}: {self._backend.id} shows no vectors. Give the backend an "
                "'observation: module:function' that makes the card's observation of them."
            )
        return np.array(obs)  # the pool writes into its own


def shown_card(card: EnvCard, backend: Backend) -> EnvCard:
    """The card with every field's source as the backend shows it.

    Raises:
        ConfigError: A field can only be read inside the environment's own process.
    """
    fields = tuple(
        replace(spec, source=backend.fields.get(spec.name, spec.source))
        for spec in card.state.fields
    )
    hidden = [s.name for s in fields if s.constant is None and parse_source(s.source).is_simulator]
    if hidden:
        raise ConfigError(
            f"{card.ref}: {backend.id} does not show {', '.join(hidden)}. Say in the backend's "
            "'fields' where it does, or train in Python."
        )
    return replace(card, state=replace(card.state, fields=fields))


def _made(card: EnvCard, backend: Backend, n_envs: int, seed: int) -> Any:
    envpool = package("envpool", card.ref)
    known = envpool.list_all_envs()
    if backend.id not in known:
        raise UsageError(unknown("EnvPool environment", backend.id, known))
    return envpool.make(
        backend.id,
        env_type="gymnasium",
        num_envs=n_envs,
        num_threads=1,
        seed=seed,
        max_episode_steps=card.max_steps + 1,  # so that it never begins an episode by itself
        **backend.kwargs,
    )


def _rows(values: Any, index: Any) -> Any:
    """Rows of an array, or of every array in nested tables."""
    if isinstance(values, Mapping):
        return {name: _rows(value, index) for name, value in values.items()}
    return values[index]


def _split(function: str) -> tuple[str, str]:
    module, _, name = function.partition(":")
    return module, name
