"""A person answers through files; nothing half written is read, nothing is asked twice."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rewardsmith.errors import ModelError
from rewardsmith.llm.calls import Address, Answer, Message, Request
from rewardsmith.llm.manual import ManualModel
from rewardsmith.llm.record import MemoryJournal
from rewardsmith.llm.retries import Clock


def question(
    text: str = "Hop.", sample: int = 0, schema: Mapping[str, Any] | None = None
) -> Request:
    return Request(
        address=Address(0, "designer", 1, 0, sample),
        messages=(Message(role="user", text=text),),
        schema=schema,
    )


class Person:
    """Acts at every wait of the model, one step a wait."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.now_s = 0.0
        self._steps = list(steps)
        self.clock = Clock(now=lambda: self.now_s, sleep=self._act)

    def _act(self, seconds: float) -> None:
        self.now_s += seconds
        assert self.now_s < 100, "nobody answers"
        if self._steps:
            self._steps.pop(0)()


def write(folder: Path, text: str, sample: int = 0) -> Callable[[], object]:
    def step() -> None:
        prompt = next(folder.glob(f"000-designer-1-0-{sample}-*.prompt.md"))
        answer = prompt.with_name(prompt.name.replace(".prompt.", ".answer."))
        answer.write_text(text, encoding="utf-8")

    return step


def complete(
    folder: Path, person: Person, *requests: Request, journal: MemoryJournal | None = None
) -> list[Answer]:
    return ManualModel(folder, clock=person.clock, journal=journal).complete(requests)


def test_an_answer_file_is_the_answer(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    person = Person(write(folder, "code"))
    answer = complete(folder, person, question())[0]
    assert (answer.text, answer.model, answer.cost_usd) == ("code", "manual", 0.0)


def test_the_prompt_file_says_where_the_answer_goes(tmp_path: Path) -> None:
    lines: list[str] = []
    person = Person(write(tmp_path, "code"))
    request = question(schema={"title": "Program"})
    ManualModel(tmp_path, clock=person.clock, tell=lines.append).complete([request])
    prompt = next(tmp_path.glob("*.prompt.md"))
    text = prompt.read_text(encoding="utf-8")
    assert prompt.name.replace(".prompt.", ".answer.") in text
    assert "Hop." in text
    assert '"title": "Program"' in text
    assert str(prompt) in lines[0]


def test_a_file_that_still_grows_is_not_read(tmp_path: Path) -> None:
    person = Person(
        write(tmp_path, ""),
        write(tmp_path, "co"),
        write(tmp_path, "code"),
        write(tmp_path, "code!"),
    )
    assert complete(tmp_path, person, question())[0].text == "code!"


def test_many_are_asked_at_once_and_answered_in_any_order(tmp_path: Path) -> None:
    person = Person(write(tmp_path, "b", 1), write(tmp_path, "c", 2), write(tmp_path, "a", 0))
    answers = complete(tmp_path, person, *[question(sample=i) for i in range(3)])
    assert [answer.text for answer in answers] == ["a", "b", "c"]


def test_a_restarted_driver_finds_prompts_and_answers(tmp_path: Path) -> None:
    journal = MemoryJournal()

    def stop() -> None:
        raise KeyboardInterrupt

    waiting = Person(write(tmp_path, "a", 0), *[lambda: None] * 3, stop)
    with pytest.raises(KeyboardInterrupt):
        complete(tmp_path, waiting, question(), question(sample=1), journal=journal)
    write(tmp_path, "b", 1)()  # while no driver runs
    answers = complete(tmp_path, Person(), question(), question(sample=1), journal=journal)
    assert [(a.text, a.is_replayed) for a in answers] == [("a", True), ("b", False)]
    assert len(list(tmp_path.glob("*.prompt.md"))) == 2


def test_another_prompt_at_the_same_address_does_not_take_the_old_answer(tmp_path: Path) -> None:
    complete(tmp_path, Person(write(tmp_path, "old")), question())
    for path in tmp_path.glob("*.prompt.md"):
        path.unlink()
    assert complete(tmp_path, Person(write(tmp_path, "new")), question("Jump."))[0].text == "new"


def test_odd_bytes_are_cleaned(tmp_path: Path) -> None:
    def step() -> None:
        prompt = next(tmp_path.glob("*.prompt.md"))
        path = prompt.with_name(prompt.name.replace(".prompt.", ".answer."))
        path.write_bytes(b"a\xff\x1b[31mb\r\nc")

    assert complete(tmp_path, Person(step), question())[0].text == "a\ufffdb\nc"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "prompts").write_text("a file", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be exchanged"):
        complete(tmp_path / "prompts", Person(), question())


def test_it_really_waits(tmp_path: Path) -> None:
    answers: list[Answer] = []
    person = threading.Event()
    seconds = iter(range(10_000))

    def doze(seconds: float) -> None:
        person.wait(0.01)

    clock = Clock(now=lambda: next(seconds), sleep=doze)
    model = ManualModel(tmp_path, clock=clock)
    thread = threading.Thread(target=lambda: answers.extend(model.complete([question()])))
    thread.start()
    while not list(tmp_path.glob("*.prompt.md")):
        person.wait(0.01)
    write(tmp_path, "code")()
    thread.join(10)
    assert answers[0].text == "code"
