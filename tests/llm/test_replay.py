"""Another run's answers, by address; what has drifted is told or refused."""

import pytest

from rewardsmith.errors import ModelError
from rewardsmith.llm.calls import Address, Message, Request
from rewardsmith.llm.gateway import Gateway
from rewardsmith.llm.record import MemoryJournal
from rewardsmith.llm.replay import ReplayModel, drift_between
from rewardsmith.llm.scripted import ScriptedProvider
from rewardsmith.llm.sending import Route


def question(text: str = "Hop.\nHigh.", sample: int = 0) -> Request:
    address = Address(0, "designer", 1, 0, sample)
    return Request(address=address, messages=(Message(role="user", text=text),))


@pytest.fixture
def recorded() -> MemoryJournal:
    journal = MemoryJournal()
    model = Gateway([Route(ScriptedProvider(["one", "two"]), None)], journal=journal)
    model.complete([question()])
    model.complete([question(sample=1)])
    return journal


@pytest.mark.parametrize("is_strict", [False, True])
def test_the_same_requests_get_the_same_answers(recorded: MemoryJournal, is_strict: bool) -> None:
    model = ReplayModel(recorded.events, run="r", is_strict=is_strict)
    answers = model.complete([question(sample=1), question()])
    assert [(a.text, a.is_replayed) for a in answers] == [("two", True), ("one", True)]


def test_a_drifted_prompt_is_answered_and_its_diff_told(recorded: MemoryJournal) -> None:
    lines: list[str] = []
    model = ReplayModel(recorded.events, run="r", tell=lines.append)
    assert model.complete([question("Hop.\nHigher.")])[0].text == "one"
    assert lines == ["000/designer/1/0/0: the prompt has drifted: +1 -1 lines\n-High.\n+Higher."]


def test_strictly_a_drifted_prompt_is_refused_with_its_diff(recorded: MemoryJournal) -> None:
    model = ReplayModel(recorded.events, run="r", is_strict=True)
    with pytest.raises(ModelError, match=r"asked something else(.|\n)*\+Higher(.|\n)*replay:r"):
        model.complete([question("Hop.\nHigher.")])


@pytest.mark.parametrize("is_strict", [False, True])
def test_an_unknown_address_names_the_nearest_one(recorded: MemoryJournal, is_strict: bool) -> None:
    model = ReplayModel(recorded.events, run="r", is_strict=is_strict)
    with pytest.raises(ModelError, match=r"no answer for 000/designer/1/0/3.*is 000/designer/1/0/"):
        model.complete([question(sample=3)])


def test_an_empty_record_says_so() -> None:
    with pytest.raises(ModelError, match="only 0 others"):
        ReplayModel([], run="r").complete([question()])


def test_of_two_prompts_at_one_address_the_matching_one_answers(recorded: MemoryJournal) -> None:
    model = Gateway([Route(ScriptedProvider(["new"]), None)], journal=recorded)
    model.complete([question("New.")])
    replay = ReplayModel(recorded.events, run="r", is_strict=True)
    assert [a.text for a in replay.complete([question()])] == ["one"]
    assert ReplayModel(recorded.events, run="r").complete([question("Third.")])[0].text == "new"


def test_a_replay_can_be_replayed_and_costs_nothing(recorded: MemoryJournal) -> None:
    journal = MemoryJournal()
    ReplayModel(recorded.events, run="r", journal=journal).complete([question()])
    assert ReplayModel(journal.events, run="s").complete([question()])[0].text == "one"
    assert Gateway([], journal=journal).spent.calls == 0


def test_a_long_drift_is_summarised() -> None:
    drift = drift_between([], [f"line {i} " + "x" * 500 for i in range(40)]).splitlines()
    assert (drift[0], drift[-1], len(drift)) == ("+40 -0 lines", "... and 28 more", 14)
    assert max(map(len, drift)) <= 161
    assert drift_between(["a"], ["a"]) == "only the schema"
