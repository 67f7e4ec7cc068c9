"""An exported policy acts as it was judged, and a model card says what Hugging Face reads."""

import importlib.util
import itertools
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml

from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.evaluation.policy import MlpPolicy, policy_tensors
from rewardsmith.isolation.tensors import dump_tensors
from rewardsmith.messages import ActionSpec
from rewardsmith.rewards.contract import read_program
from rewardsmith.rewards.export import export_module
from rewardsmith.rewards.export_policy import policy_files, training_script
from rewardsmith.rewards.model_card import Measured, Metric, model_card
from rewardsmith.training.preset import PpoPreset, Preset, SacPreset, preset_mapping

CARD = load_card("Pendulum-v1")
ACTIONS = {
    "box": ActionSpec(shape=(2,), low=(-2.0, 0.0), high=(2.0, 1.0)),
    "discrete": ActionSpec(shape=(), kind="discrete", n=4),
    "multi-discrete": ActionSpec(shape=(3,), kind="multi_discrete", nvec=(2, 3, 2)),
}
NUMBERS = itertools.count()


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"exported_{next(NUMBERS)}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("action", "preset"),
    [
        *((action, PpoPreset(hidden=(8, 6))) for action in ACTIONS.values()),
        (ACTIONS["box"], SacPreset(hidden=(8, 6))),
        (ACTIONS["box"], SacPreset(hidden=(8, 6), activation="tanh")),
    ],
    ids=[*ACTIONS, "sac", "sac-tanh"],
)
def test_the_loader_acts_as_the_evaluators_policy(
    action: ActionSpec, preset: Preset, rng: np.random.Generator, tmp_path: Path
) -> None:
    card = replace(CARD, state=replace(CARD.state, action=action))
    spec = preset.policy_spec(5, action)
    tensors = {
        name: rng.normal(size=t.shape).astype(np.float32 if t.dtype == "F32" else np.float64)
        for name, t in policy_tensors(spec).items()
    }
    tensors["obs.var"] = np.abs(tensors["obs.var"])
    files = policy_files(card, preset_mapping(preset))
    (tmp_path / "policy.py").write_text(files["policy.py"], encoding="utf-8")
    (tmp_path / "policy.safetensors").write_bytes(dump_tensors(tensors))
    act, obs = loaded(tmp_path / "policy.py").Policy(), 20 * rng.normal(size=(50, 5))
    expected = MlpPolicy(spec, tensors).act(obs)
    np.testing.assert_array_equal(act(obs), expected)
    single = act(obs[7])
    assert np.shape(single) == action.shape
    np.testing.assert_allclose(single, expected[7], rtol=1e-5)


def test_the_training_script_has_every_hyperparameter_of_the_preset() -> None:
    preset = PpoPreset(gamma=0.9, hidden=(32,), n_envs=3, ent_coef=0.01)
    text = training_script(preset_mapping(preset), 12_345)
    compile(text, "train.py", "exec")
    for said in ("'gamma': 0.9", "'net_arch': [32]", "N_ENVS = 3", "'ent_coef': 0.01", "12_345"):
        assert said in text


def test_the_training_script_says_that_it_does_not_relabel_goals() -> None:
    text = training_script(preset_mapping(SacPreset(n_sampled_goal=4)), 12_345)
    compile(text, "train.py", "exec")
    assert "does not relabel" in text
    assert "n_sampled_goal" not in text  # no argument of SB3's SAC
    assert "relabel" not in training_script(preset_mapping(SacPreset()), 12_345)


def card_text(*files: str) -> str:
    text = "def reward(state, action, xp):\n    '''Up.'''\n    return {'up': xp.cos(state.angle)}\n"
    program = read_program(f'"""Swing up: 100 % #1."""\n{text}', CARD.state).program
    assert program is not None
    measured = Measured(
        metrics=(Metric(kind="success_rate", name="on 20 episodes", value=0.95),),
        paragraphs=("It was measured.",),
        run="r-1",
        candidate="000/1",
        version="0.1",
    )
    export = export_module(program, CARD, gamma=0.9)
    task = task_of(CARD, "swing_up")
    return model_card(program, CARD, task, export, files=files, measured=measured, algorithm="ppo")


def front_matter(card: str) -> Any:
    start, matter, rest = card.split("---\n", 2)
    assert start == ""
    assert rest.startswith("\n# ")
    return yaml.safe_load(matter)


def test_front_matter_is_what_hugging_face_reads() -> None:
    matter = front_matter(card_text("reward.py", "policy.safetensors", "train.py"))
    assert "reinforcement-learning" in matter["tags"]
    (model,) = matter["model-index"]
    (result,) = model["results"]
    assert result["task"]["type"] == "reinforcement-learning"
    assert result["dataset"] == {"name": "Pendulum-v1", "type": "Pendulum-v1"}
    assert result["metrics"][0]["value"] == 0.95


def test_a_card_without_a_policy_promises_none() -> None:
    card = card_text("reward.py", "train.py")
    assert "model-index" not in front_matter(card)
    assert "Use the policy" not in card
    assert "policy.safetensors" not in card
