"""A trained policy as plain NumPy: an MLP from validated tensors.

Its architecture comes from the driver's own preset, never from the tensors. Deterministic: the mean
of a Gaussian head, squashed by tanh if SAC trained it, or the most likely choice of every
categorical one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from rewardsmith.isolation.tensors import TensorSpec
from rewardsmith.messages import ActionSpec

Algorithm = Literal["ppo", "sac"]
Activation = Literal["tanh", "relu"]

OBS_CLIP = 10.0
"""Normalised observations are clipped to +-10, as in SB3's `VecNormalize`."""

VARIANCE_FLOOR = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySpec:
    """Shape of a policy network."""

    obs_dim: int
    action: ActionSpec
    hidden: tuple[int, ...] = (64, 64)
    """Units of the hidden layers, of actor and critics alike."""
    algorithm: Algorithm = "ppo"
    """Who trains it: PPO's outputs are clipped to the action's bounds, SAC's squashed by tanh."""
    activation: Activation = "tanh"
    """Of the hidden layers."""

    @property
    def n_outputs(self) -> int:
        """Outputs of the actor: action dimensions, or choices of all discrete elements."""
        return sum(self.action.choices) or int(np.prod(self.action.shape))


def network_tensors(
    spec: PolicySpec, name: str, n_outputs: int, *, n_more_inputs: int = 0
) -> dict[str, TensorSpec]:
    """Names and shapes of one MLP's tensors; layer i is `<name>.<i>.weight`, `<name>.<i>.bias`."""
    sizes = (spec.obs_dim + n_more_inputs, *spec.hidden, n_outputs)
    tensors = {}
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        tensors[f"{name}.{i}.weight"] = TensorSpec("F32", (n_out, n_in))
        tensors[f"{name}.{i}.bias"] = TensorSpec("F32", (n_out,))
    return tensors


def policy_tensors(spec: PolicySpec) -> dict[str, TensorSpec]:
    """What an evaluator needs of a checkpoint: the actor and the observation statistics."""
    return {
        **network_tensors(spec, "actor", spec.n_outputs),
        "obs.mean": TensorSpec("F64", (spec.obs_dim,)),
        "obs.var": TensorSpec("F64", (spec.obs_dim,)),
    }


class MlpPolicy:
    """Maps observations (B, obs_dim) to environment actions (B, *action shape)."""

    def __init__(self, spec: PolicySpec, tensors: Mapping[str, np.ndarray[Any, Any]]) -> None:
        self._action = spec.action
        self._is_squashed, self._is_relu = spec.algorithm == "sac", spec.activation == "relu"
        n_layers = len(spec.hidden) + 1
        self._weights = [
            np.ascontiguousarray(tensors[f"actor.{i}.weight"].T) for i in range(n_layers)
        ]
        self._biases = [tensors[f"actor.{i}.bias"] for i in range(n_layers)]
        self._mean = tensors["obs.mean"]
        self._inverse_std = 1.0 / np.sqrt(tensors["obs.var"] + VARIANCE_FLOOR)

    def act(self, obs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The deterministic actions for `obs`, in the environment's own units."""
        outputs = self._forward(obs)
        if self._action.choices:
            return likeliest(outputs, self._action)
        if self._is_squashed:
            outputs = np.tanh(outputs)
        return to_environment(outputs, self._action)

    def _forward(self, obs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        x = np.clip((obs - self._mean) * self._inverse_std, -OBS_CLIP, OBS_CLIP)
        x = x.astype(np.float32)
        for weight, bias in zip(self._weights[:-1], self._biases[:-1], strict=True):
            x = x @ weight + bias
            x = np.maximum(x, 0.0) if self._is_relu else np.tanh(x)
        return np.asarray(x @ self._weights[-1] + self._biases[-1])


def likeliest(logits: np.ndarray[Any, Any], action: ActionSpec) -> np.ndarray[Any, Any]:
    """The choice with the largest logit in every element, shape (B, *action shape)."""
    parts = np.split(logits, np.cumsum(action.choices)[:-1], axis=1)
    picked = np.stack([np.argmax(part, axis=1) for part in parts], axis=1)
    return np.asarray(picked.reshape(len(logits), *action.shape))


def to_environment(outputs: np.ndarray[Any, Any], action: ActionSpec) -> np.ndarray[Any, Any]:
    """Clip a policy's outputs to [-1, 1] and scale them to the action's bounds."""
    low, high = np.asarray(action.low), np.asarray(action.high)  # flat, whatever the shape
    unit = np.clip(outputs.reshape(len(outputs), -1).astype(np.float64), -1.0, 1.0)
    scaled = low + (unit + 1.0) * 0.5 * (high - low)
    return np.asarray(scaled.reshape(len(outputs), *action.shape))
