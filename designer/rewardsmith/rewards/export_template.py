"""The text of an exported module: what stays the same whatever the reward.

`$name` is filled in by `export`. The code repeats `composition.RewardStream` and
`wrappers.DesignedReward` with NumPy alone; a test compares them step by step.
"""

from string import Template
from typing import Final

MODULE: Final = Template('''\
"""$title

Exported by rewardsmith; it needs NumPy, and Gymnasium only for `DesignedReward`. Change WEIGHTS and
PARAMS at will; `components` is the compiled form of the program in original_reward.py.
"""

import numpy as np

WEIGHTS = $weights
PARAMS = $params
TOTAL = $total  # "sum", "product", or the bounds of a clipped sum
MEMORY = $memory
GAMMA = $gamma  # the discount that it was trained with
# What `Reward` has to be told of the environment's state, and what the functions below read.
FIELDS = $fields
READS = $reads

$functions

class Reward:
    """The reward of `n_envs` environments side by side.

    Call `begin` where episodes start and `step` after every step, with the fields as they were
    before any reset: arrays of shape (n_envs, ...), kept here, so never write to them afterwards.
    """

    def __init__(self, n_envs, gamma=GAMMA):
        self._gamma = gamma
        self._start_memory = {
            name: np.stack([np.asarray(value, dtype=np.float64)] * n_envs)
            for name, value in MEMORY.items()
        }
        self._memory = dict(self._start_memory)
        self._previous, self._initial = {}, {}
        self._step = np.zeros(n_envs, dtype=np.int64)
        self._action = None
        self._phi = None

    def begin(self, fields, rows=None):
        """Start an episode in every environment, or where the boolean `rows` is true."""
        for name in FIELDS:
            self._previous[name] = _choose(rows, fields[name], self._previous.get(name))
            self._initial[name] = _choose(rows, fields[name], self._initial.get(name))
        for name, start in self._start_memory.items():
            self._memory[name] = _choose(rows, start, self._memory[name])
        self._step = _choose(rows, np.zeros_like(self._step), self._step)
        if self._action is not None:
            self._action = _choose(rows, 0 * self._action, self._action)
        if _potential is not None:
            self._phi = _choose(rows, _potential_of(fields), self._phi)

    def step(self, action, fields, *, terminated, truncated=None):
        """Rewards of shape (n_envs,), and the unweighted components.

        A last state's potential counts nothing where `terminated`, and as it is where truncated.
        """
        inputs = self._inputs(action, fields, terminated)
        with np.errstate(all="ignore"):
            found = components(np, inputs, PARAMS)
            total = _compose(found)
            if _memory is not None:
                self._memory.update(_memory(np, inputs, PARAMS))
        if _potential is not None:
            phi = _potential_of(fields)
            total = total + (self._gamma * np.where(terminated, 0.0, phi) - self._phi)
            self._phi = phi
        return total, found

    def _inputs(self, action, fields, terminated):
        self._step = self._step + 1
        before = 0 * action if self._action is None else self._action
        groups = {"state": fields, "previous": self._previous, "initial": self._initial}
        inputs = {
            f"{group}.{name}": values[name]
            for group, values in groups.items()
            for name in sorted(FIELDS)
            if f"{group}.{name}" in READS
        }
        inputs["action"] = action
        inputs["terminated"] = terminated
        inputs["step"] = self._step
        inputs["previous_action"] = before
        inputs |= {f"memory.{name}": value for name, value in self._memory.items()}
        self._action = np.array(action)
        self._previous = {name: fields[name] for name in FIELDS}
        return inputs


_memory = globals().get("memory")
_potential = globals().get("potential")


def _potential_of(fields):
    with np.errstate(all="ignore"):
        return _potential(np, {f"state.{name}": fields[name] for name in FIELDS}, PARAMS)


def _compose(found):
    paid = [weight * found[name] for name, weight in WEIGHTS.items() if weight != 0]
    if not paid:
        return 0.0 * next(iter(found.values()))
    reward = paid[0]
    for part in paid[1:]:
        reward = reward * part if TOTAL == "product" else reward + part
    return reward if TOTAL in ("sum", "product") else np.clip(reward, *TOTAL)


def _choose(rows, new, old):
    if rows is None or old is None:
        return new
    return np.where(np.reshape(rows, (-1,) + (1,) * (new.ndim - 1)), new, old)
''')

WRAPPER: Final = Template('''\


# ------------------------------------------------------------ for Gymnasium


def read_fields(env, obs, info, at_start=False):
    """The fields of one $env, each with a leading axis of 1, as they are now."""
    obs = np.asarray(obs, dtype=np.float64)
    fields = {}
$readings
    return fields


def _follow(info, path, start, at_start):
    for key in path:
        if at_start and start is not None and key not in info:
            return _Start(start)
        info = info[key]
    return info


class _Start(tuple):
    """A value that stands for the whole field, until `info` holds it."""


def _array(value, index, dtype, shape):
    whole = isinstance(value, _Start)
    cut = np.asarray(value) if whole else np.asarray(value)[index]
    return np.array(cut, dtype=dtype).reshape(1, *shape)


def __getattr__(name):
    """Make `DesignedReward` when it is first asked for: all else needs no Gymnasium."""
    if name != "DesignedReward":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = made = _wrapper()
    return made


def _wrapper():
    import gymnasium

    class DesignedReward(gymnasium.Wrapper):
        """Pays this reward in one $env instead of the environment's own.

        `info["reward_components"]` holds the unweighted components, `info["native_reward"]` what
        the environment itself would have paid.
        """

        def __init__(self, env, gamma=GAMMA):
            super().__init__(env)
            self._space = env.observation_space
            self._reward = Reward(1, gamma=gamma)

        def reset(self, *, seed=None, options=None):
            obs, info = self.env.reset(seed=seed, options=options)
            self._reward.begin(read_fields(self.env, self._flat(obs), info, at_start=True))
            return obs, info

        def step(self, action):
            obs, native, terminated, truncated, info = self.env.step(action)
            # Programs count choices from 0, wherever the environment begins to.
            start = getattr(self.env.action_space, "start", 0)
            counted = np.asarray(action) - start if np.any(start) else np.asarray(action)
            total, found = self._reward.step(
                counted[None],
                read_fields(self.env, self._flat(obs), info),
                terminated=np.array([terminated], dtype=np.bool_),
            )
            parts = {name: float(values[0]) for name, values in found.items()}
            info = {**info, "native_reward": float(native), "reward_components": parts}
            return obs, float(total[0]), terminated, truncated, info

        def _flat(self, obs):
            if isinstance(self._space, gymnasium.spaces.Box) and len(self._space.shape) == 1:
                return obs
            return gymnasium.spaces.flatten(self._space, obs)

    DesignedReward.__qualname__ = "DesignedReward"
    return DesignedReward
''')
