"""Training presets: the hyperparameters of each algorithm, chosen by CPU-seconds to target.

A card may override single values; the resolved preset travels with every training. The driver
derives the names and shapes of every checkpoint from it.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Final, get_args

from rewardsmith.errors import ConfigError, unknown
from rewardsmith.evaluation.policy import Activation, Algorithm, PolicySpec
from rewardsmith.messages import ActionSpec

_MANY = 2**24
_TINY = 1e-12
_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "n_envs": (1, 4096),
    "n_steps": (1, _MANY),
    "batch_size": (2, _MANY),  # SB3's PPO normalises advantages over a batch
    "n_epochs": (1, 1000),
    "learning_rate": (_TINY, 1.0),
    "gamma": (0.0, 1.0),
    "gae_lambda": (0.0, 1.0),
    "clip_range": (_TINY, 10.0),
    "ent_coef": (0.0, 100.0),
    "vf_coef": (0.0, 100.0),
    "max_grad_norm": (_TINY, 1e6),
    "log_std_init": (-20.0, 5.0),
    "hidden": (1, 4096),
    "train_freq": (1, _MANY),
    "gradient_steps": (1, _MANY),
    "buffer_size": (1, _MANY),
    "learning_starts": (1, _MANY),
    "tau": (_TINY, 1.0),
    "ent_coef_init": (1e-6, 100.0),
    "n_sampled_goal": (0, 100),
}
"""Lowest and highest value of each number; NaN lies nowhere."""

_CHOICES: Final[Mapping[str, Sequence[str]]] = {"activation": get_args(Activation)}

_OF_THE_TASK: Final = ("gamma",)
"""Values that say what is learnt rather than how: they count for every algorithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset(ABC):
    """What the presets of all algorithms have in common, as Stable-Baselines3 names it."""

    algorithm: ClassVar[Algorithm]

    n_envs: int
    batch_size: int
    learning_rate: float
    gamma: float = 0.99
    """Discount of a timestep, for the learner and for a program's potentials alike."""
    hidden: tuple[int, ...]
    """Units of the hidden layers of actor and critics; cards write them as in `64, 64`."""

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name in _CHOICES:
                _require_choice(f.name, value)
                continue
            low, high = _BOUNDS[f.name]
            for number in value if isinstance(value, tuple) else (value,):
                if not low <= number <= high:
                    raise ConfigError(
                        f"Preset value {f.name!r} is {number!r}, but has to lie in [{low}, {high}]."
                    )

    @property
    @abstractmethod
    def rollout_size(self) -> int:
        """Timesteps of one rollout, over all environments."""

    @property
    @abstractmethod
    def gradient_share(self) -> float:
        """Gradient steps per timestep."""

    @property
    @abstractmethod
    def first_noise(self) -> float:
        """Standard deviation of the first actions, over half their range."""

    def rounded(self, timesteps: float) -> int:
        """`timesteps`, rounded to whole rollouts, at least one."""
        return max(1, round(timesteps / self.rollout_size)) * self.rollout_size

    def policy_spec(self, obs_dim: int, action: ActionSpec) -> PolicySpec:
        """Shape of the policies that it trains."""
        return PolicySpec(
            obs_dim=obs_dim, action=action, hidden=self.hidden, algorithm=self.algorithm
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PpoPreset(Preset):
    """Hyperparameters of PPO (Schulman et al., 2017); its networks have tanh layers."""

    algorithm: ClassVar[Algorithm] = "ppo"

    n_envs: int = 16
    n_steps: int = 64
    """Timesteps per environment and rollout."""
    batch_size: int = 1024
    n_epochs: int = 10
    learning_rate: float = 1e-3
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    ent_coef: float = 0.0
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5
    log_std_init: float = -1.0
    hidden: tuple[int, ...] = (64, 64)

    def __post_init__(self) -> None:
        Preset.__post_init__(self)
        if self.rollout_size < 2:
            raise ConfigError("A rollout of one timestep teaches nothing. Raise 'n_steps'.")

    def tiny(self) -> "PpoPreset":
        """The shortest training that touches everything once, for a warm-up."""
        return replace(self, n_steps=4, batch_size=4 * self.n_envs, n_epochs=1)

    @property
    def rollout_size(self) -> int:
        """Timesteps of one rollout, over all environments."""
        return self.n_envs * self.n_steps

    @property
    def gradient_share(self) -> float:
        """Gradient steps per timestep."""
        return self.n_epochs / min(self.batch_size, self.rollout_size)

    @property
    def first_noise(self) -> float:
        """Standard deviation of the first actions, over half their range."""
        return math.exp(self.log_std_init)


@dataclass(frozen=True, slots=True, kw_only=True)
class SacPreset(Preset):
    """Hyperparameters of SAC (Haarnoja et al., 2018), with a learnt entropy coefficient."""

    algorithm: ClassVar[Algorithm] = "sac"

    n_envs: int = 8
    train_freq: int = 8
    """Timesteps per environment between two updates."""
    gradient_steps: int = 32
    """Of one update."""
    batch_size: int = 256
    buffer_size: int = 100_000
    """Transitions that are kept, and that a checkpoint between two segments holds."""
    learning_starts: int = 1000
    """Timesteps of random actions, over all environments, before the first update."""
    learning_rate: float = 1e-3
    tau: float = 0.01
    """Share of the critics that their slow copies take over in a gradient step."""
    ent_coef_init: float = 0.1
    """Entropy coefficient that learning begins with, in units of the scaled reward."""
    hidden: tuple[int, ...] = (128, 128)
    activation: Activation = "relu"
    """Of the hidden layers."""
    n_sampled_goal: int = 0
    """Goals achieved later in its episode that a transition is learnt from with, for each time with
    its own (Andrychowicz et al., 2017); 0 learns from none. Needs goals in observations."""

    def __post_init__(self) -> None:
        Preset.__post_init__(self)
        if self.capacity < max(1, self.learning_starts):
            raise ConfigError(
                f"Preset value 'buffer_size' is {self.buffer_size}: {self.n_envs} environments "
                f"never fill it up to 'learning_starts', {self.learning_starts}. Raise it."
            )

    def tiny(self) -> "SacPreset":
        """The shortest training that touches everything once, for a warm-up."""
        n = 4 * self.n_envs
        return replace(
            self, train_freq=4, gradient_steps=1, batch_size=n, buffer_size=n, learning_starts=1
        )

    @property
    def capacity(self) -> int:
        """Transitions that are kept at most: whole steps of all environments."""
        return self.buffer_size // self.n_envs * self.n_envs

    @property
    def rollout_size(self) -> int:
        """Timesteps of one rollout, over all environments."""
        return self.n_envs * self.train_freq

    @property
    def gradient_share(self) -> float:
        """Gradient steps per timestep."""
        return self.gradient_steps / self.rollout_size

    @property
    def first_noise(self) -> float:
        """Standard deviation of the first actions, over half their range: they are uniform."""
        return 1.0 / math.sqrt(3.0)

    def policy_spec(self, obs_dim: int, action: ActionSpec) -> PolicySpec:
        """Shape of the policies that it trains."""
        return replace(Preset.policy_spec(self, obs_dim, action), activation=self.activation)


_PRESETS: Final[Mapping[str, type[PpoPreset] | type[SacPreset]]] = {
    "ppo": PpoPreset,
    "sac": SacPreset,
}


def resolve_preset(*overrides: Mapping[str, Any]) -> PpoPreset | SacPreset:
    """The default preset of the algorithm that is named last, with `overrides` applied in order.

    An override may name an `algorithm`, else it goes on with that of the one before, at first PPO.
    What it says of another algorithm than the chosen one does not count, except `gamma`.

    Raises:
        ConfigError: A key is not a hyperparameter, or its value has the wrong type or size.
    """
    algorithm, said = "ppo", []
    for override in overrides:
        algorithm = _algorithm(override.get("algorithm", algorithm))
        said.append((algorithm, override))
    preset: PpoPreset | SacPreset = _PRESETS[algorithm]()
    for about, override in said:
        values = _values(override, _PRESETS[about]())
        if about != algorithm:
            values = {name: v for name, v in values.items() if name in _OF_THE_TASK}
        preset = replace(preset, **values)
    return preset


def preset_mapping(preset: Preset) -> dict[str, Any]:
    """The preset as JSON-ready values."""
    return {"algorithm": preset.algorithm, **asdict(preset)}


def require_actions(preset: Preset, action: ActionSpec, env: str) -> None:
    """Refuse an algorithm that cannot learn the environment's actions.

    Raises:
        ConfigError: SAC, where actions are choices.
    """
    if preset.algorithm == "sac" and action.kind != "continuous":
        raise ConfigError(
            f"SAC learns continuous actions only, and {env!r} takes {action.kind} ones. "
            "Train it with `training.preset.algorithm: ppo`."
        )


def is_relabelled(preset: Preset) -> bool:
    """Whether rewards are paid again for other goals, and so may depend on goals alone."""
    return isinstance(preset, SacPreset) and preset.n_sampled_goal > 0


def require_goals(preset: Preset, goal_dim: int, env: str) -> None:
    """Refuse to relabel goals where observations hold none.

    Args:
        preset: The training's.
        goal_dim: Length of a goal, as the card says; 0 for none.
        env: What a person calls the environment.

    Raises:
        ConfigError: With what to do.
    """
    if is_relabelled(preset) and not goal_dim:
        raise ConfigError(
            f"'n_sampled_goal' learns from goals that were achieved, and the card of {env!r} names "
            "no goals. Leave it out, or, where observations are a Dict of `achieved_goal`, "
            "`desired_goal` and more, write the length of a goal into the card: `goal_dim: 3`."
        )


def _algorithm(value: object) -> str:
    if value not in _PRESETS:
        raise ConfigError(unknown("algorithm", str(value), _PRESETS))
    return str(value)


def _values(override: Mapping[str, Any], default: Preset) -> dict[str, Any]:
    """What an override says of a preset, each value in its type."""
    kinds = {f.name: type(getattr(default, f.name)) for f in fields(default)}
    values = {}
    for key, value in override.items():
        if key == "algorithm":
            continue
        if key not in kinds:
            raise ConfigError(unknown("preset value", key, kinds))
        values[key] = _typed(key, value, kinds[key])
    return values


def _typed(key: str, value: object, kind: type) -> object:
    if kind is tuple:
        return tuple(_typed(key, v, int) for v in _listed(value))
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str):
        return value
    raise ConfigError(f"Preset value {key!r} has to be {kind.__name__}, not {value!r}.")


def _require_choice(key: str, value: str) -> None:
    if value not in _CHOICES[key]:
        raise ConfigError(unknown(key, value, _CHOICES[key]))


def _listed(value: object) -> list[object]:
    """The layers in `[64, 64]`, `"64, 64"` or `64`: cards and flags hold single values."""
    if isinstance(value, str):
        return [int(part) if part.strip().isdecimal() else part for part in value.split(",")]
    return list(value) if isinstance(value, list | tuple) else [value]
