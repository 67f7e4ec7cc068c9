"""What every `LanguageModel` promises; a new one is added by a subclass."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rewardsmith.errors import ModelError
from rewardsmith.llm.calls import Address, Answer, LanguageModel, Message, Request
from rewardsmith.llm.failures import from_status
from rewardsmith.llm.gateway import Gateway
from rewardsmith.llm.manual import ManualModel
from rewardsmith.llm.record import CallJournal, MemoryJournal
from rewardsmith.llm.replay import ReplayModel
from rewardsmith.llm.retries import Clock
from rewardsmith.llm.scripted import ScriptedModel, ScriptedProvider, StillTime
from rewardsmith.llm.sending import Route


def question(sample: int) -> Request:
    messages = (Message(role="user", text=f"Question {sample}."),)
    return Request(address=Address(0, "designer", 0, 0, sample), messages=messages)


QUESTIONS = [question(i) for i in range(5)]


class LanguageModelPromises:
    """Subclass it, and make a model that echoes the last message of each request."""

    has_journal = True
    """Whether it remembers answers."""

    def make(self, folder: Path, journal: CallJournal) -> LanguageModel:
        raise NotImplementedError

    def make_failing(self, folder: Path) -> LanguageModel | None:
        """One that cannot answer; None if that cannot be."""
        return None

    @pytest.fixture
    def journal(self) -> MemoryJournal:
        return MemoryJournal()

    def test_every_request_has_its_answer_in_order(
        self, tmp_path: Path, journal: MemoryJournal
    ) -> None:
        answers = self.make(tmp_path, journal).complete(QUESTIONS)
        assert [answer.text for answer in answers] == [f"Question {i}." for i in range(5)]
        assert all(isinstance(answer, Answer) and answer.model for answer in answers)

    def test_no_request_is_no_answer(self, tmp_path: Path, journal: MemoryJournal) -> None:
        assert self.make(tmp_path, journal).complete([]) == []

    def test_the_same_request_gets_the_same_answer(
        self, tmp_path: Path, journal: MemoryJournal
    ) -> None:
        model = self.make(tmp_path, journal)
        first, second = model.complete(QUESTIONS[:2]), model.complete(QUESTIONS[1::-1])
        assert [a.text for a in first] == [a.text for a in reversed(second)]
        assert not self.has_journal or all(answer.is_replayed for answer in second)

    def test_a_new_one_over_the_same_journal_answers_from_it(
        self, tmp_path: Path, journal: MemoryJournal
    ) -> None:
        if self.has_journal:
            self.make(tmp_path, journal).complete(QUESTIONS)
            n_events = len(journal.events)
            answers = self.make(tmp_path, journal).complete(QUESTIONS)
            assert all(answer.is_replayed for answer in answers)
            assert len(journal.events) == n_events

    def test_a_failure_is_a_model_error(self, tmp_path: Path) -> None:
        model = self.make_failing(tmp_path)
        if model is not None:
            with pytest.raises(ModelError, match=r"\.$"):
                model.complete(QUESTIONS)


class TestGateway(LanguageModelPromises):
    def make(self, folder: Path, journal: CallJournal) -> LanguageModel:
        provider = ScriptedProvider(lambda call: call.messages[-1].text)
        return Gateway([Route(provider, None)], journal=journal)

    def make_failing(self, folder: Path) -> LanguageModel:
        return Gateway([Route(ScriptedProvider(lambda _: from_status(401, "no")), None)])


class TestReplay(LanguageModelPromises):
    def make(self, folder: Path, journal: CallJournal) -> LanguageModel:
        recorded = MemoryJournal()
        TestGateway().make(folder, recorded).complete(QUESTIONS)
        return ReplayModel(recorded.events, run="r", journal=journal)

    def make_failing(self, folder: Path) -> LanguageModel:
        return ReplayModel([], run="r")


class TestManual(LanguageModelPromises):
    def make(self, folder: Path, journal: CallJournal) -> LanguageModel:
        time = StillTime()

        def answer_all(seconds: float) -> None:
            time.now_s += seconds
            for prompt in folder.glob("*.prompt.md"):
                path = prompt.with_name(prompt.name.replace(".prompt.", ".answer."))
                if not path.exists():
                    text = prompt.read_text(encoding="utf-8").strip().splitlines()[-1]
                    path.write_text(text, encoding="utf-8")

        clock = Clock(now=lambda: time.now_s, sleep=answer_all)
        return ManualModel(folder, journal=journal, clock=clock)

    def make_failing(self, folder: Path) -> LanguageModel:
        (folder / "file").write_text("x", encoding="utf-8")
        return ManualModel(folder / "file")


class TestScripted(LanguageModelPromises):
    has_journal = False

    def make(self, folder: Path, journal: CallJournal) -> LanguageModel:
        return ScriptedModel(lambda request: request.messages[-1].text)

    def make_failing(self, folder: Path) -> LanguageModel:
        return ScriptedModel(["only one"])


def test_a_script_may_be_a_list_of_texts_answers_and_errors() -> None:
    script: Sequence[str | Answer | Exception] = [
        "a",
        Answer(text="b", model="m", finish="length"),
        ModelError("c"),
    ]
    model = ScriptedModel(script)
    assert [a.text for a in model.complete(QUESTIONS[:2])] == ["a", "b"]
    with pytest.raises(ModelError, match="c"):
        model.complete(QUESTIONS[2:3])
    assert model.requests == QUESTIONS[:3]
