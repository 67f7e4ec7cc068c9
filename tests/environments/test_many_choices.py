"""Actions of several choices: cards, drafts, and what environments and programs get of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, load_card, parse_card
from rewardsmith.environments.drafting.draft import draft_card
from rewardsmith.environments.inspection import check_card, random_actions
from rewardsmith.environments.reference import parse_reference
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import ConfigError
from rewardsmith.evaluation.rollout import constant, cycle, uniform
from rewardsmith.messages import ActionSpec
from rewardsmith.rewards.composition import RewardStream
from rewardsmith.rewards.contract import require_program

HOME = Path(__file__).parent / "switchboard"
BOARD = load_card(str(HOME))
DIALS = load_card(str(HOME / "dials.yaml"))

CARD = """
id: a:B
title: B
action: {action}
state: {{x: {{source: "obs[0]", meaning: x}}}}
max_steps: 5
"""


@pytest.mark.parametrize(
    ("written", "shape", "choices"),
    [
        ("{kind: multi_binary, shape: [4]}", (4,), (2, 2, 2, 2)),
        ("{kind: multi_discrete, choices: [3, 2, 5]}", (3,), (3, 2, 5)),
        ("{kind: multi_discrete, shape: [2, 2], choices: [3, 3, 4, 4]}", (2, 2), (3, 3, 4, 4)),
    ],
)
def test_card_says_how_many_choices_there_are(
    written: str, shape: tuple[int, ...], choices: tuple[int, ...]
) -> None:
    action = parse_card(CARD.format(action=written), ref="card").state.action
    assert (action.kind, action.shape, action.choices) == ("multi_discrete", shape, choices)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{kind: multi_discrete, shape: [3], choices: [3, 2]}", "is no list of 3 counts"),
        ("{kind: multi_discrete, choices: [3, 0.5]}", "is no list of 2 counts"),
        ("{kind: multi_discrete}", "'choices' is missing"),
        ("{kind: multi, shape: [3]}", "Write continuous or discrete or multi_discrete or multi_"),
    ],
)
def test_choices_that_mean_nothing_are_refused_with_a_line(written: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"card:4: .*{said}"):
        parse_card(CARD.format(action=written), ref="card")


def test_an_action_has_one_count_an_element() -> None:
    with pytest.raises(ValueError, match="2 elements of an action of shape"):
        ActionSpec(shape=(3,), kind="multi_discrete", nvec=(2, 2))


@pytest.mark.parametrize("card", [BOARD, DIALS], ids=["binary", "discrete"])
def test_card_agrees_with_its_environment(card: EnvCard) -> None:
    assert check_card(card, n_steps=20).problems == ()


def test_card_with_other_choices_is_a_problem() -> None:
    text = (HOME / "dials.yaml").read_text(encoding="utf-8").replace("[4, 3]", "[4, 4]")
    problems = check_card(parse_card(text, ref="dials", folder=HOME), n_steps=2).problems
    assert any("The choices differ" in str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("name", "kwargs", "written", "choices"),
    [
        ("Dials", {}, "kind: multi_discrete\n  choices: [4, 3]", (4, 3)),
        ("Switchboard", {"n_lamps": 2}, "kind: multi_binary\n  shape: [2]", (2, 2)),
    ],
)
def test_draft_holds_the_choices(
    name: str, kwargs: dict[str, int], written: str, choices: tuple[int, ...]
) -> None:
    ref = replace(parse_reference(f"switchboard_env.py:{name}", HOME), kwargs=kwargs)
    drafted = draft_card(ref)
    assert written in drafted.text
    assert parse_card(drafted.text, ref=name, folder=HOME).state.action.choices == choices


@pytest.mark.parametrize("card", [BOARD, DIALS], ids=["binary", "discrete"])
def test_every_way_to_act_is_an_action_of_the_environment(card: EnvCard) -> None:
    vector = StateVectorEnv(card, 2)
    action, rng = vector.spec.action, np.random.default_rng(0)
    start = vector.reset(0).obs
    acts = [
        constant(action, 0.0, 2),
        constant(action, 1.0, 2),
        uniform(action, 2, rng),
        cycle(action, [(0.0,) * len(action.choices), (1.0,) * len(action.choices)], 2),
    ]
    for act in acts:
        chosen = act(start)
        assert (chosen.shape, chosen.dtype) == ((2, *action.shape), np.dtype(np.int64))
        vector.step(chosen)  # the environment itself refuses what is no action
    vector.step(random_actions(vector.card, 2, rng))
    assert acts[1](start).tolist() == [[n - 1 for n in action.choices]] * 2


def test_program_sees_whole_numbers_that_count_from_0() -> None:
    program = require_program(
        "CONTRACT = 1\nWEIGHTS = {'a': 1.0}\n\n"
        "def reward(state, action, xp, *, previous_action):\n"
        "    return {'a': 10 * action[0] + action[1] - 100 * xp.sum(previous_action)}\n",
        DIALS.state,
    )
    vector = StateVectorEnv(DIALS, 2)
    stream = RewardStream(program, DIALS.state, 2, gamma=0.9)
    stream.begin(vector.reset(0).fields)
    paid = []
    for chosen in ([[3, 2], [0, 1]], [[1, 0], [2, 2]]):
        actions = np.array(chosen)
        step = vector.step(actions)
        total = stream.step(
            actions, step.fields, terminated=step.terminated, truncated=step.truncated
        ).total
        paid.append(total.tolist())
    assert paid == [[32.0, 1.0], [10.0 - 500.0, 22.0 - 100.0]]
