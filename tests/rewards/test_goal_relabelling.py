"""What a program may read where goals are swapped after the fact."""

from dataclasses import replace

import pytest

from rewardsmith.environments.cards import load_card
from rewardsmith.environments.suites.packages import package
from rewardsmith.messages import FieldSpec, StateSpec
from rewardsmith.rewards.contract import require_program
from rewardsmith.rewards.goal_relabelling import goal_fields, goal_state, relabelling_findings

REACH = load_card("FetchReach-v4").state
DISTANCE = """
CONTRACT = 1
WEIGHTS = {"distance": 1.0}


def reward(state, action, xp):
    return {"distance": -xp.norm(state.gripper - state.goal)}
"""


def codes(text: str, spec: StateSpec = REACH) -> list[str]:
    found = relabelling_findings(require_program(text, spec), spec, 3)
    return [one.code for one in found]


def with_fields(*fields: FieldSpec) -> StateSpec:
    return replace(REACH, fields=(*REACH.fields, *fields))


def test_distance_between_the_goals_fits() -> None:
    assert codes(DISTANCE) == []


def test_fields_of_both_goals_and_what_is_derived_from_them_follow() -> None:
    spec = with_fields(
        FieldSpec(name="way", source="derived: goal - gripper", shape=(3,)),
        FieldSpec(name="speed", source="derived: norm(gripper_movement)"),
        FieldSpec(name="reach", constant=0.05),
        FieldSpec(name="second", source="obs[1]"),
        FieldSpec(name="last", source="obs[-1]"),
        FieldSpec(name="everything", source="obs", shape=(16,)),
        FieldSpec(name="all_but", source="obs[:-10]", shape=(6,)),
        FieldSpec(name="across", source="obs[4:7]", shape=(3,)),
        FieldSpec(name="told", source="info.told"),
        FieldSpec(name="joint", source="qpos[0]"),
    )
    assert goal_fields(spec, 3) == {"gripper", "goal", "way", "reach", "second"}
    assert {field.name for field in goal_state(spec, 3).fields} == goal_fields(spec, 3)


@pytest.mark.parametrize(
    "read",
    [
        "xp.norm(state.gripper_movement)",
        "xp.sum(action ** 2)",
        "xp.norm(previous.gripper - state.goal)",
        "xp.norm(initial.gripper - state.goal)",
        "step * 1.0",
    ],
)
def test_anything_else_that_is_read_is_refused_with_its_name(read: str) -> None:
    text = DISTANCE.replace("action, xp", "action, xp, previous, initial, step")
    text = text.replace("-xp.norm(state.gripper - state.goal)", read)
    program = require_program(text, REACH)
    (found,) = relabelling_findings(program, REACH, 3)
    assert found.code == "relabelled-input"
    assert found.component == "distance"
    (name,) = set(program.reads["distance"]) - {"state.goal"}
    assert f"`{name}`" in found.message
    assert "state.goal, state.gripper" in found.remedy


def test_memory_is_refused() -> None:
    text = DISTANCE.replace("CONTRACT = 1", 'CONTRACT = 1\nMEMORY = {"best": 9.0}')
    text = text.replace("action, xp", "action, xp, memory").replace(
        'return {"distance": -xp.norm(state.gripper - state.goal)}',
        "distance = xp.norm(state.gripper - state.goal)\n"
        '    return {"distance": -distance}, {"best": xp.minimum(memory.best, distance)}',
    )
    assert codes(text) == ["relabelled-memory"]


def test_potential_is_refused() -> None:
    text = DISTANCE + "\n\ndef potential(state, xp):\n    return -state.gripper[2]\n"
    assert codes(text) == ["relabelled-score"]


@pytest.mark.parametrize("name", ["FetchReach-v4", "PointMaze_UMaze-v3", "HandReach-v3"])
def test_layout_is_the_packages_own(name: str) -> None:
    package("gymnasium_robotics", name)
    from rewardsmith.environments.factory import make_env

    card = load_card(name)
    spaces = make_env(card).unwrapped.observation_space.spaces  # type: ignore[attr-defined]
    found = [(key, space.shape) for key, space in list(spaces.items())[:2]]
    assert found == [(key, (card.goal_dim,)) for key in ("achieved_goal", "desired_goal")]
