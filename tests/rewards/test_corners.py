"""Corners hold what the card says, and what follows from it."""

from typing import Any

import numpy as np
import pytest

from rewardsmith.environments.cards import load_card
from rewardsmith.messages import ActionSpec, FieldSpec, StateSpec, Trajectory
from rewardsmith.rewards.corners import Corners, make_corners

SPEC = StateSpec(
    fields=(
        FieldSpec(name="x", low=-2.0, high=3.0, unit="m"),
        FieldSpec(name="legs", shape=(2, 2), low=0.5, high=1.0),
        FieldSpec(name="touch", kind="bool"),
        FieldSpec(name="phase", kind="int", low=0, high=4),
        FieldSpec(name="q", shape=(4,), quaternion="wxyz"),
        FieldSpec(name="free"),
        FieldSpec(name="dt", constant=0.1),
    ),
    action=ActionSpec(shape=(2,), low=(-1.0, -2.0), high=(1.0, 2.0)),
)


def rollout(n: int = 6) -> Trajectory:
    return Trajectory(
        seed=0,
        fields={
            "x": np.linspace(0.0, 1.0, n + 1),
            "legs": np.full((n + 1, 2, 2), 0.7),
            "touch": np.zeros(n + 1, bool),
            "phase": np.ones(n + 1, np.int64),
            "q": np.tile([0.6, 0.0, 0.8, 0.0], (n + 1, 1)),
            "free": np.linspace(10.0, 20.0, n + 1),
        },
        actions=np.full((n, 2), 0.25),
        terminated=False,
    )


READS = frozenset(
    [f"{o}.{f.name}" for o in ("state", "previous") for f in SPEC.fields if f.constant is None]
    + ["initial.x", "action", "previous_action", "step", "terminated"]
)


@pytest.fixture(scope="module")
def corners() -> Corners:
    return make_corners(READS, {}, [rollout()], SPEC)


def values(corners: Corners, name: str, of: Any = None) -> set[Any]:
    rows = range(corners.n) if of is None else of
    return {np.ravel(corners.rows[name][i])[0].item() for i in rows}


def moved(corners: Corners, name: str) -> list[int]:
    return [i for i, one in enumerate(corners.moved) if one == name]


def test_single_corners_move_one_thing_to_its_ends(corners: Corners) -> None:
    rows = moved(corners, "state.x")
    assert values(corners, "state.x", rows) == {-2.0, 3.0, 0.0}
    assert values(corners, "previous.x", rows) <= {0.0, 0.5}  # as recorded
    assert values(corners, "state.legs", moved(corners, "state.legs")) == {0.5, 1.0}
    assert values(corners, "state.touch", moved(corners, "state.touch")) == {False, True}
    assert values(corners, "state.phase", moved(corners, "state.phase")) == {0, 4}
    assert values(corners, "action", moved(corners, "action")) == {-1.0, 1.0, 0.0}
    assert values(corners, "step", moved(corners, "step")) == {1, 6}
    assert values(corners, "terminated", moved(corners, "terminated")) == {False, True}


def test_an_unknown_range_is_the_observed_one_widened_by_its_spread(corners: Corners) -> None:
    assert values(corners, "state.free", moved(corners, "state.free")) == {0.0, 30.0}


def test_nothing_moved_means_that_the_state_is_as_it_was(corners: Corners) -> None:
    still = moved(corners, "")
    assert any(corners.rows["state.x"][i] == corners.rows["previous.x"][i] for i in still)
    assert any(corners.rows["state.x"][i] == corners.rows["initial.x"][i] for i in still)


def test_quaternions_are_of_length_one_everywhere(corners: Corners) -> None:
    for name in ("state.q", "previous.q"):
        assert np.linalg.norm(corners.rows[name], axis=-1) == pytest.approx(1.0)


def test_joint_corners_hold_all_low_all_high_and_mixed_entries(corners: Corners) -> None:
    joint = range(len(corners.moved), corners.n)
    low, high, *mixed = joint
    assert (corners.rows["state.x"][low], corners.rows["state.x"][high]) == (-2.0, 3.0)
    assert np.all(corners.rows["state.legs"][low] == 0.5)
    assert any(np.ptp(corners.rows["state.legs"][i]) > 0 for i in mixed)
    assert any(corners.rows["state.x"][i] != corners.rows["previous.x"][i] for i in mixed)
    assert values(corners, "terminated", mixed) == {False, True}
    assert not any(corners.is_single(i) for i in joint)


def test_the_same_corners_are_made_again(corners: Corners) -> None:
    again = make_corners(READS, {}, [rollout()], SPEC)
    assert again.moved == corners.moved
    for name, rows in corners.rows.items():
        np.testing.assert_array_equal(rows, again.rows[name])


def test_derived_fields_follow_from_the_others() -> None:
    card = load_card("Pendulum-v1")
    n = 4
    angle = np.linspace(0.0, 1.0, n + 1)
    recorded = Trajectory(
        seed=0,
        fields={
            "up": np.cos(angle),
            "sideways": np.sin(angle),
            "angle": angle,
            "angular_velocity": np.zeros(n + 1),
        },
        actions=np.zeros((n, 1)),
        terminated=False,
    )
    corners = make_corners({"state.angle", "action"}, {}, [recorded], card.state)
    assert {"state.up", "state.sideways"} <= set(corners.moved)
    assert "state.angular_velocity" not in corners.moved
    up = moved(corners, "state.up")[0]
    angles = corners.rows["state.angle"]
    assert angles[up] == pytest.approx(np.arctan2(np.sin(0.25), -1.0))  # sideways as recorded
    assert corners.describe(up, {"state.angle"}, card.state) == "`angle` is 2.899 rad"


def test_a_discrete_action_has_its_first_and_its_last_choice() -> None:
    spec = StateSpec(
        fields=(FieldSpec(name="x"),), action=ActionSpec(shape=(), kind="discrete", n=3)
    )
    recorded = Trajectory(
        seed=0, fields={"x": np.zeros(3)}, actions=np.array([0, 1]), terminated=True
    )
    corners = make_corners({"action", "state.x"}, {}, [recorded], spec)
    assert values(corners, "action", moved(corners, "action")) == {0, 2}
