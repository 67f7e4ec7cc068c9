"""The training preset: PPO's hyperparameters, chosen by CPU-seconds to target.

A card may override single values; the resolved preset is written into the run. The driver derives
the names and shapes of every checkpoint from it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from rewardsmith.errors import ConfigError, unknown


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
    """Units of the hidden tanh layers of actor and critic."""

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
        ConfigError: A key is not a hyperparameter, or its value has the wrong type.
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
    if kind is tuple and isinstance(value, list | tuple):
        return tuple(int(v) for v in value)
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ConfigError(f"Preset value {key!r} has to be {kind.__name__}, not {value!r}.")
