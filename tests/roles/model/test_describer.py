"""A model's words on a drafted card: asked once, taken with care, marked until they are checked."""

import json
from pathlib import Path

import pytest

from rewardsmith.cli.card_page import confirm_meanings
from rewardsmith.environments.cards import load_card, parse_card
from rewardsmith.environments.drafting.draft import Draft, draft_card
from rewardsmith.environments.drafting.field_draft import Words
from rewardsmith.environments.reference import EnvRef
from rewardsmith.llm.calls import Address
from rewardsmith.llm.gateway import Gateway
from rewardsmith.llm.prices import FREE
from rewardsmith.llm.replay import ReplayModel
from rewardsmith.llm.scripted import ScriptedModel, ScriptedProvider
from rewardsmith.llm.sending import Route
from rewardsmith.roles.model.describer import Undescribed, describe, description_request
from rewardsmith.roles.model.prompts import load_prompts
from rewardsmith.store.journal import Journal, read_journal

HOME = Path(__file__).parents[2] / "environments" / "switchboard"
DIALS = EnvRef(text="dials", id="switchboard_env:Dials", code=HOME)
PROMPTS = load_prompts()
ANSWER = json.dumps(
    {
        "fields": [
            {"name": "obs_0", "meaning": "number that the first dial shall show", "unit": ""},
            {"name": "obs_1", "meaning": "number for the second dial", "unit": "rad"},
        ],
        "action": "numbers of both dials",
    }
)


@pytest.fixture(scope="module")
def drafted() -> Draft:
    return draft_card(DIALS)


def asked(draft: Draft) -> Undescribed:
    card = parse_card(draft.text, ref="dials", folder=HOME)
    return Undescribed(card=card, unsaid=draft.unsaid, source=draft.source)


def said(draft: Draft, *answers: str) -> Words:
    return describe(ScriptedModel(answers), PROMPTS, asked(draft), "scripted/model")


def test_question_holds_source_and_fields_and_no_word_of_rewards(drafted: Draft) -> None:
    request = description_request(PROMPTS, asked(drafted))
    question = request.messages[-1].text
    assert request.address == Address(0, "describer", 0, 0)
    assert "class Dials" in question
    assert "self.goal = np.array" in question
    assert "| obs_0 | one number | obs[0] |" in question
    assert "Describe: obs_0, obs_1." in question
    for word in ("reward", "success", "is_right", "terminated"):
        assert word not in question


def test_words_fill_what_nothing_explained_and_are_marked(drafted: Draft) -> None:
    card = parse_card(draft_card(DIALS, words=said(drafted, ANSWER)).text, ref="d", folder=HOME)
    first, second = card.state.field("obs_0"), card.state.field("obs_1")
    assert first.meaning == "number that the first dial shall show"
    assert (second.meaning, second.unit) == ("number for the second dial", "rad")
    assert card.state.action.meaning == "numbers of both dials"
    assert card.unverified == ("obs_0", "obs_1", "action")


def test_words_that_pay_or_are_too_long_or_unasked_are_left_out(drafted: Draft) -> None:
    answer = {
        "fields": [
            {"name": "obs_0", "meaning": "the reward is higher near it", "unit": "furlong^^"},
            {"name": "obs_1", "meaning": "x" * 400, "unit": "m"},
            {"name": "elsewhere", "meaning": "a field that is not there", "unit": ""},
        ],
        "action": "",
    }
    words = said(drafted, json.dumps(answer))
    assert words == Words(author="scripted/model", units={"obs_1": "m"})
    assert "unverified" not in draft_card(DIALS, words=words).text


def test_answer_that_cannot_be_read_is_asked_for_again_then_given_up(drafted: Draft) -> None:
    assert said(drafted, "I think so.", ANSWER).meanings["obs_1"] == "number for the second dial"
    assert said(drafted, "No.", "Still no.") == Words(author="scripted/model")


def test_what_the_docstring_says_is_not_overwritten() -> None:
    cartpole = EnvRef(text="c", id="CartPole-v1", code=None)
    words = Words(author="m", meanings={"cart_position": "something else"})
    text = draft_card(cartpole, words=words).text
    assert "something else" not in text
    assert "unverified" not in text


def test_same_question_is_not_paid_for_twice(drafted: Draft, tmp_path: Path) -> None:
    provider = ScriptedProvider([ANSWER])
    words = []
    for _ in range(2):
        with Journal(tmp_path / "card.llm.jsonl") as journal:
            gateway = Gateway([Route(provider, FREE)], journal=journal)
            words.append(describe(gateway, PROMPTS, asked(drafted), "m"))
    assert len(provider.calls) == 1
    assert words[0] == words[1]
    events = read_journal(tmp_path / "card.llm.jsonl").events
    replayed = ReplayModel(events, run="card", is_strict=True)
    assert describe(replayed, PROMPTS, asked(drafted), "m") == words[0]


def test_mark_goes_when_the_card_has_been_checked(drafted: Draft, tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(draft_card(DIALS, words=said(drafted, ANSWER)).text, encoding="utf-8")
    before = load_card(str(path))
    confirm_meanings(str(path), before)
    after = load_card(str(path))
    assert (before.unverified != (), after.unverified) == (True, ())
    assert after.state == before.state
