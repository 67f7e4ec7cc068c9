"""Stable-Baselines3's SAC, one rollout and one update at a time, between two checkpoints.

The update is SB3's own. Actions are drawn with a NumPy copy of its actor, as for PPO. Transitions
are kept raw and scaled as by `VecNormalize` when they are drawn.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.logger import Logger

from rewardsmith.evaluation.policy import Activation
from rewardsmith.training.checkpoint import ADAM_MOMENTS, N_CRITICS
from rewardsmith.training.eager import stay_eager
from rewardsmith.training.hindsight import Hindsight, HindsightReplay
from rewardsmith.training.learner import EpisodeSums, RewardSums, RolloutStats
from rewardsmith.training.preset import SacPreset, is_relabelled
from rewardsmith.training.replay import Replay
from rewardsmith.training.rewarded import PaidStep, RewardedVectorEnv
from rewardsmith.training.sb3_env import RewardedVecEnv
from rewardsmith.training.statistics import ObservationScale, RewardScale

Array = np.ndarray[Any, Any]

LOG_STD_RANGE = (-20.0, 2.0)
"""As SB3's actor clamps it."""


class SacLearner:
    """SAC on a rewarded environment, resumable from named tensors.

    Args:
        env: Pays the reward.
        preset: Hyperparameters; `n_sampled_goal` keeps where episodes ended.
        seed: Of networks, actions, batches and environments.
        device: Of the networks.
        hindsight: Pays for other goals than a transition's own; None learns from its own alone.
    """

    def __init__(
        self,
        env: RewardedVectorEnv,
        preset: SacPreset,
        *,
        seed: int,
        device: str,
        hindsight: Hindsight | None = None,
    ) -> None:
        self._env = RewardedVecEnv(env)
        self._preset = preset
        self._hindsight = hindsight
        self._rng = np.random.default_rng(seed)
        self._obs_scale = ObservationScale(env.env.obs_dim)
        n_streams = preset.n_envs * (1 if hindsight is None else 2)
        self._reward_scale = RewardScale(n_streams, preset.gamma)
        kept: dict[str, Any] = {
            "obs_scale": self._obs_scale,
            "reward_scale": self._reward_scale,
            "rng": self._rng,
        }
        if is_relabelled(preset):
            kept |= {"hindsight": hindsight, "n_sampled_goal": preset.n_sampled_goal}
        self._sac = _sb3_sac(self._env, preset, kept, seed=seed, device=device)
        self._replay: Any = self._sac.replay_buffer
        self._episodes = EpisodeSums(preset.n_envs)
        self._obs = self._env.rewarded.reset(seed)

    def rollout(self) -> RolloutStats:
        """Act for `train_freq` steps of every environment; at first at random."""
        actor = _NumpyActor(self._sac, self._preset.activation, self._rng)
        sums = RewardSums()
        for _ in range(self._preset.train_freq):
            self._collect_step(actor, sums)
        return RolloutStats(*self._episodes.take(), sums.reward_mean, sums.component_means)

    def update(self) -> None:
        """Run SB3's own SAC update `gradient_steps` times, once enough was collected."""
        if self._has_begun:
            self._sac.train(self._preset.gradient_steps, self._preset.batch_size)

    def training_metrics(self) -> dict[str, float]:
        """SB3's `train/...` values of the last update; empty before the first."""
        values = self._sac.logger.name_to_value
        return {k: float(v) for k, v in values.items() if isinstance(v, float | int | np.number)}

    def tensors(self) -> dict[str, Array]:
        """The checkpoint: networks, moments and statistics."""
        return {**_dump(self._sac), **self._obs_scale.tensors(), **self._reward_scale.tensors()}

    def experience(self) -> dict[str, Array]:
        """The transitions that a next segment goes on learning from."""
        kept: dict[str, Array] = self._replay.tensors()
        return kept

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Continue from a checkpoint and its transitions; environments stay freshly reset."""
        _load(self._sac, tensors)
        self._obs_scale.load(tensors)
        self._reward_scale.load(tensors)
        self._replay.load(tensors)

    @property
    def _has_begun(self) -> bool:
        """Whether learning has: the buffer can hold as much, so it knows after a resume too."""
        return bool(self._replay.size() >= self._preset.learning_starts)

    def _collect_step(self, actor: "_NumpyActor", sums: RewardSums) -> None:
        self._scale_observations()
        actions = self._actions(actor)
        step = self._env.rewarded.step(self._env.to_environment(actions))
        done = step.terminated | step.truncated
        self._episodes.add(step.rewards, done)
        self._scale_rewards(step, done)
        sums.add(step.rewards, step.components)
        self._replay.take(self._obs, actions, step)
        self._obs = step.obs

    def _scale_observations(self) -> None:
        """Count what is seen; before relabelled goals, as if it had been asked for as well."""
        self._obs_scale.update(self._obs)
        if self._hindsight is not None:
            self._obs_scale.update(self._hindsight.fulfilled(self._obs))

    def _scale_rewards(self, step: PaidStep, done: Array) -> None:
        """Count what is paid, and what it would be at goals that are always reached.

        A reward that is not earned yet has no deviation, by which relabelled ones could be divided.
        """
        rewards = step.rewards
        if self._hindsight is not None:
            ideal = self._hindsight.rewards(self._hindsight.fulfilled(step.next_obs))
            rewards, done = np.concatenate([rewards, ideal]), np.tile(done, 2)
        self._reward_scale.update(rewards, done)

    def _actions(self, actor: "_NumpyActor") -> Array:
        if self._has_begun:
            return actor.sample(self._obs_scale(self._obs))
        shape = (self._preset.n_envs, self._replay.action_dim)
        return self._rng.uniform(-1.0, 1.0, shape).astype(np.float32)


class _NumpyActor:
    """The actor's weights as NumPy arrays, to act with between two updates."""

    def __init__(self, sac: SAC, activation: Activation, rng: np.random.Generator) -> None:
        found = {k: v.detach().cpu().numpy() for k, v in sac.actor.state_dict().items()}
        n_hidden = sum(k.startswith("latent_pi.") and k.endswith(".weight") for k in found)
        names = [f"latent_pi.{2 * i}" for i in range(n_hidden)] + ["mu", "log_std"]
        layers = [(found[f"{n}.weight"].T, found[f"{n}.bias"]) for n in names]
        *self._hidden, self._mean, self._log_std = layers
        self._is_relu = activation == "relu"
        self._rng = rng

    def sample(self, obs: Array) -> Array:
        """Actions in [-1, 1], (B, action_dim), drawn for normalised `obs` (B, obs_dim)."""
        x = obs
        for weight, bias in self._hidden:
            x = x @ weight + bias
            x = np.maximum(x, 0.0) if self._is_relu else np.tanh(x)
        mean = x @ self._mean[0] + self._mean[1]
        log_std = np.clip(x @ self._log_std[0] + self._log_std[1], *LOG_STD_RANGE)
        noise = self._rng.standard_normal(mean.shape, dtype=np.float32)
        return np.asarray(np.tanh(mean + np.exp(log_std) * noise))


def _sb3_sac(
    env: RewardedVecEnv, preset: SacPreset, kept: Mapping[str, Any], *, seed: int, device: str
) -> SAC:
    stay_eager()
    replay = HindsightReplay if is_relabelled(preset) else Replay
    sac = SAC(
        "MlpPolicy",
        env,
        learning_rate=preset.learning_rate,
        buffer_size=preset.buffer_size,
        batch_size=preset.batch_size,
        tau=preset.tau,
        gamma=preset.gamma,
        ent_coef=f"auto_{preset.ent_coef_init}",
        replay_buffer_class=replay,  # type: ignore[arg-type] # what SB3 asks of one, and no more
        replay_buffer_kwargs=dict(kept),
        policy_kwargs={
            "net_arch": list(preset.hidden),
            "activation_fn": torch.nn.ReLU if preset.activation == "relu" else torch.nn.Tanh,
            "optimizer_kwargs": {"fused": True},
        },
        seed=seed,
        device=device,
    )
    # SB3's default logger makes temporary folders.
    sac.set_logger(Logger(folder=None, output_formats=[]))
    return sac


# ------------------------------------------------------------------ checkpoints


def _groups(sac: SAC) -> Iterator[tuple[str, torch.optim.Optimizer, dict[str, torch.Tensor]]]:
    """SAC's optimizers by name, and what each of them trains by our names."""
    assert sac.ent_coef_optimizer is not None
    assert sac.log_ent_coef is not None
    yield "actor", sac.actor.optimizer, _named(sac.actor, _actor_names(sac))
    yield "critic", sac.critic.optimizer, _named(sac.critic, _critic_names(sac, "critic"))
    yield "ent_coef", sac.ent_coef_optimizer, {"log_ent_coef": sac.log_ent_coef}


def _actor_names(sac: SAC) -> dict[str, str]:
    """Our module names to SB3's."""
    n_hidden = len(sac.actor.net_arch)
    hidden = {f"actor.{i}": f"latent_pi.{2 * i}" for i in range(n_hidden)}
    return {**hidden, f"actor.{n_hidden}": "mu", "log_std": "log_std"}


def _critic_names(sac: SAC, ours: str) -> dict[str, str]:
    n_layers = len(sac.actor.net_arch) + 1
    return {f"{ours}{k}.{i}": f"qf{k}.{2 * i}" for k in range(N_CRITICS) for i in range(n_layers)}


def _named(module: torch.nn.Module, names: Mapping[str, str]) -> dict[str, torch.Tensor]:
    found = dict(module.named_parameters())
    return {
        f"{ours}.{part}": found[f"{theirs}.{part}"]
        for ours, theirs in names.items()
        for part in ("weight", "bias")
    }


def _dump(sac: SAC) -> dict[str, Array]:
    tensors = {k: _array(v) for k, v in _named(sac.critic_target, _targets(sac)).items()}
    for group, optimizer, parameters in _groups(sac):
        for name, parameter in parameters.items():
            tensors[name] = _array(parameter)
            state = optimizer.state.get(parameter, {})
            for moment in ADAM_MOMENTS:
                value = state.get(moment, torch.zeros_like(parameter))
                tensors[f"adam.{name}.{moment}"] = _array(value)
            tensors[f"adam.{group}.step"] = np.asarray(float(state.get("step", 0.0)))
    return tensors


def _load(sac: SAC, tensors: Mapping[str, Array]) -> None:
    with torch.no_grad():
        for name, parameter in _named(sac.critic_target, _targets(sac)).items():
            parameter.copy_(torch.as_tensor(tensors[name].copy()))
        for group, optimizer, parameters in _groups(sac):
            for name, parameter in parameters.items():
                parameter.copy_(torch.as_tensor(tensors[name].copy()))
                optimizer.state[parameter] = {
                    "step": torch.tensor(float(tensors[f"adam.{group}.step"])),
                    **{m: _like(parameter, tensors[f"adam.{name}.{m}"]) for m in ADAM_MOMENTS},
                }


def _targets(sac: SAC) -> dict[str, str]:
    return _critic_names(sac, "target")


def _array(value: torch.Tensor) -> Array:
    return np.asarray(value.detach().cpu().numpy().copy())


def _like(parameter: torch.Tensor, values: Array) -> torch.Tensor:
    return torch.as_tensor(values.copy()).to(parameter)
