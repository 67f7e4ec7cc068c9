"""Any environment gets a card that loads, says where its fields come from, and can be read."""

from functools import cache
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, parse_card
from rewardsmith.environments.drafting.draft import Draft, draft_card
from rewardsmith.environments.inspection import check_card, random_actions
from rewardsmith.environments.reference import parse_reference
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import UsageError

HOME = Path(__file__).parent / "home"
CONTROL = ["CartPole-v1", "Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1"]
MUJOCO = [
    f"{name}-v5"
    for name in (
        "Ant",
        "HalfCheetah",
        "Hopper",
        "Humanoid",
        "HumanoidStandup",
        "InvertedDoublePendulum",
        "InvertedPendulum",
        "Pusher",
        "Reacher",
        "Swimmer",
        "Walker2d",
    )
]
TOYS = ["FrozenLake-v1", "Taxi-v4", "CliffWalking-v1", "Blackjack-v1"]


@cache
def draft(text: str) -> Draft:
    return draft_card(parse_reference(text, HOME))


def card_of(text: str) -> EnvCard:
    return parse_card(draft(text).text, ref=text, folder=HOME)


def robot(name: str) -> str:
    return f"odd_robots.py:{name}"


def measuring(name: str) -> str:
    return f"own_units.py:{name}"


def lines_of(text: str, field: str) -> list[str]:
    """What a draft's text says of one field."""
    lines = draft(text).text.split(f"\n  {field}:", 1)[1].splitlines()[1:]
    return [line.strip() for line in lines[: [ln[:4] == " " * 4 for ln in lines].index(False)]]


def notes_of(text: str) -> str:
    return "\n".join(note.text for note in draft(text).notes)


def sources(card: EnvCard) -> dict[str, str]:
    return {spec.name: spec.source for spec in card.state.fields}


@pytest.mark.parametrize("id_", [*CONTROL, *MUJOCO, *TOYS])
def test_drafted_card_loads_and_its_fields_are_finite_for_fifty_steps(id_: str) -> None:
    card = card_of(id_)
    vector = StateVectorEnv(card, 2)
    vector.reset(0)
    rng = np.random.default_rng(0)
    for _ in range(50):
        fields = vector.step(random_actions(card, 2, rng)).fields
        assert all(np.isfinite(values).all() for values in fields.values())
    assert {spec.name for spec in card.state.fields} == set(fields)


@pytest.mark.parametrize("id_", [*CONTROL, *MUJOCO])
def test_every_element_of_an_observation_is_in_one_field(id_: str) -> None:
    card = card_of(id_)
    size = gymnasium.make(id_).observation_space.shape
    covered: list[int] = []
    for source in sources(card).values():
        if source.startswith("obs["):
            start, _, stop = source[4:-1].partition(":")
            covered += range(int(start), int(stop) if stop else int(start) + 1)
    assert sorted(covered) == list(range((size or (0,))[0]))


@pytest.mark.parametrize("id_", [*CONTROL, *MUJOCO, *TOYS])
def test_draft_never_says_how_the_environment_pays(id_: str) -> None:
    text = draft(id_).text.partition("# Tasks can stay out")[0].lower().replace("rewardsmith", "")
    for word in ("reward", "penalty", "bonus", "ctrl_cost", "success", "weight"):
        assert word not in text


@pytest.mark.parametrize("id_", [*CONTROL, *MUJOCO])
def test_limits_are_those_of_the_registry(id_: str) -> None:
    assert card_of(id_).max_steps == gymnasium.spec(id_).max_episode_steps


def test_seconds_per_step_are_the_simulators() -> None:
    assert [card_of(f"{n}-v5").dt for n in ("HalfCheetah", "Hopper", "Ant")] == [0.05, 0.008, 0.05]


def test_joints_of_a_docstring_table_become_vectors_in_its_order() -> None:
    card = card_of("HalfCheetah-v5")
    assert sources(card)["joint_angles"] == "obs[2:8]"
    assert sources(card)["joint_velocities"] == "obs[11:17]"
    said = card.state.field("joint_angles")
    assert said.meaning.endswith("bthigh, bshin, bfoot, fthigh, fshin, ffoot")
    assert (said.unit, card.state.field("joint_velocities").unit) == ("rad", "rad/s")


def test_parts_that_a_docstring_only_counts_follow_its_table() -> None:
    assert sources(card_of("Ant-v5"))["cfrc_ext"] == "obs[27:105]"
    humanoid = sources(card_of("Humanoid-v5"))
    assert [humanoid[n] for n in ("cinert", "cvel", "qfrc_actuator", "cfrc_ext")] == [
        "obs[45:175]",
        "obs[175:253]",
        "obs[253:270]",
        "obs[270:348]",
    ]


def test_orientation_is_a_quaternion() -> None:
    field = card_of("Ant-v5").state.field("torso_orientation")
    assert (field.source, field.shape, field.quaternion) == ("obs[1:5]", (4,), "wxyz")


def test_angular_velocities_that_a_table_calls_angles_are_per_second() -> None:
    assert card_of("Ant-v5").state.field("joint_velocities").unit == "rad/s"


def test_bodies_and_contacts_come_from_the_model() -> None:
    said = sources(card_of("Hopper-v5"))
    assert said["foot_position"] == "body(foot)"
    assert said["foot_touches_floor"] == "contact(foot, floor)"


def test_meaning_of_a_discrete_action_is_the_docstrings_list() -> None:
    assert card_of("CartPole-v1").state.action.meaning == (
        "0: Push cart to the left; 1: Push cart to the right"
    )


def test_dictionary_becomes_fields_by_key() -> None:
    card = card_of(robot("Goal"))
    said = sources(card)
    assert said["observation"] == "obs[4:6]"
    assert said["desired_goal"] == "obs[0]"
    assert said["gear_one_hot"] == "obs[1:4]"
    assert said["gear"] == "derived: sum(gear_one_hot * [1, 2, 3])"


def test_choice_in_a_dictionary_can_be_read_as_its_number() -> None:
    vector = StateVectorEnv(card_of(robot("Goal")), 1)
    vector.reset(0)
    gears = [int(vector.step(np.zeros((1, 1))).fields["gear"][0]) for _ in range(4)]
    assert gears == [2, 3, 1, 2]


def test_tuple_becomes_fields_by_place() -> None:
    card = card_of(robot("Pair"))
    shapes = {spec.source: spec.shape for spec in card.state.fields}
    assert shapes["obs[0:4]"] == (4,)
    assert shapes["obs[4:7]"] == (3,)
    assert "obs[7:9]" in shapes
    assert "obs[9:12]" in shapes
    assert {"part_0", "part_1"} <= {spec.name for spec in card.state.fields}


def test_discrete_actions_count_from_zero_wherever_the_environment_starts() -> None:
    card = card_of(robot("Counted"))
    vector = StateVectorEnv(card, 1)
    vector.reset(0)
    raw: Any = vector.envs[0].unwrapped
    moved = []
    for choice in range(3):
        before = raw.x
        vector.step(np.array([choice]))
        moved.append(raw.x - before)
    assert moved == pytest.approx([-0.1, 0.0, 0.1])


def test_file_with_one_environment_needs_no_name(tmp_path: Path) -> None:
    text = (HOME / "odd_robots.py").read_text(encoding="utf-8")
    only = text[: text.index("class Goal")]
    (tmp_path / "only_point.py").write_text(only, encoding="utf-8")
    drafted = draft_card(parse_reference("only_point.py", tmp_path))
    assert 'id: "only_point:Point"' in drafted.text


def test_function_that_makes_an_environment_is_as_good_as_a_class() -> None:
    assert card_of(robot("wrapped")).state.action.high == (2.0,)


def test_limit_of_a_wrapped_environment_is_that_of_its_wrapper() -> None:
    assert card_of(robot("limited")).max_steps == 12
    assert card_of(robot("limited_inside")).max_steps == 12


def test_users_own_package_with_a_registered_id(tmp_path: Path) -> None:
    package = tmp_path / "envs"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import gymnasium\n"
        "gymnasium.register('OwnPoint-v3', 'envs.point:Point', max_episode_steps=17)\n",
        encoding="utf-8",
    )
    (package / "point.py").write_text(
        (HOME / "odd_robots.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    drafted = draft_card(parse_reference("envs:OwnPoint-v3", tmp_path))
    card = parse_card(drafted.text, ref="own")
    assert (card.id, card.max_steps, card.code) == ("envs:OwnPoint-v3", 17, tmp_path.resolve())


def test_section_about_rewards_is_left_out_with_everything_below_it() -> None:
    text = draft(robot("Point")).text
    assert "description: A point on a line. It is pushed left and right." in text
    assert "metre" not in text
    assert "Twice" not in text
    assert "episode_end: The point leaves the line." in text


def test_info_that_names_rewards_or_verdicts_is_left_out_and_said() -> None:
    drafted = draft(robot("Leaky"))
    said = sources(parse_card(drafted.text, ref="leaky"))
    assert {s for s in said.values() if s.startswith("info")} == {
        "info.goodness",
        "info.battery",
        "info.robot.tilt",
        "info.phase",
    }
    notes = "\n".join(note.text for note in drafted.notes)
    assert "info.reward_total, info.is_success, info.episode, info.rewards, info.score" in notes


def test_parts_of_an_observation_that_name_rewards_or_verdicts_are_left_out_and_said() -> None:
    drafted = draft(robot("Remembering"))
    said = sources(parse_card(drafted.text, ref="remembering"))
    assert said == {"nearness": "obs[1]", "x": "obs[4]"}
    notes = "\n".join(note.text for note in drafted.notes)
    assert "by name: part 'last_reward', part 'success'" in notes
    assert "element 1 of the observation equalled" in notes
    assert "take the field 'nearness' out of the card" in notes
    assert "element 0" not in notes


def test_what_is_left_out_can_still_judge() -> None:
    notes = "\n".join(note.text for note in draft(robot("Leaky")).notes)
    assert "a fitness may read one, as in 'info[\"reward_total\"]'" in notes


def test_info_that_equals_the_reward_is_kept_and_warned_of() -> None:
    warnings = [n.text for n in draft(robot("Leaky")).notes if n.kind == "warning"]
    assert any("info.goodness equalled the environment's reward" in text for text in warnings)
    assert any("info.seldom is no field: it is not always finite" in text for text in warnings)
    assert any("info.late is no field: it is not there in every step" in text for text in warnings)


def test_unit_that_a_name_suggests_is_marked_as_a_guess_and_said() -> None:
    text = measuring("Centimetres")
    assert "unit: m  # TODO guessed from its name" in lines_of(text, "x")
    assert "unit: rad  # TODO guessed from its name" in lines_of(text, "tilt_angle")
    assert "units guessed from names in info: tilt_angle (rad), x (m)" in notes_of(text)


def test_angle_that_goes_too_far_for_radians_has_no_unit() -> None:
    text = measuring("Centimetres")
    assert card_of(text).state.field("elbow_angle").unit == ""
    assert "# TODO unit: an angle, and too large for rad" in lines_of(text, "elbow_angle")


def test_units_of_an_action_table_are_in_its_meaning() -> None:
    thrust, heat = (card_of(measuring(n)).state.action.meaning for n in ("Thruster", "Heater"))
    assert thrust == "thrust along ...: x; y (all in N)"
    assert heat == "power (kW); valve position"


def test_what_random_play_showed_of_a_place_is_no_range() -> None:
    text = measuring("Wanderer")
    place = card_of(text).state.field("x_position")
    assert (place.low, place.high) == (None, None)
    (said,) = [line for line in lines_of(text, "x_position") if "range" in line]
    assert said.startswith("# TODO range: seen -")
    assert said.endswith("in random play, which is no limit")


def test_what_never_moved_has_no_range() -> None:
    text = measuring("Wanderer")
    assert card_of(text).state.field("touch").low is None
    assert "# TODO range: seen always 0 in random play, which is no limit" in lines_of(
        text, "touch"
    )


def test_what_still_went_further_when_play_ended_has_no_range() -> None:
    state = card_of(measuring("Wanderer")).state
    assert [state.field(name).high for name in ("odometer", "ticks")] == [None, None]


def test_what_has_shown_all_it_does_has_a_wide_range_that_says_so() -> None:
    text = measuring("Wanderer")
    effort = card_of(text).state.field("effort")
    assert effort.low is not None
    assert effort.high is not None
    assert effort.low < -2.5
    assert effort.high > 2.5
    assert "no limit" in next(line for line in lines_of(text, "effort") if "range" in line)
    assert "ranges of 1 fields from random play, made three times as wide" in notes_of(text)
    assert "odometer, ticks, touch, x_position" in notes_of(text)


@pytest.mark.parametrize("name", ["Wanderer", "Centimetres", "Hindsight"])
def test_fresh_draft_holds_when_it_is_checked(name: str) -> None:
    found = check_card(card_of(measuring(name)), n_steps=300, seed=3)
    assert found.problems == ()


def test_card_of_a_goal_environment_says_how_long_a_goal_is() -> None:
    card = card_of(measuring("Hindsight"))
    assert card.goal_dim == 2
    assert sources(card)["desired_goal"] == "obs[2:4]"


@pytest.mark.parametrize("text", [measuring("Unequal"), robot("Goal"), robot("Point")])
def test_card_of_other_environments_says_nothing_of_goals(text: str) -> None:
    assert card_of(text).goal_dim == 0


def test_verdicts_under_common_names_are_left_out() -> None:
    drafted = draft("telling_drone.py:Drone")
    said = set(sources(parse_card(drafted.text, ref="drone")).values())
    assert said == {
        "obs[2]",
        "obs[3]",
        "info.drag",
        "info.grasped",
        "info.lit",
        "info.best_so_far",
        "info.crashed",
    }
    notes = "\n".join(note.text for note in drafted.notes)
    assert "by name: part 'at_target', part 'task_done', info.ok, info.reached, info.cost" in notes


@pytest.mark.parametrize(
    "said",
    [
        "info.lit equalled info.passed in all 160 steps, which is left out by its name",
        "element 2 of the observation (field 'lamp') equalled part 'at_target' in all 160 steps",
        "info.grasped may be a verdict: never true in random play",
        "info.best_so_far followed, in a straight line, the episode's highest reward so far",
    ],
)
def test_what_is_kept_and_may_judge_is_warned_of(said: str) -> None:
    notes = [note for note in draft("telling_drone.py:Drone").notes if said in note.text]
    assert [note.kind for note in notes] == ["warning"]
    assert "take it out of the card" in notes[0].text


def test_what_is_warned_of_already_is_not_said_twice() -> None:
    notes = [note.text for note in draft("telling_drone.py:Drone").notes]
    assert [text.split(".")[0:2] for text in notes if text.startswith("info.drag")] == [
        ["info", "drag followed, in a straight line, the environment's reward in all 160 steps"]
    ]


def test_what_was_true_at_times_or_differs_is_not_warned_of() -> None:
    notes = [n.text for n in draft("telling_drone.py:Drone").notes if n.kind == "warning"]
    assert not any("crashed" in text or "place" in text for text in notes)


def test_limit_that_nobody_registered_is_what_was_seen() -> None:
    assert card_of(robot("Point")).max_steps == 30


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "RaisesInInit",
            r"raised in __init__: ValueError: the config file is missing \(odd_robots",
        ),
        ("Lacking", r"`pip install nowhere-to-be-found` may bring it"),
        ("Old", r"raised in reset\(\): TypeError.*Let it be `reset\(self, \*, seed=None, options="),
        ("Older", r"reset\(\) has to return \(observation, info\).*Return `observation, {}`"),
        ("RaisesInReset", r"raised in reset\(\): KeyError: 'start' \(odd_robots.py, line \d+\)"),
        ("RaisesInStep", r"raised in step\(\): ZeroDivisionError: division by zero"),
        ("NotFinite", r"returned nan in element 1 of the observation"),
        ("NoReward", r"returned NoneType as reward"),
        ("InfiniteReward", r"returned a reward of inf"),
        ("OldGym", r"reset\(\) has to return \(observation, info\)"),
        ("OldStep", r"step\(\) has to return .*terminated and truncated"),
        ("OtherShape", r"observation of shape \(3,\), and its space says \(2,\)"),
        ("Changing", r"changes its spaces while it runs"),
        ("Pixels", r"needs state fields: it shows pictures.*'attr: count', 'attr: x'.*docs/cards"),
        ("Wordy", r"Sequence.* at 'plan'.*supported: Box, Discrete"),
        ("Named", r"actions are Dict.*in Discrete, or in a bounded Box, a MultiDiscrete or"),
        ("Endless", r"dimension 0 of the action has no bounds"),
        ("Whole", r"actions are a Box of int64"),
        ("NoEnvironment", r"NoEnvironment is no gymnasium.Env.*The module defines Point"),
        ("Ponit", r"has no 'Ponit'. Did you mean 'Point'"),
        ("NOTHING", r"has no 'NOTHING'|not a class"),
    ],
)
def test_what_an_environment_does_wrong_is_said_in_one_line(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        draft(robot(name))
    assert "\n" not in str(raised.value)


def test_constructor_that_insists_on_a_render_mode_is_given_none() -> None:
    assert card_of(robot("Drawn")).kwargs == {}


def test_pictures_are_no_obstacle_where_info_tells_the_state() -> None:
    drafted = draft(robot("Told"))
    assert sources(parse_card(drafted.text, ref="told")) == {"position": "info.position"}
    assert any("is a picture" in note.text for note in drafted.notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CartPole-v2", "Unknown environment id 'CartPole-v2'. Did you mean 'CartPole-v1'"),
        ("nowhere.at_all:Robot", r"no module 'nowhere' among .*\. Install it, or put it there"),
        ("odd_robot.py:Point", r"There is no file .*odd_robot.py'. There: odd_robots.py"),
        ("./card.yaml", "There is no file './card.yaml'"),
        ("FetchReach-v4", "which is installed. Write 'gymnasium_robotics:FetchReach-v4'"),
        ("ALE/Pong-v5", "`pip install ale-py`"),
        ("odd_robots.py", r"has to define one environment, and defines Point, Goal.*write odd"),
    ],
)
def test_reference_to_nothing_says_what_there_is(
    monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.delitem(gymnasium.registry, text, raising=False)  # another test may have made one
    with pytest.raises(UsageError, match=said):
        draft(text)


def test_missing_extra_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(**words: object) -> gymnasium.Env[Any, Any]:
        raise gymnasium.error.DependencyNotInstalled(
            'Box2D is not installed, run `pip install "gymnasium[box2d]"`'
        )

    monkeypatch.setitem(
        gymnasium.registry, "Lander-v0", gymnasium.envs.registration.EnvSpec("Lander-v0", lacks)
    )
    with pytest.raises(
        UsageError, match=r'`pip install "rewardsmith\[box2d\]"` installs .* \'box2d\''
    ):
        draft("Lander-v0")


def test_module_that_does_not_import_says_why(tmp_path: Path) -> None:
    (tmp_path / "torn_file.py").write_text("import nowhere_to_be_found\n", encoding="utf-8")
    with pytest.raises(UsageError, match="imports 'nowhere_to_be_found', which is not installed"):
        draft_card(parse_reference("torn_file.py:Robot", tmp_path))
    (tmp_path / "torn_too.py").write_text("1 / 0\n", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be imported: ZeroDivisionError"):
        draft_card(parse_reference("torn_too.py:Robot", tmp_path))


def test_file_that_an_installed_module_hides_is_said(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"'random' is also the name of .*Rename random.py"):
        draft_card(parse_reference("random.py:Robot", tmp_path))
