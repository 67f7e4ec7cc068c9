"""The journal of model calls lies in the run and outlives its driver."""

from pathlib import Path

import pytest

from rewardsmith.errors import StoreError
from rewardsmith.llm.budget import Spending
from rewardsmith.llm.calls import Address, Message, Request
from rewardsmith.llm.gateway import Gateway
from rewardsmith.llm.prices import Price
from rewardsmith.llm.scripted import ScriptedProvider
from rewardsmith.llm.sending import Route
from rewardsmith.store.calls import CALLS_FILE, open_calls, read_calls, spent_on_calls

REQUEST = Request(
    address=Address(0, "designer", 0, 0), messages=(Message(role="user", text="Höp.\ud800"),)
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    return tmp_path


def gateway(run: Path, *script: str) -> str:
    with open_calls(run) as journal:
        model = Gateway([Route(ScriptedProvider(script), Price(1.0, 2.0))], journal=journal)
        return model.complete([REQUEST])[0].text


def test_an_answer_is_found_again_by_the_next_driver(run: Path) -> None:
    assert gateway(run, "fine") == "fine"
    assert gateway(run) == "fine"
    assert [event.event for event in read_calls(run)] == ["asked", "sent", "received", "answered"]
    assert spent_on_calls(run) == Spending(calls=1, tokens=15, cost_usd=20e-6)


def test_a_torn_tail_is_bought_again(run: Path) -> None:
    gateway(run, "fine")
    path = run / CALLS_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:-20])
    assert gateway(run, "anew") == "anew"
    assert spent_on_calls(run).calls == 2


def test_a_run_that_asked_no_model_has_no_calls(run: Path) -> None:
    assert read_calls(run) == ()
    assert spent_on_calls(run) == Spending()
    assert not (run / CALLS_FILE).exists()


def test_what_is_no_run_gets_no_journal(tmp_path: Path) -> None:
    for use in (open_calls, read_calls):
        with pytest.raises(StoreError, match="is not a run"):
            use(tmp_path)
    assert not list(tmp_path.iterdir())
