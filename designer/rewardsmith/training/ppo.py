"""Stable-Baselines3's PPO, one rollout and one update at a time, between two checkpoints.

The update is SB3's own. Rollouts are collected with a NumPy copy of its policy: on small networks
that costs a tenth of calling torch once per step. Observations and returns are scaled as by
`VecNormalize`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger

from rewardsmith.training.eager import stay_eager
from rewardsmith.training.learner import EpisodeSums, RewardSums, RolloutStats
from rewardsmith.training.preset import PpoPreset
from rewardsmith.training.rewarded import PaidStep, RewardedVectorEnv
from rewardsmith.training.sb3_env import RewardedVecEnv
from rewardsmith.training.statistics import ObservationScale, RewardScale

Array = np.ndarray[Any, Any]

_LOG_SQRT_2PI = 0.5 * float(np.log(2.0 * np.pi))


class PpoLearner:
    """PPO on a rewarded environment, resumable from named tensors."""

    def __init__(
        self, env: RewardedVectorEnv, preset: PpoPreset, *, seed: int, device: str
    ) -> None:
        self._env = RewardedVecEnv(env)
        self._preset = preset
        self._seed = seed
        self._ppo = _sb3_ppo(self._env, preset, seed=seed, device=device)
        self._rng = np.random.default_rng(seed)
        self._obs_scale = ObservationScale(env.env.obs_dim)
        self._reward_scale = RewardScale(preset.n_envs, preset.gamma)
        self._episodes = EpisodeSums(preset.n_envs)
        self._obs = self._env.rewarded.reset(seed)
        self._starts = np.ones(preset.n_envs, dtype=bool)

    def rollout(self) -> RolloutStats:
        """Collect one rollout into SB3's buffer and compute advantages."""
        choices = self._env.action.choices
        buffer, policy = self._ppo.rollout_buffer, _NumpyActorCritic(self._ppo, self._rng, choices)
        buffer.reset()
        recorder = _Recorder()
        for t in range(self._preset.n_steps):
            self._collect_step(t, buffer, policy, recorder)
        self._finish(buffer, policy, recorder)
        sums = recorder.sums
        return RolloutStats(*self._episodes.take(), sums.reward_mean, sums.component_means)

    def update(self) -> None:
        """Run SB3's own PPO update on the collected rollout."""
        self._ppo.train()

    def training_metrics(self) -> dict[str, float]:
        """SB3's `train/...` values of the last update."""
        values = self._ppo.logger.name_to_value
        return {k: float(v) for k, v in values.items() if isinstance(v, float | int | np.number)}

    def tensors(self) -> dict[str, Array]:
        """The checkpoint."""
        return {**_dump(self._ppo), **self._obs_scale.tensors(), **self._reward_scale.tensors()}

    def experience(self) -> dict[str, Array]:
        """None: a rollout is learnt from once."""
        return {}

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Continue from a checkpoint; environments stay freshly reset."""
        _load(self._ppo, tensors)
        self._obs_scale.load(tensors)
        self._reward_scale.load(tensors)

    def _collect_step(
        self, t: int, buffer: Any, policy: "_NumpyActorCritic", recorder: "_Recorder"
    ) -> None:
        self._obs_scale.update(self._obs)
        obs = self._obs_scale(self._obs)
        actions, log_probs = policy.sample(obs)
        step = self._env.rewarded.step(self._env.to_environment(actions))
        done = step.terminated | step.truncated
        self._episodes.add(step.rewards, done)
        recorder.add(t, step, self._obs_scale)
        buffer.observations[t] = obs
        buffer.actions[t] = actions.reshape(self._preset.n_envs, -1)
        buffer.log_probs[t] = log_probs
        buffer.rewards[t] = self._reward_scale(step.rewards, done)
        buffer.episode_starts[t] = self._starts
        self._obs, self._starts = step.obs, done

    def _finish(self, buffer: Any, policy: "_NumpyActorCritic", recorder: "_Recorder") -> None:
        """Values of the whole rollout at once; a truncated episode goes on at its successor."""
        n_steps, n_envs = self._preset.n_steps, self._preset.n_envs
        flat = buffer.observations.reshape(n_steps * n_envs, -1)
        buffer.values[:] = policy.values(flat).reshape(n_steps, n_envs)
        if recorder.truncated_obs:
            steps, rows = zip(*recorder.truncated_at, strict=True)
            successors = policy.values(np.stack(recorder.truncated_obs))
            buffer.rewards[list(steps), list(rows)] += self._preset.gamma * successors
        buffer.pos, buffer.full = n_steps, True
        last_values = torch.as_tensor(policy.values(self._obs_scale(self._obs)))
        buffer.compute_returns_and_advantage(last_values=last_values, dones=self._starts)


class _Recorder:
    """What the buffer has no place for."""

    def __init__(self) -> None:
        self.truncated_at: list[tuple[int, int]] = []
        self.truncated_obs: list[Array] = []
        self.sums = RewardSums()

    def add(self, t: int, step: PaidStep, scale: ObservationScale) -> None:
        for row in np.flatnonzero(step.truncated & ~step.terminated):
            self.truncated_at.append((t, int(row)))
            self.truncated_obs.append(scale(step.next_obs[row]))
        self.sums.add(step.rewards, step.components)


class _NumpyActorCritic:
    """The policy's weights as NumPy arrays, to act with between two updates."""

    def __init__(self, ppo: PPO, rng: np.random.Generator, choices: tuple[int, ...] = ()) -> None:
        weights = {k: v.detach().cpu().numpy() for k, v in ppo.policy.state_dict().items()}
        self._actor = _layers(weights, "mlp_extractor.policy_net", "action_net")
        self._critic = _layers(weights, "mlp_extractor.value_net", "value_net")
        self._log_std = weights.get("log_std")
        self._choices = choices
        self._rng = rng

    def sample(self, obs: Array) -> tuple[Array, Array]:
        """Sampled actions of normalised `obs` (B, obs_dim), and their log probabilities (B,)."""
        outputs = _mlp(obs, self._actor)
        if self._log_std is None:
            return self._sample_choices(outputs)
        noise = self._rng.standard_normal(outputs.shape, dtype=np.float32)
        actions = outputs + np.exp(self._log_std) * noise
        log_probs = (-0.5 * noise**2 - self._log_std - _LOG_SQRT_2PI).sum(axis=1)
        return actions, log_probs

    def values(self, obs: Array) -> Array:
        """Values (B,) of normalised `obs`."""
        return np.asarray(_mlp(obs, self._critic)[:, 0])

    def _sample_choices(self, logits: Array) -> tuple[Array, Array]:
        if len(self._choices) < 2:
            return self._sample_choice(logits)
        parts = np.split(logits, np.cumsum(self._choices)[:-1], axis=1)
        chosen, log_probs = zip(*map(self._sample_choice, parts), strict=True)
        return np.stack(chosen, axis=1), np.sum(log_probs, axis=0)

    def _sample_choice(self, logits: Array) -> tuple[Array, Array]:
        log_probs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        gumbel = self._rng.gumbel(size=logits.shape)
        choice = np.argmax(log_probs + gumbel, axis=1)
        return choice, log_probs[np.arange(len(choice)), choice]


def _layers(weights: Mapping[str, Array], hidden: str, output: str) -> list[tuple[Array, Array]]:
    n_hidden = sum(1 for k in weights if k.startswith(f"{hidden}.") and k.endswith(".weight"))
    names = [f"{hidden}.{2 * i}" for i in range(n_hidden)] + [output]
    return [(np.ascontiguousarray(weights[f"{n}.weight"].T), weights[f"{n}.bias"]) for n in names]


def _mlp(x: Array, layers: list[tuple[Array, Array]]) -> Array:
    for weight, bias in layers[:-1]:
        x = np.tanh(x @ weight + bias)
    weight, bias = layers[-1]
    return np.asarray(x @ weight + bias)


def _sb3_ppo(env: RewardedVecEnv, preset: PpoPreset, *, seed: int, device: str) -> PPO:
    stay_eager()
    ppo = PPO(
        "MlpPolicy",
        env,
        n_steps=preset.n_steps,
        batch_size=preset.batch_size,
        n_epochs=preset.n_epochs,
        learning_rate=preset.learning_rate,
        gamma=preset.gamma,
        gae_lambda=preset.gae_lambda,
        clip_range=preset.clip_range,
        ent_coef=preset.ent_coef,
        vf_coef=preset.vf_coef,
        max_grad_norm=preset.max_grad_norm,
        policy_kwargs={
            "net_arch": list(preset.hidden),
            "log_std_init": preset.log_std_init,
            # One kernel for all parameters, a tenth off an update; SB3's own epsilon.
            "optimizer_kwargs": {"fused": True, "eps": 1e-5},
        },
        seed=seed,
        device=device,
    )
    # SB3's default logger makes temporary folders.
    ppo.set_logger(Logger(folder=None, output_formats=[]))
    return ppo


def _network_names(ppo: PPO) -> dict[str, str]:
    """Our tensor names to SB3's parameter names."""
    n_hidden = len(ppo.policy.net_arch) if isinstance(ppo.policy.net_arch, list) else 0
    names = {}
    for ours, hidden, output in (
        ("actor", "mlp_extractor.policy_net", "action_net"),
        ("critic", "mlp_extractor.value_net", "value_net"),
    ):
        modules = [f"{hidden}.{2 * i}" for i in range(n_hidden)] + [output]
        for i, module in enumerate(modules):
            names[f"{ours}.{i}.weight"] = f"{module}.weight"
            names[f"{ours}.{i}.bias"] = f"{module}.bias"
    if "log_std" in dict(ppo.policy.named_parameters()):
        names["log_std"] = "log_std"
    return names


def _dump(ppo: PPO) -> dict[str, Array]:
    parameters = dict(ppo.policy.named_parameters())
    moments = ppo.policy.optimizer.state
    tensors: dict[str, Array] = {}
    for ours, theirs in _network_names(ppo).items():
        parameter = parameters[theirs]
        tensors[ours] = parameter.detach().cpu().numpy().copy()
        state = moments.get(parameter, {})
        for moment in ("exp_avg", "exp_avg_sq"):
            value = state.get(moment, torch.zeros_like(parameter))
            tensors[f"adam.{ours}.{moment}"] = value.detach().cpu().numpy().copy()
        tensors["adam.step"] = np.asarray(float(state.get("step", 0.0)))
    return tensors


def _load(ppo: PPO, tensors: Mapping[str, Array]) -> None:
    parameters = dict(ppo.policy.named_parameters())
    optimizer = ppo.policy.optimizer
    with torch.no_grad():
        for ours, theirs in _network_names(ppo).items():
            parameter = parameters[theirs]
            parameter.copy_(torch.as_tensor(tensors[ours].copy()))
            optimizer.state[parameter] = {
                # Beside the moments, where a fused optimizer looks for it.
                "step": torch.tensor(float(tensors["adam.step"]), device=parameter.device),
                "exp_avg": _like(parameter, tensors[f"adam.{ours}.exp_avg"]),
                "exp_avg_sq": _like(parameter, tensors[f"adam.{ours}.exp_avg_sq"]),
            }


def _like(parameter: torch.nn.Parameter, values: Array) -> torch.Tensor:
    return torch.as_tensor(values.copy()).to(parameter)
