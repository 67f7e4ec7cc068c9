import pytest

from rewardsmith.roles.offline.words import Intent, read_intents


def only(text: str, quantity: str) -> Intent:
    found = [i for i in read_intents(text) if i.quantity == quantity]
    assert len(found) == 1, read_intents(text)
    return found[0]


@pytest.mark.parametrize(
    ("text", "goals", "sides"),
    [
        ("Run forward as fast as possible.", ["speed"], []),
        ("Run backward without falling", ["speed"], ["alive"]),
        ("Hop forward without falling, with little effort", ["speed", "hop"], ["alive", "effort"]),
        (
            "Hop in place: keep hopping up and down, high and regularly, while staying near the "
            "start and upright, without falling.",
            ["hop"],
            ["stay", "upright", "alive"],
        ),
        ("Move the fingertip to the target and keep it there", ["reach"], []),
        ("Swing the pendulum up and keep it balanced upright", ["swing"], []),
        ("Balance the pole, keeping the cart near the centre", ["upright"], ["stay"]),
        ("Keep the torso below 0.9 m while moving backward at 1 m/s", ["height", "speed"], []),
        ("Open the drawer", ["value"], []),
        ("Hop up and down without moving away", ["hop"], ["stay"]),
    ],
)
def test_goals_and_side_conditions_are_told_apart(
    text: str, goals: list[str], sides: list[str]
) -> None:
    intents = read_intents(text)
    assert [i.quantity for i in intents if not i.is_constraint] == goals
    assert [i.quantity for i in intents if i.is_constraint] == sides


def test_a_number_with_a_unit_becomes_the_value_to_hold() -> None:
    intent = only("Run forward at about 2 m/s.", "speed")
    assert intent.mode == "hold"
    assert intent.amount is not None
    assert intent.amount.value == 2.0


def test_centimetres_are_read_in_si_units() -> None:
    intent = only("Bring the hand within 2 cm of the target", "reach")
    assert intent.amount is not None
    assert intent.amount.value == pytest.approx(0.02)
    assert intent.mode == "below"


def test_backward_is_the_other_way_than_forward() -> None:
    ahead, behind = only("run forward", "speed").heading, only("run backwards", "speed").heading
    assert ahead is not None
    assert behind is not None
    assert (ahead.axis, ahead.sign, behind.sign) == ("x", 1, -1)


def test_a_limb_that_is_stood_on_stays_low_while_the_other_is_lifted() -> None:
    lifted, stood = [
        i for i in read_intents("Stand on the front foot and lift the back") if i.mode != "hold"
    ]
    assert lifted.mode == "more"
    assert lifted.subject == {"back"}
    assert stood.mode == "less"
    assert stood.subject == {"front", "foot"}


def test_a_task_of_side_conditions_only_still_has_a_goal() -> None:
    assert not read_intents("Stay upright without falling")[0].is_constraint
