"""Hyperparameters: what may be said, and what is refused before anything starts."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rewardsmith.config import RunConfig, TrainingConfig
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.errors import ConfigError
from rewardsmith.session import training_of
from rewardsmith.testing import write_line_card
from rewardsmith.training.preset import PpoPreset, SacPreset, preset_mapping, resolve_preset


def test_later_values_override_earlier_ones() -> None:
    preset = resolve_preset({"n_envs": 4, "gamma": 0.9}, {"gamma": 1}, {"hidden": [8, 8]})
    assert (preset.n_envs, preset.gamma, preset.hidden) == (4, 1.0, (8, 8))


@pytest.mark.parametrize("written", [[64, 32], (64, 32), "64, 32", "64,32"])
def test_layers_may_be_written_as_a_list_or_as_text(written: object) -> None:
    assert resolve_preset({"hidden": written}).hidden == (64, 32)
    assert resolve_preset({"hidden": 8}).hidden == (8,)


@pytest.mark.parametrize("kind", [PpoPreset, SacPreset])
def test_a_preset_survives_its_own_mapping(kind: type[PpoPreset] | type[SacPreset]) -> None:
    preset = kind(n_envs=3, hidden=(5,), learning_rate=0.01)
    assert resolve_preset(preset_mapping(preset)) == preset


def test_an_unknown_key_is_named_with_what_was_meant() -> None:
    with pytest.raises(ConfigError, match="learning_rate"):
        resolve_preset({"learning_rat": 0.1})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("n_envs", 0),
        ("n_envs", 2.5),
        ("n_steps", -1),
        ("n_steps", True),
        ("batch_size", 1),
        ("gamma", 1.01),
        ("gamma", math.nan),
        ("learning_rate", 0.0),
        ("learning_rate", math.inf),
        ("learning_rate", "fast"),
        ("hidden", ["wide"]),
        ("hidden", [64.5]),
        ("hidden", [0]),
        ("hidden", "64; 64"),
        ("hidden", 64.0),
    ],
)
def test_a_value_that_cannot_be_trained_with_is_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=key):
        resolve_preset({key: value})


def test_what_is_said_of_another_algorithm_does_not_count_except_gamma() -> None:
    card = {"algorithm": "ppo", "n_steps": 128, "batch_size": 1024, "gamma": 0.97}
    task = {"algorithm": "sac", "hidden": 32, "train_freq": 4}
    assert resolve_preset(card, task, {"tau": 0.02}) == SacPreset(
        gamma=0.97, hidden=(32,), train_freq=4, tau=0.02
    )
    back = resolve_preset(card, task, {"algorithm": "ppo", "n_epochs": 5})
    assert back == PpoPreset(n_steps=128, batch_size=1024, gamma=0.97, n_epochs=5)


def test_a_hyperparameter_of_another_algorithm_is_unknown() -> None:
    with pytest.raises(ConfigError, match="n_epochs"):
        resolve_preset({"algorithm": "sac", "n_epochs": 3})
    with pytest.raises(ConfigError, match="buffer_size"):
        resolve_preset({"buffer_size": 3})


def test_an_unknown_algorithm_is_named_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match="'sac'"):
        resolve_preset({"algorithm": "sax"})


@pytest.mark.parametrize(
    ("key", "value"),
    [("activation", "gelu"), ("activation", 1), ("buffer_size", 500), ("tau", 0.0)],
)
def test_a_value_that_sac_cannot_be_trained_with_is_refused_by_name(
    key: str, value: object
) -> None:
    with pytest.raises(ConfigError, match=key):
        resolve_preset({"algorithm": "sac", key: value})


def test_sac_on_choices_is_refused_with_what_to_do() -> None:
    card = load_card("CartPole-v1")
    config = RunConfig(training=TrainingConfig(preset={"algorithm": "sac"}))
    with pytest.raises(ConfigError, match=r"CartPole-v1.*discrete.*algorithm: ppo"):
        training_of(card, task_of(card, next(iter(card.tasks))), config)


def test_a_task_may_name_another_algorithm_than_its_card() -> None:
    card = load_card("Pendulum-v1")
    name = next(iter(card.tasks))
    task = replace(card.tasks[name], preset={"algorithm": "sac", "total_timesteps": 8000})
    preset, timesteps = training_of(
        replace(card, tasks={name: task}), task_of(card, name), RunConfig()
    )
    assert preset == SacPreset()
    assert timesteps == 8000


def test_a_rollout_of_one_timestep_is_refused() -> None:
    with pytest.raises(ConfigError, match="n_steps"):
        resolve_preset({"n_envs": 1, "n_steps": 1})


@pytest.mark.parametrize(("timesteps", "rounded"), [(1, 64), (95, 64), (97, 128), (640, 640)])
def test_lengths_are_rounded_to_whole_rollouts(timesteps: float, rounded: int) -> None:
    assert PpoPreset(n_envs=4, n_steps=16).rounded(timesteps) == rounded


@pytest.mark.parametrize("value", ["many", True, 0, -5.0, math.nan, math.inf])
def test_a_length_that_is_none_is_refused_before_a_run_exists(
    tmp_path: Path, value: object
) -> None:
    card = load_card(write_line_card(tmp_path))
    odd: Any = {**card.preset, "total_timesteps": value}
    with pytest.raises(ConfigError, match="total_timesteps"):
        training_of(replace(card, preset=odd), task_of(card), RunConfig())
