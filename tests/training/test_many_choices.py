"""Policies that make several choices: trained as SB3 would, checked, and judged in NumPy."""

import importlib
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rewardsmith.environments.cards import EnvCard, load_card, parse_card, task_of
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.evaluation.policy import MlpPolicy, PolicySpec, likeliest
from rewardsmith.isolation.tensors import dump_tensors, parse_tensors
from rewardsmith.rewards.contract import require_program
from rewardsmith.rewards.export import export_module
from rewardsmith.rewards.export_policy import policy_files
from rewardsmith.training.checkpoint import checkpoint_tensors
from rewardsmith.training.ppo import PpoLearner
from rewardsmith.training.preset import PpoPreset, preset_mapping, resolve_preset
from rewardsmith.training.requests import TrainRequest
from rewardsmith.training.rewarded import NativeReward, RewardedVectorEnv
from rewardsmith.training.train_job import train_segment

HOME = Path(__file__).parents[1] / "environments" / "switchboard"
BOARD = load_card(str(HOME))
DIALS = load_card(str(HOME / "dials.yaml"))
TINY = {"n_envs": 4, "n_steps": 32, "batch_size": 64, "n_epochs": 2, "hidden": (8,)}

PROGRAM = """CONTRACT = 1
WEIGHTS = {"right": 1.0}


def reward(state, action, xp):
    return {"right": -xp.sum(xp.abs(action + [1, 0] - state.goal))}
"""


class Kept:
    """Keeps what a training hands out."""

    def __init__(self) -> None:
        self.points: list[Mapping[str, float]] = []
        self.tensors: Mapping[str, Any] = {}

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        self.points.append(values)

    def checkpoint(self, step: int, tensors: Mapping[str, Any]) -> None:
        self.tensors = tensors

    def experience(self, tensors: Mapping[str, Any]) -> None:
        pass


def spec_of(card: EnvCard, obs_dim: int) -> PolicySpec:
    return PolicySpec(obs_dim=obs_dim, action=card.state.action, hidden=(8,))


def trained(card: EnvCard, reward: str, n_steps: int) -> Kept:
    preset = resolve_preset({}, {**TINY, "gamma": 0.1, "learning_rate": 0.01})
    kept = Kept()
    request = TrainRequest(
        task=task_of(card),
        reward=reward,  # type: ignore[arg-type]  # one of the literals
        program=PROGRAM if reward == "program" else None,
        preset=preset_mapping(preset),
        seed=1,
        start_step=0,
        end_step=n_steps,
        checkpoint_steps=(n_steps,),
        device="cpu",
        sandbox="any",
    )
    train_segment(request, None, kept, lock=lambda: None)
    return kept


@pytest.mark.parametrize("card", [BOARD, DIALS], ids=["binary", "discrete"])
def test_rollouts_hold_what_sb3_would_compute(card: EnvCard) -> None:
    preset = resolve_preset({}, TINY)
    assert isinstance(preset, PpoPreset)
    env = RewardedVectorEnv(StateVectorEnv(card, preset.n_envs), NativeReward())
    learner = PpoLearner(env, preset, seed=0, device="cpu")
    learner.rollout()
    buffer, policy = learner._ppo.rollout_buffer, learner._ppo.policy
    flat = [x.reshape(-1, x.shape[-1]) for x in (buffer.observations, buffer.actions)]
    obs, actions = (torch.as_tensor(x) for x in flat)
    assert actions.shape[1] == len(card.state.action.choices)
    with torch.no_grad():
        values, log_probs, _ = policy.evaluate_actions(obs, actions)
    np.testing.assert_allclose(buffer.values.ravel(), values[:, 0], atol=1e-5)
    np.testing.assert_allclose(buffer.log_probs.ravel(), log_probs, atol=1e-5)


def test_every_choice_is_sampled_as_often_as_the_policy_says() -> None:
    preset = resolve_preset({}, {**TINY, "n_envs": 16, "n_steps": 256, "batch_size": 1024})
    assert isinstance(preset, PpoPreset)
    env = RewardedVectorEnv(StateVectorEnv(DIALS, 16), NativeReward())
    learner = PpoLearner(env, preset, seed=0, device="cpu")
    learner.rollout()
    buffer = learner._ppo.rollout_buffer
    obs = torch.as_tensor(buffer.observations.reshape(-1, 2))
    heads: Any = learner._ppo.policy.get_distribution(obs).distribution
    chosen = buffer.actions.reshape(-1, 2)
    for number, head in enumerate(heads):
        expected = head.probs.detach().numpy().mean(axis=0)
        seen = np.bincount(chosen[:, number].astype(int), minlength=len(expected)) / len(chosen)
        np.testing.assert_allclose(seen, expected, atol=4 * math.sqrt(0.25 / len(chosen)))


def test_checkpoint_is_what_the_driver_expects_and_its_policy_does_the_task() -> None:
    kept = trained(DIALS, "program", 8192)
    spec = spec_of(DIALS, 2)
    expected = checkpoint_tensors(spec)
    assert spec.n_outputs == 7
    tensors = parse_tensors(dump_tensors(kept.tensors), expected=expected)
    goals = np.array([[1.0, 2.0], [2.0, 0.0], [4.0, 1.0]])
    acted = MlpPolicy(spec, tensors).act(goals)
    assert (np.abs(acted + np.array([1, 0]) - goals).sum(axis=1) <= 1).all()
    assert kept.points[-1]["rollout/reward_mean"] > kept.points[0]["rollout/reward_mean"]


@pytest.mark.parametrize("card", [BOARD, DIALS], ids=["whole episode", "steps"])
def test_sparse_reward_reads_the_entry_of_info_that_judges(card: EnvCard) -> None:
    points = trained(card, "sparse", 256).points
    # by chance, a board matches somewhere in most episodes, and a dial is hit in half of them
    assert 0.0 < points[0]["rollout/reward_mean"] <= 0.1


def test_exported_policy_chooses_as_the_one_here() -> None:
    preset = preset_mapping(PpoPreset())
    text = policy_files(DIALS, preset)["policy.py"]
    space: dict[str, Any] = {"__name__": "exported_policy", "__file__": "policy.py"}
    exec(compile(text, "policy.py", "exec"), space)
    head = next(value for name, value in space.items() if hasattr(value, "_head"))._head
    logits = np.array([[0.1, 0.4, 0.2, -1.0, 3.0, 0.0, 5.0], [9.0, 0, 0, 0, 0, 1.0, 0]])
    assert head(logits).tolist() == likeliest(logits, DIALS.state.action).tolist()
    assert head(logits).tolist() == [[1, 2], [0, 1]]


def test_exported_wrapper_counts_choices_from_0(tmp_path: Path) -> None:
    program = require_program(PROGRAM, DIALS.state)
    (tmp_path / "exported_dials.py").write_text(
        export_module(program, DIALS, gamma=0.9).module, encoding="utf-8"
    )
    sys.path[:0] = [str(tmp_path), str(HOME)]
    try:
        dials = importlib.import_module("switchboard_env").Dials()
        env = importlib.import_module("exported_dials").DesignedReward(dials)
        goal, _ = env.reset(seed=3)
        assert env.step(goal.astype(int))[1] == 0.0
    finally:
        sys.path[:2] = []


def test_a_card_of_two_axes_trains_too() -> None:
    text = (HOME / "dials.yaml").read_text(encoding="utf-8")
    text = text.replace("choices: [4, 3]", "shape: [1, 2], choices: [4, 3]")
    card = parse_card(text, ref="dials", folder=HOME)
    assert spec_of(card, 2).n_outputs == 7
    tensors = {"obs.mean": np.zeros(2), "obs.var": np.ones(2)}
    for name, tensor in checkpoint_tensors(spec_of(card, 2)).items():
        tensors.setdefault(name, np.zeros(tensor.shape))
    assert MlpPolicy(spec_of(card, 2), tensors).act(np.zeros((5, 2))).shape == (5, 1, 2)
