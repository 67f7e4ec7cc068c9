"""The record survives crashes: nothing received is bought again, nothing sent is forgotten."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from rewardsmith.errors import ModelError
from rewardsmith.llm.calls import Address, Message, Request, Usage
from rewardsmith.llm.failures import from_status
from rewardsmith.llm.fingerprint import request_hash
from rewardsmith.llm.gateway import Gateway, GatewayOptions
from rewardsmith.llm.prices import Price
from rewardsmith.llm.providers import WireCall
from rewardsmith.llm.record import CallRecord, MemoryJournal, RecordedEvent, recount
from rewardsmith.llm.replies import Reply
from rewardsmith.llm.scripted import ScriptedProvider, StillTime, Wire
from rewardsmith.llm.sending import Route
from rewardsmith.store.journal import Journal, read_journal

CUT = Reply(text="abc", finish="length", usage=Usage(input_tokens=10, output_tokens=5))


def question(text: str = "Hop.", sample: int = 0) -> Request:
    messages = (Message(role="system", text="Be brief."), Message(role="user", text=text))
    return Request(
        address=Address(2, "designer", 1, 0, sample),
        messages=messages,
        templates={"designer/propose": "0123"},
        schema={"type": "object"},
    )


def gateway(provider: ScriptedProvider, journal: MemoryJournal | Journal) -> Gateway:
    options = GatewayOptions(clock=StillTime().clock)
    return Gateway([Route(provider, Price(1.0, 2.0))], journal=journal, options=options)


def names(events: Sequence[RecordedEvent]) -> list[str]:
    return [event.event for event in events]


def test_a_person_can_read_every_prompt_and_answer() -> None:
    journal = MemoryJournal()
    gateway(ScriptedProvider(["fine"]), journal).complete([question()])
    assert names(journal.events) == ["asked", "sent", "received", "answered"]
    assert {str(event.key["call"]) for event in journal.events} == {"002/designer/1/0/0"}
    asked, sent, received, answered = (event.data for event in journal.events)
    assert asked["messages"] == [
        {"role": "system", "text": "Be brief."},
        {"role": "user", "text": "Hop."},
    ]
    assert asked["templates"] == {"designer/propose": "0123"}
    assert asked["schema"] == {"type": "object"}
    assert sent["reserved"]["tokens"] > 8192
    assert (received["text"], received["model"]) == ("fine", "scripted/model")
    assert (answered["text"], answered["finish"]) == ("fine", "stop")
    assert asked["hash"] == answered["hash"] == request_hash(question())


def test_the_intent_is_recorded_before_the_call_and_the_reply_before_its_use() -> None:
    journal = MemoryJournal()

    def look(call: WireCall) -> str:
        assert names(journal.events)[-1] == "sent"
        return "fine"

    gateway(ScriptedProvider(look), journal).complete([question()])
    assert names(journal.events)[-2:] == ["received", "answered"]


def test_failures_are_recorded_and_prompts_only_once() -> None:
    journal = MemoryJournal()
    provider = ScriptedProvider([from_status(503, "busy"), "fine"])
    gateway(provider, journal).complete([question()])
    assert names(journal.events) == ["asked", "sent", "failed", "sent", "received", "answered"]
    assert journal.events[2].data["reason"] == "HTTP 503: busy"
    assert [event.data["attempt"] for event in journal.events[1:5]] == [0, 0, 1, 1]


def test_an_answer_is_not_bought_twice() -> None:
    journal = MemoryJournal()
    first = gateway(ScriptedProvider(["fine"]), journal).complete([question()])[0]
    second = gateway(ScriptedProvider([]), journal).complete([question()])[0]
    assert (second.text, second.usage) == (first.text, first.usage)
    assert (first.is_replayed, second.is_replayed) == (False, True)


def test_a_changed_prompt_at_the_same_address_is_asked_anew_and_said() -> None:
    journal, lines = MemoryJournal(), list[str]()
    gateway(ScriptedProvider(["old"]), journal).complete([question()])
    routes = [Route(ScriptedProvider(["new"]), None)]
    model = Gateway(routes, journal=journal, tell=lines.append)
    assert model.complete([question("Hop higher.")])[0].text == "new"
    assert lines == ["002/designer/1/0/0: the prompt is not the recorded one; asked anew."]
    assert model.complete([question()])[0].text == "old"


@pytest.mark.parametrize("n_kept", range(1, 9))
def test_a_run_killed_after_any_event_pays_only_for_what_it_had_not_received(n_kept: int) -> None:
    whole = MemoryJournal()
    script: list[Wire] = [CUT, CUT, "short"]
    gateway(ScriptedProvider(script), whole).complete([question()])
    steps = ["asked", "sent", "received"] * 3
    assert names(whole.events) == [*steps, "answered"]

    journal = MemoryJournal(whole.events[:n_kept])
    n_received = names(journal.events).count("received")
    provider = ScriptedProvider(script[n_received:])
    model = gateway(provider, journal)
    assert model.complete([question()])[0].text == "short"
    assert len(provider.calls) == 3 - n_received
    was_in_flight = names(journal.events)[n_kept - 1] == "sent"
    assert model.spent.calls == 3 + was_in_flight
    assert recount(journal.events).tokens == model.spent.tokens


def test_the_record_forgets_nothing_over_the_disk(tmp_path: Path) -> None:
    with Journal(tmp_path / "llm.jsonl") as journal:
        model = gateway(ScriptedProvider([from_status(503, "busy"), CUT, "rest"]), journal)
        answer = model.complete([question()])[0]
    events = read_journal(tmp_path / "llm.jsonl").events
    assert recount(events) == model.spent
    with Journal(tmp_path / "llm.jsonl") as journal:
        again = gateway(ScriptedProvider([]), journal).complete([question()])[0]
    assert (again.text, again.cost_usd) == (answer.text, answer.cost_usd)


def test_hashes_do_not_depend_on_address_templates_or_order_of_keys() -> None:
    one = Request(
        address=Address(0, "designer", 0, 0),
        messages=(Message(role="user", text="Hop."),),
        schema={"a": 1, "b": 2},
    )
    other = Request(
        address=Address(1, "critic", 2, 3),
        messages=(Message(role="user", text="Hop."),),
        schema={"b": 2, "a": 1},
        templates={"x": "y"},
    )
    assert request_hash(one) == request_hash(other)
    assert request_hash(question("Hop.")) != request_hash(question("Hop!"))


def test_a_failed_step_can_be_continued_by_another_driver() -> None:
    journal = MemoryJournal()
    with pytest.raises(ModelError):
        gateway(ScriptedProvider([CUT, from_status(401, "no key")]), journal).complete([question()])
    record = CallRecord(journal)
    assert record.find_reply(question(), "ask") is not None
    provider = ScriptedProvider(["def"])
    assert gateway(provider, journal).complete([question()])[0].text == "abcdef"
    assert len(provider.calls) == 1


DRIVER = """
import sys
from pathlib import Path
from rewardsmith.llm.calls import Address, Message, Request
from rewardsmith.llm.gateway import Gateway
from rewardsmith.llm.openai_provider import OpenAIProvider
from rewardsmith.llm.prices import Price
from rewardsmith.llm.sending import Route
from rewardsmith.store.journal import Journal

path, url = sys.argv[1:]
request = Request(
    address=Address(0, "designer", 0, 0), messages=(Message(role="user", text="Hop."),)
)
routes = [Route(OpenAIProvider("m", base_url=url), Price(1.0, 2.0))]
Gateway(routes, journal=Journal(Path(path))).complete([request])
"""


def test_a_driver_killed_while_it_waits_has_left_its_intent_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "llm.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        with subprocess.Popen([sys.executable, "-c", DRIVER, str(path), url]) as driver:
            silent.settimeout(60)
            connection, _ = silent.accept()
            with connection:
                connection.settimeout(60)
                assert connection.recv(10)
                os.kill(driver.pid, signal.SIGKILL)
    events = read_journal(path).events
    assert names(events) == ["asked", "sent"]
    assert recount(events).calls == 1
    request = Request(
        address=Address(0, "designer", 0, 0), messages=(Message(role="user", text="Hop."),)
    )
    with Journal(path) as journal:
        model = gateway(ScriptedProvider(["fine"]), journal)
        assert model.complete([request])[0].text == "fine"
        assert model.spent.calls == 2


def test_a_record_of_many_calls_opens_quickly() -> None:
    journal = MemoryJournal()
    model = gateway(ScriptedProvider(lambda _: "fine"), journal)
    model.complete([question(sample=i) for i in range(200)])
    began = time.process_time()
    CallRecord(journal)
    assert time.process_time() - began < 1.0
