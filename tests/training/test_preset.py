"""Hyperparameters: what may be said, and what is refused before anything starts."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rewardsmith.config import RunConfig
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.errors import ConfigError
from rewardsmith.session import training_of
from rewardsmith.testing import write_line_card
from rewardsmith.training.preset import PpoPreset, preset_mapping, resolve_preset


def test_later_values_override_earlier_ones() -> None:
    preset = resolve_preset({"n_envs": 4, "gamma": 0.9}, {"gamma": 1}, {"hidden": [8, 8]})
    assert (preset.n_envs, preset.gamma, preset.hidden) == (4, 1.0, (8, 8))


@pytest.mark.parametrize("written", [[64, 32], (64, 32), "64, 32", "64,32"])
def test_layers_may_be_written_as_a_list_or_as_text(written: object) -> None:
    assert resolve_preset({"hidden": written}).hidden == (64, 32)
    assert resolve_preset({"hidden": 8}).hidden == (8,)


def test_a_preset_survives_its_own_mapping() -> None:
    preset = PpoPreset(n_envs=3, hidden=(5,), learning_rate=0.01)
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
