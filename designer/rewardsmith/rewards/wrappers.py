"""Gymnasium wrappers that pay a designed reward instead of the environment's own.

The reward of an episode's last step is computed from the true last state in every autoreset mode.
The program's compiled form runs in the caller's own process: it was checked, it is not locked in.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.fields import BatchReader, Fields
from rewardsmith.errors import UsageError
from rewardsmith.rewards.composition import RewardStream, StepRewards
from rewardsmith.rewards.contract import RewardProgram

Info = dict[str, Any]


class DesignedReward(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Pays the designed reward in one environment.

    `info["reward_components"]` holds the unweighted components and `info["native_reward"]` what
    the environment itself would have paid.

    Args:
        env: The environment of `card`, wrapped or not.
        program: The reward program.
        card: Says where the state fields come from.
        gamma: The trainer's discount, for the program's potential.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        program: RewardProgram,
        card: EnvCard,
        *,
        gamma: float = 0.99,
    ) -> None:
        super().__init__(env)
        self._space = env.observation_space
        self._stream = RewardStream(program, card.state, 1, gamma=gamma)
        self._reader = BatchReader(card, [env], names=self._stream.fields)

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[Any, Info]:
        """Reset the environment and start the reward's episode."""
        obs, info = self.env.reset(seed=seed, options=options)
        self._reader.bind()
        self._stream.begin(self._reader.read(self._flat(obs), [info], at_start=True))
        return obs, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, Info]:
        """Step the environment and pay the designed reward."""
        obs, native, terminated, truncated, info = self.env.step(action)
        rewards = self._stream.step(
            _counted(action, self.env.action_space)[None],
            self._reader.read(self._flat(obs), [info]),
            terminated=np.array([terminated], dtype=np.bool_),
            truncated=np.array([truncated], dtype=np.bool_),
        )
        components = {name: float(values[0]) for name, values in rewards.components.items()}
        info = {**info, "native_reward": float(native), "reward_components": components}
        return obs, float(rewards.total[0]), bool(terminated), bool(truncated), info

    def _flat(self, obs: Any) -> np.ndarray:
        return _flatten(self._space, obs)[None]


class DesignedRewardVector(gymnasium.vector.VectorWrapper[Any, Any, Any, Any, np.ndarray]):
    """Pays the designed reward in a vector environment, in any autoreset mode.

    Under NEXT_STEP the step that resets an environment earns 0. Under SAME_STEP the true last state
    is taken from `info["final_obs"]` and `info["final_info"]`, so fields that only the simulator
    knows cannot be used there.

    Args:
        env: A vector environment of `card`.
        program: The reward program.
        card: Says where the state fields come from.
        gamma: The trainer's discount, for the program's potential.

    Raises:
        UsageError: A field the program reads cannot be read in this vector environment.
    """

    def __init__(
        self,
        env: gymnasium.vector.VectorEnv[Any, Any, Any],
        program: RewardProgram,
        card: EnvCard,
        *,
        gamma: float = 0.99,
    ) -> None:
        super().__init__(env)
        self._mode = _autoreset_mode(env)
        self._stream = RewardStream(program, card.state, env.num_envs, gamma=gamma)
        self._reader = _vector_reader(env, card, self._stream.fields, self._mode)
        self._all = np.arange(env.num_envs)
        self._resets_next = np.zeros(env.num_envs, dtype=np.bool_)

    def reset(self, *, seed: Any = None, options: Info | None = None) -> tuple[Any, Info]:
        """Reset all environments, or those in `options["reset_mask"]`."""
        mask = None if options is None else options.get("reset_mask")
        started = np.ones(self.num_envs, dtype=np.bool_) if mask is None else np.array(mask)
        obs, infos = self.env.reset(seed=seed, options=options)
        self._resets_next[started] = False
        rows = self._all[started]
        fresh = self._read(rows, self._flat(obs), infos, at_start=True)
        self._stream.begin(_spread(fresh, rows, self.num_envs), None if mask is None else started)
        return obs, infos

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, Info]:
        """Step all environments and pay the designed reward."""
        obs, native, terminated, truncated, infos = self.env.step(actions)
        ended = np.asarray(terminated) | np.asarray(truncated)
        actions = _counted(actions, self.single_action_space)
        if self._mode is AutoresetMode.SAME_STEP:
            rewards = self._step_same(actions, self._flat(obs), infos, terminated, truncated, ended)
            idle = np.zeros(self.num_envs, dtype=np.bool_)
        else:
            idle = self._resets_next
            rewards = self._step_next(actions, self._flat(obs), infos, terminated, truncated, idle)
            if self._mode is AutoresetMode.NEXT_STEP:
                self._resets_next = ended
        components = {name: np.where(idle, 0.0, v) for name, v in rewards.components.items()}
        infos = {**infos, "native_reward": native, "reward_components": components}
        return obs, np.where(idle, 0.0, rewards.total), terminated, truncated, infos

    def _step_next(
        self,
        actions: np.ndarray,
        obs: np.ndarray,
        infos: Info,
        terminated: np.ndarray,
        truncated: np.ndarray,
        idle: np.ndarray,
    ) -> StepRewards:
        """NEXT_STEP and DISABLED: `obs` is the true state; `idle` rows were reset by this step."""
        moved = self._all[~idle]
        fields = self._read(moved, obs, infos, at_start=False)
        if len(moved) < self.num_envs:
            rows = self._all[idle]
            fresh = self._read(rows, obs, infos, at_start=True)
            fields = _merge(fields, moved, fresh, rows)
        rewards = self._stream.step(actions, fields, terminated=terminated, truncated=truncated)
        if idle.any():
            self._stream.begin(fields, idle)
        return rewards

    def _step_same(
        self,
        actions: np.ndarray,
        obs: np.ndarray,
        infos: Info,
        terminated: np.ndarray,
        truncated: np.ndarray,
        ended: np.ndarray,
    ) -> StepRewards:
        """SAME_STEP: where an episode ended, `obs` is the next one's start."""
        rows, going = self._all[ended], self._all[~ended]
        fields = self._read(going, obs, infos, at_start=False)
        if len(rows):
            true_obs = obs.copy()
            for row in rows:
                true_obs[row] = _flatten(self.single_observation_space, infos["final_obs"][row])
            last = self._read(rows, true_obs, infos["final_info"], at_start=False)
            fields = _merge(fields, going, last, rows)
        rewards = self._stream.step(actions, fields, terminated=terminated, truncated=truncated)
        if len(rows):
            fresh = self._read(rows, obs, infos, at_start=True)
            self._stream.begin(_spread(fresh, rows, self.num_envs), ended)
        return rewards

    def _read(self, rows: np.ndarray, obs: np.ndarray, infos: Info, *, at_start: bool) -> Fields:
        chosen = rows.tolist()
        if not chosen:
            return {}
        if at_start:
            self._reader.bind(chosen)
        views = [_RowInfo(infos, row) for row in chosen]
        return self._reader.read(obs[rows], views, rows=chosen, at_start=at_start)

    def _flat(self, obs: Any) -> np.ndarray:
        space = self.single_observation_space
        if isinstance(space, gymnasium.spaces.Box) and len(space.shape) == 1:
            return np.asarray(obs)
        single = gymnasium.vector.utils.iterate(self.observation_space, obs)
        return np.stack([_flatten(space, item) for item in single])


class _RowInfo(Mapping[str, Any]):
    """One environment's info within the info of a vector environment."""

    def __init__(self, infos: Mapping[str, Any], row: int) -> None:
        self._infos = infos
        self._row = row

    def __getitem__(self, key: str) -> Any:
        values = self._infos[key]
        present = self._infos.get(f"_{key}")
        if present is not None and not present[self._row]:
            raise KeyError(key)
        return _RowInfo(values, self._row) if isinstance(values, dict) else values[self._row]

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._infos if not key.startswith("_"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _autoreset_mode(env: gymnasium.vector.VectorEnv[Any, Any, Any]) -> AutoresetMode:
    mode = env.metadata.get("autoreset_mode")
    if not isinstance(mode, AutoresetMode):
        raise UsageError(
            f"{env} does not say how it resets. "
            "Set metadata['autoreset_mode'] to a gymnasium.vector.AutoresetMode."
        )
    return mode


def _vector_reader(
    env: gymnasium.vector.VectorEnv[Any, Any, Any],
    card: EnvCard,
    names: Sequence[str],
    mode: AutoresetMode,
) -> BatchReader:
    singles = getattr(env.unwrapped, "envs", None)
    readable = None if mode is AutoresetMode.SAME_STEP else singles
    try:
        return BatchReader(card, readable, names=names)
    except UsageError as error:
        if readable is not None:
            raise
        why = (
            "SAME_STEP has reset the simulator before its last state can be read"
            if mode is AutoresetMode.SAME_STEP and singles is not None
            else "the simulators of this vector environment are not in this process"
        )
        raise UsageError(
            f"{error} Here, {why}. A SyncVectorEnv with autoreset_mode NEXT_STEP or DISABLED works."
        ) from error


def _counted(action: Any, space: gymnasium.Space[Any]) -> np.ndarray:
    """An action as programs see it: choices count from 0, wherever the space begins to."""
    start = getattr(space, "start", 0)
    return np.asarray(action) - start if np.any(start) else np.asarray(action)


def _flatten(space: gymnasium.Space[Any], obs: Any) -> np.ndarray:
    if isinstance(space, gymnasium.spaces.Box) and len(space.shape) == 1:
        return np.asarray(obs)
    return np.asarray(gymnasium.spaces.flatten(space, obs))


def _spread(fields: Fields, rows: np.ndarray, n_envs: int) -> Fields:
    """Fields of `rows` as full arrays; other rows are zero and not to be looked at."""
    full = {n: np.zeros((n_envs, *v.shape[1:]), dtype=v.dtype) for n, v in fields.items()}
    for name, values in fields.items():
        full[name][rows] = values
    return full


def _merge(some: Fields, rows: np.ndarray, others: Fields, other_rows: np.ndarray) -> Fields:
    """Full arrays from two complementary sets of rows."""
    full = _spread(others, other_rows, len(rows) + len(other_rows))
    for name, values in some.items():
        full[name][rows] = values
    return full
