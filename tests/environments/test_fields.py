"""Fields read from real simulators are right, and are copies."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.fields import BatchReader, FieldReader
from rewardsmith.errors import ConfigError, UsageError
from rewardsmith.messages import FieldSpec, StateSpec

THREE_STEPS = load_card(str(Path(__file__).parent / "three_steps"))


def with_field(card: EnvCard, source: str, **words: Any) -> EnvCard:
    """The card with one field, called `it`, of its own."""
    field = FieldSpec(name="it", source=source, **words)
    return replace(card, state=StateSpec(fields=(field,), action=card.state.action))


def read_hopper(source: str, **words: Any) -> tuple[np.ndarray, Any]:
    """The field after a step in Hopper, and the raw environment."""
    card = with_field(load_card("Hopper-v5"), source, **words)
    env = make_env(card)
    reader = FieldReader(card, env)
    obs, info = env.reset(seed=0)
    reader.read(obs, info, at_start=True)
    obs, _, _, _, info = env.step(np.array([0.3, -0.2, 0.1], np.float32))
    return reader.read(obs, info)["it"], env.unwrapped


def test_joint_state_is_the_simulators() -> None:
    value, raw = read_hopper("qpos[0:3]", shape=(3,))
    assert value.tolist() == raw.data.qpos[0:3].tolist()


def test_body_position_and_orientation_are_the_simulators() -> None:
    value, raw = read_hopper("body(torso).xpos", shape=(3,))
    assert value.tolist() == raw.data.body("torso").xpos.tolist()
    value, raw = read_hopper("body(torso).xquat", shape=(4,), quaternion="wxyz")
    assert value.tolist() == raw.data.body("torso").xquat.tolist()


def test_contact_names_geoms_or_bodies() -> None:
    standing, raw = read_hopper("contact(foot, floor)", kind="bool")
    assert standing.dtype == np.bool_
    assert bool(standing) == (raw.data.ncon > 0)
    never, _ = read_hopper("contact(torso_geom, floor)", kind="bool")
    assert not never


def test_distance_is_measured_between_surfaces() -> None:
    value, raw = read_hopper("min_distance(torso_geom, floor)")
    assert float(value) == pytest.approx(raw.data.geom("torso_geom").xpos[2] - 0.25, abs=0.02)


def test_attribute_is_read_anew_each_step() -> None:
    value, _ = read_hopper("attr: data.time")
    assert float(value) == pytest.approx(0.008)


def test_function_gets_environment_observation_and_info(tmp_path: Path) -> None:
    code = "def it(env, obs, info):\n    return 2.0 * obs[0] + env.count + info['count']\n"
    (tmp_path / "own_fields.py").write_text(code, encoding="utf-8")
    card = replace(with_field(THREE_STEPS, "function: own_fields:it"), folder=tmp_path)
    env = make_env(THREE_STEPS)
    obs, info = env.reset()
    assert float(FieldReader(card, env).read(obs, info, at_start=True)["it"]) == 20.0
    obs, _, _, _, info = env.step(np.ones(1, np.float32))
    assert float(FieldReader(card, env).read(obs, info)["it"]) == 24.0


def test_simulator_values_are_copies() -> None:
    card = load_card("Hopper-v5")
    env = make_env(card)
    reader = FieldReader(card, env)
    obs, info = env.reset(seed=0)
    before = reader.read(obs, info, at_start=True)
    kept = {name: values.copy() for name, values in before.items()}
    for _ in range(5):
        env.step(np.ones(3, np.float32))
    assert all(np.array_equal(before[name], kept[name]) for name in kept)


def test_observation_of_the_environment_may_be_changed_without_harm() -> None:
    card = load_card("Pendulum-v1")
    env = make_env(card)
    obs, info = env.reset(seed=0)
    fields = FieldReader(card, env).read(obs, info, at_start=True)
    up = float(fields["up"])
    obs[:] = 7.0
    assert float(fields["up"]) == up


def test_derived_field_follows_the_fields_above_it() -> None:
    card = load_card("Reacher-v5")
    env = make_env(card)
    reader = FieldReader(card, env)
    obs, info = env.reset(seed=3)
    fields = reader.read(obs, info, at_start=True)
    expected = env.unwrapped.data.body("fingertip").xpos[:2]  # type: ignore[attr-defined]
    assert np.allclose(fields["fingertip"], expected)


def test_field_names_bring_what_they_are_derived_from() -> None:
    card = load_card("Reacher-v5")
    env = make_env(card)
    obs, info = env.reset(seed=0)
    fields = BatchReader(card, [env], names=["fingertip"]).read(obs[None], [info], at_start=True)
    assert set(fields) == {"target", "to_fingertip", "fingertip"}


def test_unknown_simulator_name_is_a_usage_error() -> None:
    card = with_field(load_card("Hopper-v5"), "body(wing).xpos", shape=(3,))
    with pytest.raises(UsageError, match=r"no body 'wing xpos'.*Correct the field's source"):
        FieldReader(card, make_env(card))


def test_environment_without_simulator_says_so() -> None:
    card = with_field(load_card("Pendulum-v1"), "qpos[0]")
    with pytest.raises(UsageError, match="no qpos"):
        FieldReader(card, make_env(card))


def test_simulator_field_without_environments_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"double can only be read.*obs or info"):
        BatchReader(THREE_STEPS, None)
    assert BatchReader(THREE_STEPS, None, names=["x", "count"])


def test_info_missing_after_reset_asks_for_a_start_value() -> None:
    card = replace(THREE_STEPS, start_values={})
    env = make_env(card)
    obs, info = env.reset()
    with pytest.raises(ConfigError, match=r"Add 'at_start: 0\.0'"):
        FieldReader(card, env).read(obs, info, at_start=True)


def test_wrong_shape_says_the_right_one() -> None:
    card = with_field(THREE_STEPS, "obs[0:2]")
    env = make_env(card)
    obs, info = env.reset()
    with pytest.raises(ConfigError, match=r"Write 'shape: \[2\]'"):
        FieldReader(card, env).read(obs, info, at_start=True)
