"""PPO between two checkpoints: the same numbers as Stable-Baselines3's own."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env import VecNormalize

from rewardsmith.environments.cards import EnvCard, load_card, task_of
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.evaluation.policy import MlpPolicy, PolicySpec
from rewardsmith.isolation.tensors import dump_tensors, parse_tensors
from rewardsmith.rewards.composition import RewardStream
from rewardsmith.rewards.contract import require_program
from rewardsmith.testing import write_line_card
from rewardsmith.training.checkpoint import checkpoint_tensors
from rewardsmith.training.ppo import PpoLearner
from rewardsmith.training.preset import PpoPreset, preset_mapping, resolve_preset
from rewardsmith.training.requests import TrainRequest
from rewardsmith.training.rewarded import NativeReward, PaidStep, RewardedVectorEnv
from rewardsmith.training.sb3_env import RewardedVecEnv
from rewardsmith.training.statistics import ObservationScale, RewardScale
from rewardsmith.training.train_job import ProgramReward, train_segment

Array = np.ndarray[Any, Any]

TESTS = Path(__file__).parents[1]
THREE_STEPS = load_card(str(TESTS / "environments" / "three_steps"))
TWO_DOORS = load_card(str(TESTS / "training" / "two_doors"))


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> EnvCard:
    return load_card(write_line_card(tmp_path_factory.mktemp("line")))


def learner_on(card: EnvCard, *, seed: int = 0, **values: object) -> PpoLearner:
    preset = resolve_preset(card.preset, values)
    assert isinstance(preset, PpoPreset)
    env = RewardedVectorEnv(StateVectorEnv(card, preset.n_envs), NativeReward())
    return PpoLearner(env, preset, seed=seed, device="cpu")


def spec_of(card: EnvCard, hidden: tuple[int, ...] = (64, 64)) -> PolicySpec:
    return PolicySpec(obs_dim=2, action=card.state.action, hidden=hidden)


# --------------------------------------------------------------------- rollouts


@pytest.mark.parametrize("name", ["line", "doors"])
def test_rollouts_hold_what_sb3_would_compute(line: EnvCard, name: str) -> None:
    learner = learner_on(line if name == "line" else TWO_DOORS)
    for _ in range(2):
        learner.rollout()
        buffer, policy = learner._ppo.rollout_buffer, learner._ppo.policy
        flat = [x.reshape(-1, x.shape[-1]) for x in (buffer.observations, buffer.actions)]
        obs, actions = (torch.as_tensor(x) for x in flat)
        with torch.no_grad():
            values, log_probs, _ = policy.evaluate_actions(
                obs, actions[:, 0] if name == "doors" else actions
            )
        np.testing.assert_allclose(buffer.values.ravel(), values[:, 0], atol=1e-5)
        np.testing.assert_allclose(buffer.log_probs.ravel(), log_probs, atol=1e-5)
        learner.update()


def test_sampled_actions_have_the_policys_own_distribution(line: EnvCard) -> None:
    learner = learner_on(line, n_envs=16, n_steps=256, batch_size=1024)
    learner.rollout()
    buffer = learner._ppo.rollout_buffer
    obs = torch.as_tensor(buffer.observations.reshape(-1, 2))
    distribution: Any = learner._ppo.policy.get_distribution(obs).distribution
    noise = (buffer.actions.reshape(-1, 1) - distribution.mean.detach().numpy()) / np.exp(-1.0)
    assert abs(noise.mean()) < 4 / np.sqrt(noise.size)
    assert abs(noise.std() - 1.0) < 0.06


def test_choices_are_drawn_as_often_as_they_are_likely() -> None:
    learner = learner_on(TWO_DOORS, n_envs=16, n_steps=256, batch_size=1024)
    learner.rollout()
    buffer = learner._ppo.rollout_buffer
    obs = torch.as_tensor(buffer.observations.reshape(-1, 2))
    distribution: Any = learner._ppo.policy.get_distribution(obs).distribution
    expected = float(distribution.probs.detach()[:, 1].mean())
    assert abs(buffer.actions.mean() - expected) < 4 * 0.5 / np.sqrt(buffer.actions.size)


class TwoEnds:
    """Three-step episodes: environment 0 terminates, environment 1 is truncated."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ObservationScale, "update", lambda self, obs: None)
        monkeypatch.setattr(RewardScale, "__call__", lambda self, rewards, done: rewards)
        self.preset = PpoPreset(n_envs=2, n_steps=5, batch_size=10, gamma=0.9, gae_lambda=0.8)
        cards = [replace(THREE_STEPS, kwargs={"end": end}) for end in ("terminate", "truncate")]
        envs = [make_env(card) for card in cards]
        rewarded = RewardedVectorEnv(StateVectorEnv(cards[0], 2, envs=envs), NativeReward())
        self.learner = PpoLearner(rewarded, self.preset, seed=0, device="cpu")
        self.steps: list[PaidStep] = []
        step = rewarded.step

        def remembering(actions: Array) -> PaidStep:
            self.steps.append(step(actions))
            return self.steps[-1]

        monkeypatch.setattr(rewarded, "step", remembering)

    def value(self, obs: Array) -> float:
        scaled = torch.as_tensor(self.learner._obs_scale(obs))[None]
        with torch.no_grad():
            return float(self.learner._ppo.policy.predict_values(scaled)[0, 0])

    def advantages_by_hand(self, row: int) -> list[float]:
        gamma, decay = self.preset.gamma, self.preset.gamma * self.preset.gae_lambda
        found: list[float] = []
        following = 0.0
        values = self.learner._ppo.rollout_buffer.values
        for t in reversed(range(5)):
            step = self.steps[t]
            is_end = bool(step.terminated[row] or step.truncated[row])
            future = 0.0 if step.terminated[row] else self.value(step.next_obs[row])
            delta = step.rewards[row] + gamma * future - values[t, row]
            following = delta + (0.0 if is_end else decay * following)
            found.insert(0, following)
        return found


def test_advantages_equal_gae_by_hand_for_both_kinds_of_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = TwoEnds(monkeypatch)
    case.learner.rollout()
    assert [(s.terminated.tolist(), s.truncated.tolist()) for s in case.steps][2] == (
        [True, False],
        [False, True],
    )
    buffer = case.learner._ppo.rollout_buffer
    for row in (0, 1):
        expected = case.advantages_by_hand(row)
        np.testing.assert_allclose(buffer.advantages[:, row], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(buffer.returns, buffer.advantages + buffer.values, rtol=1e-6)
    assert buffer.episode_starts[:, 0].tolist() == [1.0, 0.0, 0.0, 1.0, 0.0]


def test_observations_and_rewards_are_scaled_as_by_vec_normalize(line: EnvCard) -> None:
    def env() -> RewardedVecEnv:
        return RewardedVecEnv(RewardedVectorEnv(StateVectorEnv(line, 3), NativeReward()))

    theirs: Any = VecNormalize(env(), gamma=0.9)
    ours = env()
    observe, scale = ObservationScale(2), RewardScale(3, 0.9)
    ours.rewarded.reset(0)
    obs = theirs.reset()
    raw = ours.reset()
    rng = np.random.default_rng(0)
    for _ in range(30):
        observe.update(raw)
        np.testing.assert_allclose(obs, observe(raw), rtol=1e-5, atol=1e-6)
        actions = rng.uniform(-1, 1, (3, 1))
        obs, rewards, _, _ = theirs.step(actions)
        step = ours.rewarded.step(ours.to_environment(actions))
        np.testing.assert_allclose(
            rewards, scale(step.rewards, step.terminated | step.truncated), rtol=1e-5
        )
        raw = step.obs


# ------------------------------------------------------------------ checkpoints


@pytest.mark.parametrize("name", ["line", "doors"])
def test_a_checkpoint_is_what_the_driver_expects_and_survives_exactly(
    line: EnvCard, name: str
) -> None:
    card, hidden = (line, (64, 64)) if name == "line" else (TWO_DOORS, (8,))
    learner = learner_on(card)
    for _ in range(2):
        learner.rollout()
        learner.update()
    blob = dump_tensors(learner.tensors())
    tensors = parse_tensors(blob, checkpoint_tensors(spec_of(card, hidden)))
    assert tensors["adam.step"] > 0
    assert np.abs(tensors["adam.actor.0.weight.exp_avg"]).max() > 0
    other = learner_on(card, seed=7)
    other.load(tensors)
    assert dump_tensors(other.tensors()) == blob


class Kept:
    """A sink that keeps the checkpoints, as they would cross the pipe."""

    def __init__(self) -> None:
        self.blobs: dict[int, bytes] = {}

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        pass

    def checkpoint(self, step: int, tensors: Mapping[str, Array]) -> None:
        self.blobs[step] = dump_tensors(tensors)

    def experience(self, tensors: Mapping[str, Array]) -> None:
        raise AssertionError("a rollout of PPO is learnt from once")


def trained(card: EnvCard, start: int, end: int, tensors: Mapping[str, Array] | None) -> bytes:
    preset = resolve_preset(card.preset)
    request = TrainRequest(
        task=task_of(card),
        reward="native",
        program=None,
        preset=preset_mapping(preset),
        seed=3 + start,
        start_step=start,
        end_step=end,
        checkpoint_steps=(end,),
        device="cpu",
        sandbox="any",
    )
    kept = Kept()
    train_segment(request, tensors, kept, lock=lambda: None)
    return kept.blobs[end]


@pytest.mark.parametrize("name", ["line", "doors"])
def test_a_segment_from_a_checkpoint_does_not_depend_on_what_ran_before(
    line: EnvCard, name: str
) -> None:
    card, hidden = (line, (64, 64)) if name == "line" else (TWO_DOORS, (8,))
    expected = checkpoint_tensors(spec_of(card, hidden))
    first = parse_tensors(trained(card, 0, 256, None), expected)
    chained = trained(card, 256, 512, first)
    trained(line, 0, 128, None)  # draws from every global generator
    np.random.default_rng().random()
    assert trained(card, 256, 512, first) == chained
    unhurried = {**first, **{k: 0 * v for k, v in first.items() if k.endswith(".exp_avg")}}
    assert trained(card, 256, 512, unhurried) != chained


# ------------------------------------------------------------------------ eager

_EAGER = """
import hashlib, json, sys
sys.path.insert(0, {here!r})
if {is_plain}:
    import torch._dynamo
    import rewardsmith.training.eager as eager
    eager.stay_eager = lambda: None
import test_ppo
from rewardsmith.environments.cards import load_card
blob = test_ppo.trained(load_card({card!r}), 0, 256, None)
print(json.dumps([hashlib.sha256(blob).hexdigest(), "sympy" in sys.modules]))
"""


def run_eager(card: EnvCard, *, is_plain: bool) -> list[Any]:
    code = _EAGER.format(here=str(Path(__file__).parent), is_plain=is_plain, card=card.ref)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_staying_eager_changes_no_number_and_imports_no_compiler(line: EnvCard) -> None:
    eager, has_sympy = run_eager(line, is_plain=False)
    plain, had_sympy = run_eager(line, is_plain=True)
    assert eager == plain
    assert (has_sympy, had_sympy) == (False, True)


# --------------------------------------------------------------------- learning


def test_discrete_actions_are_learnt_and_the_numpy_policy_acts_on_them() -> None:
    doors = learner_on(TWO_DOORS)
    for _ in range(30):
        stats = doors.rollout()
        doors.update()
    assert stats.reward_mean > 0.85
    assert set(stats.episode_lengths) == {8}
    policy = MlpPolicy(spec_of(TWO_DOORS, (8,)), doors.tensors())
    assert policy.act(np.array([[-1.0, 1.0], [1.0, 1.0]])).tolist() == [0, 1]


def test_curves_count_episodes_across_rollouts(line: EnvCard) -> None:
    learner = learner_on(line, n_steps=8, batch_size=32)
    lengths = [learner.rollout().episode_lengths for _ in range(3)]
    assert lengths == [[], [12] * 4, [12] * 4]


# -------------------------------------------------------------------- what fails


def failing(card: EnvCard, monkeypatch: pytest.MonkeyPatch, what: str) -> PpoLearner:
    """A learner whose environment 1 goes wrong at its third step."""
    env = StateVectorEnv(card, 4)
    step, count = env.envs[1].step, 0

    def wrong(action: Any) -> Any:
        nonlocal count
        count += 1
        obs, reward, terminated, truncated, info = step(action)
        if count == 3 and what == "raises":
            raise ValueError("joint 3 left its range")
        if count == 3:
            obs, reward = (obs * np.nan, reward) if what == "obs" else (obs, np.nan)
        return obs, reward, terminated, truncated, info

    env._steppers[1] = wrong
    preset = resolve_preset(card.preset)
    assert isinstance(preset, PpoPreset)
    return PpoLearner(RewardedVectorEnv(env, NativeReward()), preset, seed=0, device="cpu")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("obs", "environment's observation is not finite"),
        ("reward", "the reward is not finite"),
        ("raises", "joint 3"),
    ],
)
def test_what_goes_wrong_says_whose_fault_it_is(
    line: EnvCard, monkeypatch: pytest.MonkeyPatch, what: str, says: str
) -> None:
    learner = failing(line, monkeypatch, what)
    with pytest.raises((FloatingPointError, ValueError), match=says) as caught:
        learner.rollout()
    if what == "raises":
        assert caught.value.__notes__ == ["The environment raised this, not the reward."]


def test_reward_that_passes_on_what_the_environment_broke_is_not_blamed(tmp_path: Path) -> None:
    path = Path(write_line_card(tmp_path / "LineWorld"))
    field = '  depth: {source: "derived: log(position - 9)", meaning: logarithm of a depth}\n'
    path.write_text(path.read_text("utf-8").replace("start: at", f"{field}start: at"), "utf-8")
    card = load_card(str(path))
    program = require_program(
        "CONTRACT = 1\ndef reward(state, xp):\n    return {'deep': state.depth}\n", card.state
    )
    source = ProgramReward(RewardStream(program, card.state, 4, gamma=0.9))
    env = RewardedVectorEnv(StateVectorEnv(card, 4, names=source.fields), source)
    env.reset(0)
    with pytest.raises(FloatingPointError, match="environment's state field 'depth'"):
        env.step(np.zeros((4, 1)))
