"""A MuJoCo environment of one's own gets its fields from the model's names."""

from pathlib import Path

import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, parse_card
from rewardsmith.environments.drafting.draft import Draft, draft_card
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.fields import BatchReader
from rewardsmith.environments.inspection import check_card
from rewardsmith.environments.reference import parse_reference

HOME = Path(__file__).parent / "home"


@pytest.fixture(scope="module")
def drafted() -> Draft:
    return draft_card(parse_reference("two_link_arm.py:MyArm", HOME))


@pytest.fixture(scope="module")
def card(drafted: Draft) -> EnvCard:
    return parse_card(drafted.text, ref="arm")


def test_elements_are_recognised_by_value_and_named_by_the_model(card: EnvCard) -> None:
    elbow = card.state.field("joint_elbow_angle")
    assert (elbow.source, elbow.unit, elbow.low, elbow.high) == ("obs[1]", "rad", -3.14, 3.14)
    assert card.state.field("joint_shoulder_angular_velocity").source == "obs[2]"
    assert card.state.field("site_target_position").source == "obs[4:6]"


def test_sites_that_the_observation_hides_are_fields(card: EnvCard) -> None:
    tip = card.state.field("tip_position")
    assert (tip.source, tip.shape, tip.unit) == ("site(tip)", (3,), "m")


def test_place_of_a_free_body_is_one_field() -> None:
    text = draft_card(parse_reference("two_link_arm.py:Juggler", HOME)).text
    said = {field.name: field.source for field in parse_card(text, ref="juggler").state.fields}
    places = {name: source for name, source in said.items() if "position" in name}
    assert places == {"red_position": "body(red)", "blue_position": "qpos[7:10]"}


@pytest.fixture(scope="module")
def ball_arm() -> EnvCard:
    drafted = draft_card(parse_reference("touching_arm.py:BallArm", HOME))
    return parse_card(drafted.text, ref="ball arm", folder=HOME)


def test_height_that_stood_still_is_recognised_beside_the_other_coordinates(
    ball_arm: EnvCard,
) -> None:
    ball = ball_arm.state.field("body_ball_position")
    assert (ball.source, ball.shape, ball.unit) == ("obs[2:5]", (3,), "m")
    assert ball_arm.state.field("obs_5").source == "obs[5]"


def test_place_that_an_observation_shows_as_a_body_is_not_read_twice(ball_arm: EnvCard) -> None:
    said = {field.source for field in ball_arm.state.fields}
    assert not said & {"body(ball)", "qpos[2:5]"}


def test_contacts_between_things_come_before_those_with_the_ground(ball_arm: EnvCard) -> None:
    found = [f.source for f in ball_arm.state.fields if f.source.startswith("contact")]
    assert found[0] == "contact(hand, ball)"
    assert {"contact(hand, floor)", "contact(ball, floor)"} <= set(found)
    assert "contact(hand, far)" not in found
    assert len(found) <= 6


def test_sensors_have_the_units_of_their_types(ball_arm: EnvCard) -> None:
    sensors = [f for f in ball_arm.state.fields if f.source.startswith("sensor")]
    assert {f.source[7:].partition(")")[0]: f.unit for f in sensors} == {
        "palm_touch": "N",
        "shoulder_speed": "rad/s",
        "reach_place": "m",
        "palm_force": "N",
        "palm_torque": "N*m",
        "palm_push": "m/s^2",
        "palm_turn": "",
    }


def test_free_bodies_have_no_range_that_a_hit_would_break(ball_arm: EnvCard) -> None:
    assert ball_arm.state.field("body_ball_position").high is None
    assert check_card(ball_arm, n_steps=300, seed=5).problems == ()


def test_seconds_per_step_are_counted_by_the_simulations_clock(card: EnvCard) -> None:
    assert card.dt == 0.05


def test_actuators_name_the_action(card: EnvCard) -> None:
    assert card.state.action.meaning == "actuators in this order: shoulder_motor, elbow_motor"


def test_model_under_another_name_is_said() -> None:
    notes = draft_card(parse_reference("two_link_arm.py:ShyArm", HOME)).notes
    assert any("its MuJoCo model is in 'arm_model'" in note.text for note in notes)


def test_start_of_what_reset_does_not_tell_is_its_first_value(card: EnvCard) -> None:
    assert card.start_values["distance"][0] > 0.05


@pytest.mark.parametrize("id_", ["HalfCheetah-v5", "Ant-v5"])
def test_merged_blocks_read_what_each_name_holds(id_: str) -> None:
    card = parse_card(draft_card(parse_reference(id_, HOME)).text, ref=id_)
    env = make_env(card)
    env.reset(seed=0)
    for _ in range(40):
        obs, *_, info = env.step(env.action_space.sample())
        together = BatchReader(card, [env]).read(np.array(obs)[None], [info])
        for spec in card.state.fields:
            alone = BatchReader(card, [env], names=[spec.name])
            found = alone.read(np.array(obs)[None], [info])[spec.name]
            assert np.array_equal(found, together[spec.name])
            if spec.source.startswith("body("):
                name = spec.source[5:-1]
                held = env.unwrapped.data.body(name).xpos  # type: ignore[attr-defined]
                assert np.array_equal(found[0], held)
