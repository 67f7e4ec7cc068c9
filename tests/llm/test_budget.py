"""Budgets hold in money, tokens and calls, also when calls run side by side."""

import threading
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardsmith.errors import BudgetExceeded, ModelError
from rewardsmith.llm.budget import Budget, Limits, Spending, estimate_tokens
from rewardsmith.llm.calls import Address, Message, Request, Usage
from rewardsmith.llm.failures import from_status, lost_connection
from rewardsmith.llm.gateway import Gateway, GatewayOptions
from rewardsmith.llm.prices import Price
from rewardsmith.llm.providers import WireCall
from rewardsmith.llm.record import MemoryJournal, recount
from rewardsmith.llm.replies import Reply
from rewardsmith.llm.scripted import ScriptedProvider, StillTime, Wire
from rewardsmith.llm.sending import CallOptions, Route

PRICE = Price(1.0, 2.0)
WORST = Spending(calls=1, tokens=120, cost_usd=220e-6)
"""Of `question()` with at most 100 output tokens: 4 for `Hop..` from above, 16 for the message."""
ACTUAL = Spending(calls=1, tokens=15, cost_usd=20e-6)
"""Of what `ScriptedProvider` reports."""


def question(sample: int = 0) -> Request:
    messages = (Message(role="user", text="Hop.."),)
    return Request(address=Address(0, "designer", 0, 0, sample), messages=messages)


def gateway(
    provider: ScriptedProvider,
    limits: Limits,
    journal: MemoryJournal | None = None,
    *,
    concurrency: int = 1,
) -> Gateway:
    options = GatewayOptions(
        limits=limits,
        call=CallOptions(max_output_tokens=100),
        concurrency=concurrency,
        clock=StillTime().clock,
    )
    return Gateway([Route(provider, PRICE)], journal=journal, options=options)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(calls=2), "may make 2 calls to a model and has made 2. Raise `model.max_calls`"),
        (Limits(tokens=15 + 15 + 119), "could take 120 tokens, and 119 of 149 are left. Raise"),
        (Limits(cost_usd=259.9e-6), r"could cost \$0.0002, and \$0.0002 of \$0.0003 are left"),
    ],
    ids=["calls", "tokens", "money"],
)
def test_the_call_that_could_exceed_a_limit_is_not_made(limits: Limits, words: str) -> None:
    provider = ScriptedProvider(["one", "two", "three"])
    model = gateway(provider, limits)
    model.complete([question(0), question(1)])
    with pytest.raises(BudgetExceeded, match=words):
        model.complete([question(2)])
    assert len(provider.calls) == 2


@pytest.mark.parametrize(
    "limits",
    [Limits(calls=3), Limits(tokens=15 + 15 + 120), Limits(cost_usd=260.1e-6)],
    ids=["calls", "tokens", "money"],
)
def test_the_call_that_just_fits_is_made(limits: Limits) -> None:
    provider = ScriptedProvider(["one", "two", "three"])
    assert len(gateway(provider, limits).complete([question(i) for i in range(3)])) == 3


def test_an_ended_budget_keeps_what_was_received_and_a_larger_one_goes_on() -> None:
    provider, journal = ScriptedProvider(["one", "two", "three"]), MemoryJournal()
    asked = [question(i) for i in range(3)]
    with pytest.raises(BudgetExceeded):
        gateway(provider, Limits(calls=2), journal).complete(asked)
    answers = gateway(provider, Limits(calls=3), journal).complete(asked)
    assert [answer.text for answer in answers] == ["one", "two", "three"]
    assert [answer.is_replayed for answer in answers] == [True, True, False]
    assert len(provider.calls) == 3


def test_a_call_waits_for_those_in_flight_before_it_is_refused() -> None:
    # Two calls at their worst do not fit into the limit; two as they turn out do.
    limits = Limits(tokens=WORST.tokens + ACTUAL.tokens)
    provider = ScriptedProvider(["one", "two"])
    assert len(gateway(provider, limits, concurrency=2).complete([question(0), question(1)])) == 2


def test_calls_side_by_side_never_reserve_more_than_the_limit() -> None:
    budget = Budget(Limits(tokens=300))
    most, turn = 0, threading.Lock()

    def call() -> None:
        nonlocal most
        worst = Spending(calls=1, tokens=100)
        budget.reserve(worst)
        with turn:
            most = max(most, budget._reserved.tokens + budget.spent.tokens)
        budget.settle(worst, Spending(calls=1, tokens=5))

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most <= 300
    assert budget.spent == Spending(calls=20, tokens=100)


def test_what_a_server_turned_away_costs_nothing() -> None:
    provider = ScriptedProvider([from_status(429, "slow"), from_status(503, "busy"), "fine"])
    model = gateway(provider, Limits(calls=1))
    model.complete([question()])
    assert model.spent == ACTUAL


def test_a_call_in_doubt_keeps_its_reservation() -> None:
    provider = ScriptedProvider([lost_connection("cut", was_sent=True), "fine"])
    model = gateway(provider, Limits())
    model.complete([question()])
    assert model.spent == WORST + ACTUAL


def test_a_call_without_usage_counts_with_a_guess_from_above() -> None:
    model = gateway(ScriptedProvider([Reply(text="x" * 50)]), Limits())
    model.complete([question()])
    assert model.spent.tokens == 20 + 25


def test_the_estimate_is_above_common_tokenizers() -> None:
    # cl100k_base needs 9 and 12 tokens for these.
    assert estimate_tokens("The quick brown fox jumps over the lazy dog") >= 9
    assert estimate_tokens("return {'reach': xp.exp(-d)}") >= 12
    assert estimate_tokens("日本語") >= 3
    assert estimate_tokens("-0.1234, 17") >= 8


OUTCOMES = st.sampled_from(["fine", "free", "cut", "busy", "lost", "refused"])


def _wire(outcome: str) -> Wire:
    wires: dict[str, Wire] = {
        "fine": "fine",
        "free": Reply(text="uncounted"),
        "cut": Reply(text="cut", finish="length", usage=Usage(input_tokens=3, output_tokens=7)),
        "busy": from_status(503, "busy"),
        "lost": lost_connection("cut", was_sent=True),
        "refused": from_status(400, "no"),
    }
    return wires[outcome]


@settings(max_examples=60, deadline=None)
@given(script=st.lists(OUTCOMES, max_size=25), n_requests=st.integers(1, 5))
def test_the_ledger_equals_an_independent_recount(script: list[str], n_requests: int) -> None:
    lines = [_wire(outcome) for outcome in script]
    lines.append(from_status(401, "no key"))  # whatever comes after ends the batch

    def answer(call: WireCall) -> Wire:
        return lines.pop(0) if len(lines) > 1 else lines[0]

    journal = MemoryJournal()
    limits = Limits(tokens=1500, cost_usd=2500e-6, calls=12)
    model = gateway(ScriptedProvider(answer), limits, journal, concurrency=2)
    with suppress(ModelError, BudgetExceeded):
        model.complete([question(i) for i in range(n_requests)])
    counted = recount(journal.events)
    spent = model.spent
    assert (counted.calls, counted.tokens) == (spent.calls, spent.tokens)
    assert counted.cost_usd == pytest.approx(spent.cost_usd)
    assert spent.tokens <= 1500
    assert spent.calls <= 12
    assert spent.cost_usd <= 2500e-6 * (1 + 1e-9)
