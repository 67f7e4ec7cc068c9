"""SAC between two checkpoints: SB3's own update on transitions that nothing falsified."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rewardsmith.environments.cards import EnvCard, load_card, task_of
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import ConfigError
from rewardsmith.evaluation.policy import MlpPolicy, PolicySpec, policy_tensors
from rewardsmith.isolation.tensors import dump_tensors, parse_tensors
from rewardsmith.testing import write_line_card
from rewardsmith.training.checkpoint import (
    blob_bytes,
    checkpoint_tensors,
    experience_tensors,
    require_room,
)
from rewardsmith.training.preset import SacPreset, preset_mapping
from rewardsmith.training.requests import METRIC_NAMES, TrainRequest
from rewardsmith.training.rewarded import NativeReward, PaidStep, RewardedVectorEnv
from rewardsmith.training.sac import SacLearner, _NumpyActor
from rewardsmith.training.train_job import train_segment

Array = np.ndarray[Any, Any]

THREE_STEPS = load_card(str(Path(__file__).parents[1] / "environments" / "three_steps"))
TINY = SacPreset(
    n_envs=4,
    train_freq=4,
    gradient_steps=4,
    batch_size=16,
    buffer_size=100,
    learning_starts=32,
    hidden=(8, 6),
)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> EnvCard:
    return load_card(write_line_card(tmp_path_factory.mktemp("line")))


def learner_on(card: EnvCard, preset: SacPreset = TINY, *, seed: int = 0) -> SacLearner:
    env = RewardedVectorEnv(StateVectorEnv(card, preset.n_envs), NativeReward())
    return SacLearner(env, preset, seed=seed, device="cpu")


def trained_on(card: EnvCard, preset: SacPreset = TINY, *, rollouts: int = 8) -> SacLearner:
    learner = learner_on(card, preset)
    for _ in range(rollouts):
        learner.rollout()
        learner.update()
    return learner


def spec_of(card: EnvCard, preset: SacPreset = TINY) -> PolicySpec:
    return preset.policy_spec(2, card.state.action)


def two_ends() -> tuple[SacLearner, list[PaidStep]]:
    """Three-step episodes: environment 0 terminates, environment 1 is truncated."""
    cards = [replace(THREE_STEPS, kwargs={"end": end}) for end in ("terminate", "truncate")]
    envs = [make_env(card) for card in cards]
    rewarded = RewardedVectorEnv(StateVectorEnv(cards[0], 2, envs=envs), NativeReward())
    steps: list[PaidStep] = []
    step = rewarded.step

    def remembering(actions: Array) -> PaidStep:
        steps.append(step(actions))
        return steps[-1]

    rewarded.step = remembering  # type: ignore[method-assign]
    preset = replace(TINY, n_envs=2, train_freq=5)
    return SacLearner(rewarded, preset, seed=0, device="cpu"), steps


# ------------------------------------------------------------------ transitions


def test_transitions_end_where_the_environment_did_and_go_on_where_the_horizon_did() -> None:
    learner, steps = two_ends()
    learner.rollout()
    kept = {name: rows.reshape(5, 2, -1) for name, rows in learner.experience().items()}
    assert kept["replay.terminated"][:, :, 0].tolist() == [
        [False, False],
        [False, False],
        [True, False],
        [False, False],
        [False, False],
    ]
    # What was seen next belongs to the same episode, not to the one after the reset.
    assert kept["replay.next_obs"][2, :, 1].tolist() == [3.0, 3.0]
    assert kept["replay.obs"][3, :, 1].tolist() == [0.0, 0.0]
    np.testing.assert_array_equal(
        kept["replay.rewards"][:, :, 0], np.array([step.rewards for step in steps], np.float32)
    )


def test_a_drawn_batch_is_scaled_as_of_now_and_only_termination_has_no_future() -> None:
    learner, _ = two_ends()
    learner.rollout()
    drawn, kept = learner._replay._get_samples(np.arange(10)), learner.experience()
    np.testing.assert_array_equal(drawn.observations, learner._obs_scale(kept["replay.obs"]))
    np.testing.assert_array_equal(
        drawn.next_observations, learner._obs_scale(kept["replay.next_obs"])
    )
    std = np.sqrt(learner._reward_scale.moments.var + 1e-8)
    np.testing.assert_allclose(
        drawn.rewards[:, 0], np.clip(kept["replay.rewards"] / std, -10, 10), rtol=1e-6
    )
    assert drawn.dones[:, 0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_the_oldest_transitions_make_room_and_the_order_is_kept(line: EnvCard) -> None:
    learner = learner_on(line, replace(TINY, buffer_size=40, learning_starts=40))
    learner.rollout()
    learner.rollout()
    before = learner.experience()
    learner.rollout()
    after = learner.experience()
    assert {len(rows) for rows in before.values()} == {32}
    assert {len(rows) for rows in after.values()} == {40}
    for name, rows in before.items():
        np.testing.assert_array_equal(after[name][:24], rows[8:])


def test_the_first_actions_are_uniform_and_nothing_is_learnt_from_them(line: EnvCard) -> None:
    learner = learner_on(line, replace(TINY, buffer_size=2000, learning_starts=2000))
    before = learner.tensors()
    for _ in range(100):
        learner.rollout()
        learner.update()
    actions = learner.experience()["replay.actions"]
    assert np.abs(actions).max() <= 1.0
    assert abs(actions.std() - 1 / np.sqrt(3)) < 0.03
    np.testing.assert_array_equal(learner.tensors()["actor.0.weight"], before["actor.0.weight"])
    assert learner.training_metrics() == {}


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_sampled_actions_have_the_actors_own_distribution(line: EnvCard, activation: Any) -> None:
    learner = trained_on(line, replace(TINY, activation=activation))
    obs = learner._obs_scale(np.tile(learner.experience()["replay.obs"], (40, 1)))
    actions = _NumpyActor(learner._sac, activation, np.random.default_rng(0)).sample(obs)
    with torch.no_grad():
        mean, log_std, _ = learner._sac.actor.get_action_dist_params(torch.as_tensor(obs))
    noise = (np.arctanh(actions.astype(np.float64)) - mean.numpy()) / np.exp(log_std.numpy())
    assert abs(noise.mean()) < 4 / np.sqrt(noise.size)
    assert abs(noise.std() - 1.0) < 0.05


def test_it_acts_without_hidden_layers_too(line: EnvCard) -> None:
    preset = replace(TINY, hidden=())
    names = checkpoint_tensors(spec_of(line, preset))
    assert trained_on(line, preset).tensors().keys() == names.keys()


# ----------------------------------------------------------------------- policy


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_evaluators_policy_acts_as_sb3_predicts(line: EnvCard, activation: Any) -> None:
    preset = replace(TINY, activation=activation)
    learner = trained_on(line, preset)
    action = replace(line.state.action, low=(-2.0,), high=(6.0,))
    spec = replace(spec_of(line, preset), action=action)
    obs = np.random.default_rng(0).normal(scale=2.0, size=(200, 2))
    expected, _ = learner._sac.predict(learner._obs_scale(obs), deterministic=True)
    acted = MlpPolicy(spec, learner.tensors()).act(obs)
    np.testing.assert_allclose(acted, -2.0 + (expected + 1.0) / 2.0 * 8.0, atol=1e-5)
    assert np.ptp(acted) > 0.1


def test_the_evaluator_needs_neither_critics_nor_transitions(line: EnvCard) -> None:
    names = policy_tensors(spec_of(line))
    assert {name.split(".")[0] for name in names} == {"actor", "obs"}


# ------------------------------------------------------------------ checkpoints


def test_a_checkpoint_is_what_the_driver_expects_and_survives_exactly(line: EnvCard) -> None:
    learner = trained_on(line)
    blob, kept = dump_tensors(learner.tensors()), dump_tensors(learner.experience())
    tensors = parse_tensors(blob, checkpoint_tensors(spec_of(line)))
    experience = parse_tensors(kept, experience_tensors(spec_of(line), TINY, 128))
    assert len(experience["replay.rewards"]) == 100
    assert min(tensors[f"adam.{name}.step"] for name in ("actor", "critic", "ent_coef")) > 0
    assert np.abs(tensors["adam.critic1.0.weight.exp_avg"]).max() > 0
    assert np.any(tensors["target0.0.weight"] != tensors["critic0.0.weight"])
    other = learner_on(line, seed=7)
    other.load({**tensors, **experience})
    assert dump_tensors(other.tensors()) == blob
    assert dump_tensors(other.experience()) == kept


@pytest.mark.parametrize("step", [16, 100, 5000])
def test_a_checkpoint_has_a_bound_that_is_known_beforehand(line: EnvCard, step: int) -> None:
    tensors = experience_tensors(spec_of(line), TINY, step)
    rows = min(step, 100)
    assert {t.shape[0] for t in tensors.values()} == {rows}
    blob = dump_tensors({n: np.zeros(t.shape, _DTYPES[t.dtype]) for n, t in tensors.items()})
    assert 0 < blob_bytes(tensors) - len(blob) < 70_000


_DTYPES = {"F32": np.float32, "BOOL": np.bool_}


class Kept:
    """A sink that keeps what is handed over, as it would cross the pipe."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.metrics: set[str] = set()

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        self.metrics |= values.keys()

    def checkpoint(self, step: int, tensors: Mapping[str, Array]) -> None:
        self.blobs["checkpoint"] = dump_tensors(tensors)

    def experience(self, tensors: Mapping[str, Array]) -> None:
        self.blobs["experience"] = dump_tensors(tensors)


def trained(
    card: EnvCard, start: int, end: int, tensors: Mapping[str, Array] | None, *, goes_on: bool
) -> Kept:
    request = TrainRequest(
        task=task_of(card),
        reward="native",
        program=None,
        preset=preset_mapping(TINY),
        seed=3 + start,
        start_step=start,
        end_step=end,
        checkpoint_steps=(end,),
        goes_on=goes_on,
        device="cpu",
        sandbox="any",
    )
    kept = Kept()
    train_segment(request, tensors, kept, lock=lambda: None)
    return kept


def test_a_segment_from_a_checkpoint_does_not_depend_on_what_ran_before(line: EnvCard) -> None:
    handed = trained(line, 0, 128, None, goes_on=True).blobs
    first = {
        **parse_tensors(handed["checkpoint"], checkpoint_tensors(spec_of(line))),
        **parse_tensors(handed["experience"], experience_tensors(spec_of(line), TINY, 128)),
    }
    chained = trained(line, 128, 256, first, goes_on=True).blobs
    trained(line, 0, 64, None, goes_on=False)  # draws from every global generator
    torch.rand(3)
    np.random.default_rng().random()
    assert trained(line, 128, 256, first, goes_on=True).blobs == chained
    unpaid = {**first, "replay.rewards": 0 * first["replay.rewards"]}
    assert (
        trained(line, 128, 256, unpaid, goes_on=True).blobs["checkpoint"] != chained["checkpoint"]
    )


def test_transitions_are_handed_over_only_to_a_segment_that_follows(line: EnvCard) -> None:
    assert trained(line, 0, 64, None, goes_on=False).blobs.keys() == {"checkpoint"}


def test_its_curves_are_ones_that_the_driver_knows(line: EnvCard) -> None:
    metrics = trained(line, 0, 64, None, goes_on=False).metrics
    assert metrics <= METRIC_NAMES
    assert {"train/actor_loss", "train/critic_loss", "train/ent_coef"} <= metrics


def test_more_transitions_than_can_be_carried_are_refused_with_what_fits(line: EnvCard) -> None:
    preset = SacPreset(buffer_size=10_000_000)
    spec = replace(spec_of(line, preset), obs_dim=400)
    with pytest.raises(ConfigError, match=r"buffer_size` to (\d+) or less") as caught:
        require_room(spec, preset)
    fits = int(str(caught.value).split("buffer_size` to ")[1].split()[0])
    require_room(spec, replace(preset, buffer_size=fits))
    with pytest.raises(ConfigError):
        require_room(spec, replace(preset, buffer_size=fits + 8))


# --------------------------------------------------------------------- learning


def test_it_learns_to_reach_a_goal(line: EnvCard) -> None:
    preset = replace(
        TINY, buffer_size=5000, learning_starts=200, batch_size=64, hidden=(32, 32), gamma=0.9
    )
    learner = learner_on(line, preset)
    paid = []
    for _ in range(120):
        paid.append(learner.rollout().reward_mean)
        learner.update()
    assert np.mean(paid[-20:]) > -0.5 > np.mean(paid[:12])
    policy = MlpPolicy(spec_of(line, preset), learner.tensors())
    assert policy.act(np.array([[0.0, 1.0], [0.0, -1.0]]))[:, 0] == pytest.approx([1, -1], abs=0.4)
