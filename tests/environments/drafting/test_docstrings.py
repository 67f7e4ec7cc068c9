"""Docstrings give meanings, units and slices, and never what is paid."""

import numpy as np
import pytest
from gymnasium import spaces

from rewardsmith.environments.drafting.docstrings import read_docstring
from rewardsmith.environments.drafting.grouping import fields_of
from rewardsmith.environments.drafting.observed import observed_fields
from rewardsmith.environments.drafting.prose import first_sentences
from rewardsmith.environments.drafting.spaces import leaves_of
from rewardsmith.environments.drafting.tables import Row, read_tables, written_unit

TABLES = """
## Observation Space
The first part:

| Num | Observation         | Min  | Max | Unit          |
|-----|---------------------|------|-----|---------------|
| 0   | height of the torso | -1.5 | 2   | position (m)  |
| 1-2 | wheel speeds        | -Inf | Inf | velocity (m/s) |

The second one:

| Num | Observation | Min | Max | Unit |
|-----|-------------|-----|-----|------|
| 3   | battery     | 0   | 1   | unitless |
| excluded | x-coordinate of the torso | -Inf | Inf | position (m) |

## Rewards
| Num | Observation | Min | Max |
|-----|-------------|-----|-----|
| 0   | the reward  | 0   | 1   |

### Dense
Minus the distance. It is squared.

## Starting State
Upright.
"""


def rows_for(n: int) -> list[str]:
    doc = read_docstring(TABLES)
    leaves = leaves_of(spaces.Box(-np.inf, np.inf, (n,), np.float64))
    seen = np.zeros((3, n))
    return [f"{f.name} {f.source}" for f in observed_fields(leaves, doc, None, seen).fields]


def test_tables_that_go_on_counting_are_one() -> None:
    (table,) = read_docstring(TABLES).observations
    assert [row.text for row in table.rows] == [
        "height of the torso",
        "wheel speeds",
        "wheel speeds",
        "battery",
    ]
    assert [row.text for row in table.excluded] == ["x-coordinate of the torso"]


def test_fields_have_the_tables_own_slices() -> None:
    assert rows_for(4) == ["torso_height obs[0]", "wheel_speeds obs[1:3]", "battery obs[3]"]


def test_excluded_rows_come_first_where_they_are_included() -> None:
    assert rows_for(5)[:2] == ["torso_x obs[0]", "torso_height obs[1]"]


def test_table_that_fits_nothing_is_not_used_and_said() -> None:
    doc = read_docstring(TABLES)
    leaves = leaves_of(spaces.Box(-np.inf, np.inf, (9,), np.float64))
    observed = observed_fields(leaves, doc, None, np.zeros((3, 9)))
    assert observed.fields[0].name == "obs_0"
    assert "describes 4 elements, and the observation has 9" in observed.notes[0].text


def test_table_of_a_dictionary_is_found_by_its_key() -> None:
    text = (
        "# Observation Space\n`observation`:\n\n| Num | Observation |\n|-|-|\n| 0 | arm |\n"
        "\n`desired_goal`:\n\n| Num | Observation |\n|-|-|\n| 0 | target |\n"
    )
    space = spaces.Dict({k: spaces.Box(0, 1, (1,)) for k in ("desired_goal", "observation")})
    observed = observed_fields(leaves_of(space), read_docstring(text), None, np.zeros((2, 2)))
    assert [(f.source, f.meaning) for f in observed.fields] == [
        ("obs[0]", "target"),
        ("obs[1]", "arm"),
    ]


def test_numbers_and_units_of_cells() -> None:
    (table,) = read_tables(
        "| Num | Observation | Min | Max |\n|-|-|-|-|\n"
        "| 0 | angle | ~ -0.418 rad (-24°) | 4.8e-1 |\n"
    )
    assert table.rows == (Row(text="angle", low=-0.418, high=0.48, unit="rad"),)


def test_nothing_below_a_heading_about_rewards_is_read() -> None:
    doc = read_docstring(TABLES)
    assert "distance" not in repr(doc)
    assert doc.start == "Upright."


def test_google_style_headings_hide_rewards_as_well() -> None:
    doc = read_docstring(
        "A cart.\n\nReward:\n    Ten a metre. More at night.\n\nStart:\n    At 0.\n"
    )
    assert (doc.description, doc.start) == ("A cart.", "At 0.")


def test_sentences_that_speak_of_pay_or_are_formulae_are_left_out() -> None:
    text = (
        "It rolls. The agent gets 1 for each step. The cost is c. r = -x - y. It stops at "
        "[0.7, 2]. The episode is a success when x is 0. It weighs $m^2$ kilograms."
    )
    assert first_sentences(text) == "It rolls. It stops at [0.7, 2]."


def test_undescribed_elements_get_a_field_each_up_to_sixteen() -> None:
    assert len(fields_of([Row()] * 16, array="obs")) == 16
    (block,) = fields_of([Row()] * 40, array="obs")
    assert (block.source, block.shape, block.name) == ("obs[0:40]", (40,), "obs_0_40")


def test_names_of_equal_rows_differ() -> None:
    rows = [Row(text="angle"), Row(text="speed"), Row(text="angle")]
    assert [f.name for f in fields_of(rows, array="obs")] == ["angle", "speed", "angle_2"]


def test_long_phrases_fall_back_to_the_models_name() -> None:
    row = Row(
        text="angular velocity of the angle between torso and the very first front left link",
        name="hip_1",
        unit="rad/s",
    )
    assert fields_of([row], array="obs")[0].name == "hip_1_velocity"


@pytest.mark.parametrize(
    ("cell", "unit"),
    [
        ("°C", "degC"),
        ("temperature (°C)", "degC"),
        ("L/s", "L/s"),
        ("kW", "kW"),
        ("m/s²", "m/s^2"),
        ("m·s⁻¹", "m*s^-1"),
        ("degrees", "deg"),
        ("vehicles/h", "vehicles/h"),
        ("angular velocity (rad/s)", "rad/s"),
        ("torque (N m)", "N*m"),
    ],
)
def test_unit_in_a_column_of_units_is_taken_as_written(cell: str, unit: str) -> None:
    (table,) = read_tables(f"| Num | Observation | Unit |\n|-|-|-|\n| 0 | it | {cell} |\n")
    assert table.rows[0].unit == unit
    assert unit.isascii()


@pytest.mark.parametrize(
    "cell",
    ["-", "", "unitless", "position", "N/A", "None", "(see above)", "a # b: c", "0 or 1", "x" * 40],
)
def test_what_is_no_unit_in_a_column_of_units_is_none(cell: str) -> None:
    assert written_unit(cell) == ""


def test_direction_at_the_end_of_a_phrase_stays_in_its_name() -> None:
    rows = [Row(text="Flow in"), Row(text="Flow out"), Row(text="Pressure in the tank")]
    assert [f.name for f in fields_of(rows, array="obs")] == [
        "flow_in",
        "flow_out",
        "pressure_tank",
    ]


def test_range_of_a_vector_is_that_of_its_widest_joints() -> None:
    ends = [(-1.0, 0.5), (-0.2, 2.0), (-0.6, 0.6)]
    rows = [
        Row(name=f"j{i}", joint="hinge", unit="rad", low=a, high=b) for i, (a, b) in enumerate(ends)
    ]
    (joints,) = fields_of(rows, array="obs")
    assert (joints.low, joints.high) == (-1.0, 2.0)
    (open_joints,) = fields_of([*rows[:2], Row(name="j2", joint="hinge", unit="rad")], array="obs")
    assert (open_joints.low, open_joints.high) == (None, None)
