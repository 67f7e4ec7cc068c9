"""Steps several environments in one process and never loses a true last state.

After a step, `next_obs` and `fields` belong to the state the action led to, also where the episode
ended there; `obs` and `start_fields` are those after the reset. Arrays are fresh each step: they
may be kept, not written to.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.factory import Env, make_env
from rewardsmith.environments.fields import BatchReader, Fields
from rewardsmith.errors import ConfigError, UsageError
from rewardsmith.messages import StateSpec


class Start(NamedTuple):
    """Fresh episodes in all environments."""

    obs: np.ndarray
    """Shape (n_envs, obs_dim), in the environment's own dtype."""
    fields: Fields
    """State fields at the episodes' start."""


class VectorStep(NamedTuple):
    """What one step of all environments led to."""

    obs: np.ndarray
    """To act on next: after the reset where an episode ended; `next_obs` itself where none did."""
    next_obs: np.ndarray
    """Observations of the true next state, before any reset."""
    fields: Fields
    """Fields of the true next state, before any reset."""
    start_fields: Fields
    """Fields after the reset where an episode ended; `fields` itself where none did."""
    terminated: np.ndarray
    """The environment ended the episode; boolean, shape (n_envs,)."""
    truncated: np.ndarray
    """The horizon, or the environment's own limit, ended it; never together with `terminated`."""
    native_reward: np.ndarray
    """The environment's own reward, shape (n_envs,)."""

    @property
    def done(self) -> np.ndarray:
        """Where an episode ended; boolean, shape (n_envs,)."""
        return np.asarray(self.terminated | self.truncated)


class VectorEnv(Protocol):
    """Environments of one card, stepped together; see `StateVectorEnv` for what each call means."""

    card: EnvCard
    spec: StateSpec
    n_envs: int
    horizon: int
    obs_dim: int

    def prepare(self, seed: int) -> None:
        """Do now whatever a `reset` with this seed may no longer do after the lock."""

    def reading(self, names: Collection[str]) -> "VectorEnv":
        """These environments, with no other fields read than `names`."""

    def reset(self, seed: int) -> Start:
        """Start fresh episodes."""

    def step(self, actions: np.ndarray) -> VectorStep:
        """Step every environment once; where an episode ends, the next one starts."""

    def close(self) -> None:
        """Close all environments."""


class StateVectorEnv:
    """`n_envs` environments of one card, stepped one after the other.

    Args:
        card: Which environment; its `max_steps` is the horizon.
        n_envs: How many.
        names: Fields to read, with what they are derived from; all when None.
        envs: Environments to use instead of making them.
    """

    def __init__(
        self,
        card: EnvCard,
        n_envs: int,
        *,
        names: Collection[str] | None = None,
        envs: list[Env] | None = None,
    ) -> None:
        self.card = card
        self.spec = card.state
        """Fields and action."""
        self.n_envs = n_envs
        self.horizon = card.max_steps
        """Timesteps after which an episode is truncated."""
        self.envs = envs if envs is not None else [make_env(card) for _ in range(n_envs)]
        space = self.envs[0].observation_space
        if space.shape is None or len(space.shape) != 1:
            raise ConfigError(f"{card.ref}: observations have shape {space.shape}. Flatten them.")
        self.obs_dim = space.shape[0]
        """Length of an observation."""
        self.obs_dtype: Any = space.dtype
        self._reader = BatchReader(card, self.envs, names=names)
        self._steppers = [env.step for env in self.envs]
        self._infos: list[dict[str, Any]] = [{} for _ in self.envs]
        self._elapsed = np.zeros(n_envs, dtype=np.int64)
        self._is_discrete = card.state.action.kind == "discrete"

    def prepare(self, seed: int) -> None:
        """Nothing: a reset only computes."""

    def reading(self, names: Collection[str]) -> "StateVectorEnv":
        """These environments, with no other fields read than `names`."""
        return StateVectorEnv(self.card, self.n_envs, names=names, envs=self.envs)

    def reset(self, seed: int) -> Start:
        """Start fresh episodes; environment i gets `seed + i`."""
        obs = np.empty((self.n_envs, self.obs_dim), dtype=self.obs_dtype)
        for i, env in enumerate(self.envs):
            first, self._infos[i] = env.reset(seed=seed + i)
            self._place(obs, i, first)
        self._elapsed[:] = 0
        self._reader.bind()
        return Start(obs, self._reader.read(obs, self._infos, at_start=True))

    def step(self, actions: np.ndarray) -> VectorStep:
        """Step every environment once; where an episode ends, the next one starts.

        Args:
            actions: Shape (n_envs, *action shape), within the environment's bounds.
        """
        chosen = actions.tolist() if self._is_discrete else actions
        results = [step(a) for step, a in zip(self._steppers, chosen, strict=True)]
        observed, rewards, ended, cut, self._infos = map(list, zip(*results, strict=True))
        next_obs = np.concatenate(observed, dtype=self.obs_dtype)
        if next_obs.shape != (self.n_envs * self.obs_dim,):
            raise self._misshapen("step", observed)
        next_obs = next_obs.reshape(self.n_envs, -1)
        fields = self._reader.read(next_obs, self._infos)
        self._elapsed += 1
        terminated = np.array(ended, dtype=np.bool_)
        truncated = (self._elapsed >= self.horizon) | np.array(cut, dtype=np.bool_)
        truncated &= ~terminated
        obs, start_fields = next_obs, fields
        done = terminated | truncated
        if done.any():
            obs, start_fields = self._restart(done.nonzero()[0].tolist(), next_obs, fields)
        native = np.array(rewards, dtype=np.float64)
        return VectorStep(obs, next_obs, fields, start_fields, terminated, truncated, native)

    def close(self) -> None:
        """Close all environments."""
        for env in self.envs:
            env.close()

    def _restart(
        self, rows: list[int], next_obs: np.ndarray, fields: Fields
    ) -> tuple[np.ndarray, Fields]:
        """Reset `rows` and return observations and fields with these rows renewed."""
        obs = next_obs.copy()
        for row in rows:
            first, self._infos[row] = self.envs[row].reset()
            self._place(obs, row, first)
        self._elapsed[rows] = 0
        self._reader.bind(rows)
        return obs, self._reader.renewed(fields, obs, self._infos, rows)

    def _place(self, obs: np.ndarray, row: int, first: Any) -> None:
        """Put the observation of a reset into its row."""
        if np.shape(first) != (self.obs_dim,):
            raise self._misshapen("reset", [first])
        obs[row] = first

    def _misshapen(self, when: str, observed: Sequence[Any]) -> UsageError:
        shapes = [np.shape(one) for one in observed]
        wrong = next((shape for shape in shapes if shape != (self.obs_dim,)), shapes[0])
        return UsageError(
            f"{self.card.called}: {when}() returned an observation of shape {wrong}, and its space "
            f"says {(self.obs_dim,)}. Correct one of them."
        )
