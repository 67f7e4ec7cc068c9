"""The training preset: PPO's hyperparameters, chosen by CPU-seconds to target.

A card may override single values; the resolved preset is written into the run. The driver derives
the names and shapes of every checkpoint from it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from rewardsmith.errors import ConfigError, unknown

_MANY = 2**24
_TINY = 1e-12
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "n_envs": (1, 4096),
    "n_steps": (1, _MANY),
    "batch_size": (2, _MANY),  # SB3 normalises advantages over a batch
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
}
"""Lowest and highest value of each; NaN lies nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Hyperparameters of PPO (Schulman et al., 2017), as Stable-Baselines3 names them."""

    n_envs: int = 16
    n_steps: int = 64
    """Timesteps per environment and rollout."""
    batch_size: int = 1024
    n_epochs: int = 10
    learning_rate: float = 1e-3
    gamma: float = 0.99
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    ent_coef: float = 0.0
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5
    log_std_init: float = -1.0
    hidden: tuple[int, ...] = (64, 64)
    """Units of the hidden tanh layers of actor and critic; cards write them as in `64, 64`."""

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            low, high = _BOUNDS[f.name]
            for number in value if isinstance(value, tuple) else (value,):
                if not low <= number <= high:
                    raise ConfigError(
                        f"Preset value {f.name!r} is {number!r}, but has to lie in [{low}, {high}]."
                    )
        if self.rollout_size < 2:
            raise ConfigError("A rollout of one timestep teaches nothing. Raise 'n_steps'.")

    @property
    def rollout_size(self) -> int:
        """Timesteps of one rollout, over all environments."""
        return self.n_envs * self.n_steps

    def rounded(self, timesteps: float) -> int:
        """`timesteps`, rounded to whole rollouts, at least one."""
        return max(1, round(timesteps / self.rollout_size)) * self.rollout_size


def resolve_preset(*overrides: Mapping[str, Any]) -> Preset:
    """The default preset with `overrides` applied in order.

    Raises:
        ConfigError: A key is not a hyperparameter, or its value has the wrong type or size.
    """
    preset = Preset()
    kinds = {f.name: type(getattr(preset, f.name)) for f in fields(Preset)}
    for override in overrides:
        for key, value in override.items():
            if key not in kinds:
                raise ConfigError(unknown("preset value", key, kinds))
            typed: Any = _typed(key, value, kinds[key])
            preset = replace(preset, **{key: typed})
    return preset


def preset_mapping(preset: Preset) -> dict[str, Any]:
    """The preset as JSON-ready values."""
    return asdict(preset)


def _typed(key: str, value: object, kind: type) -> object:
    if kind is tuple:
        return tuple(_typed(key, v, int) for v in _listed(value))
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ConfigError(f"Preset value {key!r} has to be {kind.__name__}, not {value!r}.")


def _listed(value: object) -> list[object]:
    """The layers in `[64, 64]`, `"64, 64"` or `64`: cards and flags hold single values."""
    if isinstance(value, str):
        return [int(part) if part.strip().isdecimal() else part for part in value.split(",")]
    return list(value) if isinstance(value, list | tuple) else [value]
