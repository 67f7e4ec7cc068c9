"""What is not there is said with what brings it, and what is there with how it is used."""

import sys

import gymnasium
import pytest

from rewardsmith.environments import absences
from rewardsmith.environments.absences import missing_package, require_package, unknown_id
from rewardsmith.environments.cards import card_names, load_card
from rewardsmith.environments.constructor import derived_card
from rewardsmith.environments.factory import make_bare
from rewardsmith.errors import UsageError


@pytest.mark.parametrize(
    ("id_", "said"),
    [
        ("MiniGrid-Empty-5x5-v0", "`--env MiniGrid --env-arg name=MiniGrid-Empty-5x5-v0`"),
        ("FetchSlide-v4", "`--env Fetch --env-arg name=FetchSlide-v4`"),
        ("PointMaze_Large-v3", "`--env PointMaze --env-arg name=PointMaze_Large-v3`"),
        ("merge-v1", "`--env HighwayEnv --env-arg name=merge-v1`"),
        ("MetaWorld-hammer-v3", "`--env MetaWorld --env-arg task=hammer-v3`"),
        ("Meta-World/MT1", "`--env MetaWorld --env-arg task=reach-v3`"),
        ("racetrack-v0", "'highway_env:racetrack-v0' instead"),
        ("FrankaKitchen-v1", "'gymnasium_robotics:FrankaKitchen-v1' instead"),
    ],
)
def test_id_of_an_installed_suite_says_how_it_is_written(id_: str, said: str) -> None:
    text = unknown_id(id_)
    assert "which is installed. Write " in text
    assert said in text
    assert "pip install" not in text


@pytest.mark.parametrize(
    ("id_", "module", "said"),
    [
        ("MiniGrid-Empty-5x5-v0", "minigrid", 'pip install "rewardsmith[minigrid]"'),
        ("FrankaKitchen-v1", "gymnasium_robotics", 'pip install "rewardsmith[robotics]"'),
        ("racetrack-v0", "highway_env", 'pip install "rewardsmith[highway]"'),
        ("ALE/Pong-v5", "ale_py", "`pip install ale-py` may bring it. Then write 'ale_py:ALE/Pon"),
    ],
)
def test_id_of_a_suite_that_is_missing_names_the_projects_extra(
    monkeypatch: pytest.MonkeyPatch, id_: str, module: str, said: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert "which is not installed" in unknown_id(id_)
    assert said in unknown_id(id_)


def test_cards_for_many_environments_take_the_argument_that_is_named() -> None:
    for suite in absences._SUITES:
        if suite.card:
            assert suite.card in card_names()
            assert suite.argument in load_card(suite.card).kwargs
            assert derived_card(suite.card, {suite.argument: "x"})


@pytest.mark.filterwarnings("ignore:.*out of date:DeprecationWarning")
@pytest.mark.parametrize(
    ("id_", "said"),
    [
        ("Ant-v2", r"'Ant-v2' is no longer in Gymnasium: .*gymnasium-robotics\)\. Use 'Ant-v5'\."),
        ("GymV21Environment-v0", r"needs a package that is missing: .*shimmy.*Install what it nam"),
    ],
)
def test_id_that_gymnasium_only_lists_says_what_to_take(id_: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make_bare(id_, code=None, ref=id_, kwargs={})


def test_gymnasiums_extra_is_named_as_this_projects_where_it_is_one() -> None:
    reason = 'Box2D is not installed, run `pip install "gymnasium[box2d]"`'
    said = missing_package("LunarLander-v3", reason)
    assert said.endswith("`pip install \"rewardsmith[box2d]\"` installs the extra 'box2d'.")
    said = missing_package("Blackjack-v1", reason.replace("box2d", "toy-text"))
    assert said.endswith("`pip install \"gymnasium[toy-text]\"` installs the extra 'toy-text'.")


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("MetaWorld-reach-v3", "metaworld", "metaworld"),
        ("FetchReach-v4", "gymnasium_robotics", "robotics"),
        ("LunarLander-v3", "Box2D", "box2d"),
    ],
)
def test_shipped_environment_without_its_package_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, module: str, extra: str
) -> None:
    card = load_card(name)
    require_package(card.id, card.called)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=rf'^{name} needs .* "rewardsmith\[{extra}\]"'):
        require_package(card.id, card.called)


def test_what_needs_no_optional_package_is_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in absences.EXTRAS:
        monkeypatch.setitem(sys.modules, module, None)
    for name in ("HalfCheetah-v5", "BoatRace", "CartPole-v1"):
        require_package(load_card(name).id, name)
    assert "my_arm:Arm" not in gymnasium.registry
    require_package("my_arm:Arm", "my_arm.py:Arm")
