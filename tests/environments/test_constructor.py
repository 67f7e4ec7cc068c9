"""Constructor arguments from a command line reach the environment, and stay with the run."""

from pathlib import Path

import pytest

from rewardsmith.environments.cards import load_card
from rewardsmith.environments.constructor import derived_card, parse_arguments
from rewardsmith.environments.drafting.draft import draft_card
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.reference import EnvRef
from rewardsmith.errors import UsageError

HOME = Path(__file__).parent / "switchboard"


def test_values_are_typed_as_in_a_card() -> None:
    said = ["a=3", "b=1e-3", "c=true", "d=dense", "e=[1, 2]", "f='3'", "g=null", "h="]
    assert parse_arguments(said) == {
        "a": 3,
        "b": 0.001,
        "c": True,
        "d": "dense",
        "e": [1, 2],
        "f": "3",
        "g": None,
        "h": None,
    }


def test_dotted_keys_lead_into_tables() -> None:
    assert parse_arguments(["config.road.lanes=3", "config.road.speed=2.5", "seed=1"]) == {
        "config": {"road": {"lanes": 3, "speed": 2.5}},
        "seed": 1,
    }


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["lanes"], r"'lanes' is no KEY=VALUE\. Write `--env-arg lanes=3`"),
        (["3=x"], "is no KEY=VALUE"),
        (["a..b=1"], "is no KEY=VALUE"),
        (["a=1", "a=2"], "'a' is given twice"),
        (["a=1", "a.b=2"], "'a' is a value already"),
        (["a=[1"], "cannot be read. Put it into quotes"),
        (["a=b\nc: d"], "cannot be read"),
    ],
)
def test_what_is_no_argument_is_said(texts: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_arguments(texts)


@pytest.mark.parametrize("ref", ["HalfCheetah-v5", str(HOME), str(HOME / "dials.yaml")])
def test_card_with_arguments_is_the_other_card_but_for_them(ref: str, tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text(derived_card(ref, {"wiring": {"flipped": True}}), "utf-8")
    card, base = load_card(str(tmp_path)), load_card(ref)
    assert card.kwargs == {**base.kwargs, "wiring": {"flipped": True}}
    assert (card.id, card.state, card.home) == (base.id, base.state, base.home)
    assert {n: t.fitness for n, t in card.tasks.items()} == {
        n: t.fitness for n, t in base.tasks.items()
    }


def test_arguments_reach_the_constructor(tmp_path: Path) -> None:
    arguments = parse_arguments(["wiring.flipped=true"])
    (tmp_path / "card.yaml").write_text(derived_card(str(HOME), arguments), "utf-8")
    env = make_env(load_card(str(tmp_path)))
    env.reset(seed=0)
    assert env.step(env.action_space.sample() * 0)[0][:3].tolist() == [1, 1, 1]


def test_draft_keeps_them_and_says_which_are_missing() -> None:
    ref = EnvRef(text="s", id="switchboard_env:Switchboard", code=HOME, kwargs={"n_lamps": 2})
    assert 'kwargs: {"n_lamps": 2}' in draft_card(ref).text
    bare = EnvRef(text="s", id="switchboard_env:Switchboard", code=HOME)
    with pytest.raises(UsageError, match=r"s: its constructor needs 'n_lamps'.*--env-arg n_lamps="):
        draft_card(bare)
    wrong = EnvRef(
        text="s", id="switchboard_env:Switchboard", code=HOME, kwargs={"n_lamps": 2, "lmaps": 3}
    )
    with pytest.raises(UsageError, match=r"takes no argument 'lmaps'\. Correct --env-arg"):
        draft_card(wrong)
