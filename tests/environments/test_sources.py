"""What a field's source may say."""

import pytest

from rewardsmith.environments.sources import Source, SourceError, parse_source


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("obs[3]", Source("obs", (), (3,))),
        ("obs[-1]", Source("obs", (), (-1,))),
        ("obs[2:8]", Source("obs", (), (slice(2, 8, None),))),
        ("obs[::2]", Source("obs", (), (slice(None, None, 2),))),
        ("obs", Source("obs")),
        ("info.x_position", Source("info", ("x_position",))),
        ("info.a.b[1]", Source("info", ("a", "b"), (1,))),
        ("qpos[0]", Source("qpos", (), (0,))),
        ("body(torso).xpos", Source("body", ("torso", "xpos"))),
        ("body(torso)", Source("body", ("torso", "xpos"))),
        ("body(left foot).xquat", Source("body", ("left foot", "xquat"))),
        ("site(tip)[0:2]", Source("site", ("tip", "xpos"), (slice(0, 2, None),))),
        ("sensor(touch)", Source("sensor", ("touch", "data"))),
        ("contact(a, b)", Source("contact", ("a", "b"))),
        ("min_distance(hand,ball)", Source("min_distance", ("hand", "ball"))),
        (
            "attr: goal.position[0, 1:3]",
            Source("attr", ("goal", "position"), (0, slice(1, 3, None))),
        ),
        ("derived: a - b", Source("derived", ("a - b",))),
        ("function: pkg.mod:f", Source("function", ("pkg.mod", "f"))),
    ],
)
def test_source_is_parsed(text: str, source: Source) -> None:
    assert parse_source(text) == source


@pytest.mark.parametrize(
    "text",
    [
        "",
        "obs[]",
        "obs[a]",
        "obs[1 2]",
        "obs[1.5]",
        "observation[0]",
        "body(torso).mass",
        "sensor()",
        "contact(a)",
        "attr: a._b",
        "attr: _a",
        "attr: a.__dict__",
        "attr: f()",
        "derived:",
        "function: module",
        "function: module:a.b",
        "__import__('os')",
    ],
)
def test_nonsense_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_source(text)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "key",
    "reward reward_ctrl rewards success is_success score episode REWARD_run fitness "
    "last_fitness best_score episode_return returns".split(),
)
@pytest.mark.parametrize("form", ["info.{}", "info.details.{}", "attr: last.{}"])
def test_rewards_and_verdicts_are_refused_by_name(key: str, form: str) -> None:
    with pytest.raises(SourceError, match="by its name"):
        parse_source(form.format(key))


def test_velocity_is_allowed_although_it_may_equal_a_reward() -> None:
    assert parse_source("info.x_velocity").names == ("x_velocity",)
    assert parse_source("attr: returned_ball").names == ("returned_ball",)
