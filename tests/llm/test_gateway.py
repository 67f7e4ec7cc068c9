"""The gateway over a scripted provider: order, retries, fallbacks, schemas, mending."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from rewardsmith.errors import ConfigError, ModelError
from rewardsmith.llm.budget import Limits
from rewardsmith.llm.calls import Address, Answer, Message, Request, Usage
from rewardsmith.llm.failures import Failure, from_status, garbled, lost_connection
from rewardsmith.llm.gateway import Gateway, GatewayOptions
from rewardsmith.llm.prices import Price
from rewardsmith.llm.providers import WireCall
from rewardsmith.llm.record import MemoryJournal
from rewardsmith.llm.replies import Reply
from rewardsmith.llm.retries import RetryPolicy
from rewardsmith.llm.scripted import ScriptedProvider, StillTime, Wire
from rewardsmith.llm.sending import CallOptions, Route

SCHEMA = {"type": "object", "properties": {"code": {"type": "string"}}}


def question(
    text: str = "Hop.", *, sample: int = 0, schema: Mapping[str, Any] | None = None
) -> Request:
    messages = (Message(role="user", text=text),)
    return Request(address=Address(0, "designer", 0, 0, sample), messages=messages, schema=schema)


def gateway(*providers: ScriptedProvider, time: StillTime | None = None, **options: Any) -> Gateway:
    time = time or StillTime()
    routes = [Route(provider, Price(1.0, 2.0)) for provider in providers]
    return Gateway(routes, options=GatewayOptions(clock=time.clock, **options))


def cut(text: str) -> Reply:
    return Reply(text=text, finish="length", usage=Usage(input_tokens=10, output_tokens=5))


def test_answers_come_in_the_order_of_their_requests() -> None:
    def late_first(call: WireCall) -> str:
        return call.messages[-1].text.upper()

    model = gateway(ScriptedProvider(late_first), concurrency=3)
    asked = [question(f"q{i}", sample=i) for i in range(7)]
    assert [answer.text for answer in model.complete(asked)] == [f"Q{i}" for i in range(7)]


def test_no_more_calls_are_in_flight_than_allowed() -> None:
    in_flight, most, turn = 0, 0, threading.Lock()
    both = threading.Barrier(2, timeout=10)

    class Counting(ScriptedProvider):
        def send(self, call: WireCall) -> Reply:
            nonlocal in_flight, most
            with turn:
                in_flight += 1
                most = max(most, in_flight)
            both.wait()
            with turn:
                in_flight -= 1
            return Reply(text="ok")

    model = gateway(Counting([]), concurrency=2)
    model.complete([question(sample=i) for i in range(6)])
    assert most == 2


def test_cost_is_counted_from_usage_and_price() -> None:
    answer = gateway(ScriptedProvider(["fine"])).complete([question()])[0]
    assert answer == Answer(
        text="fine",
        model="scripted/model",
        usage=Usage(input_tokens=10, output_tokens=5),
        cost_usd=20e-6,
    )


def test_a_model_without_a_price_costs_none_and_never_nothing() -> None:
    model = Gateway([Route(ScriptedProvider(["fine"]), None)])
    assert model.complete([question()])[0].cost_usd is None
    assert model.spent.n_unpriced == 1


def test_missing_usage_is_guessed_from_above() -> None:
    answer = gateway(ScriptedProvider([Reply(text="x" * 100)])).complete([question()])[0]
    assert answer.usage.is_estimated
    assert answer.usage.output_tokens >= 34
    assert answer.cost_usd


def test_transient_failures_are_waited_out_with_growing_pauses() -> None:
    time = StillTime()
    script: list[Wire] = [*[from_status(500, "boom")] * 4, "fine"]
    assert gateway(ScriptedProvider(script), time=time).complete([question()])[0].text == "fine"
    assert len(time.waits) == 4
    assert all(
        0.5 * 2**i <= wait <= 2**i for i, wait in enumerate(time.waits)
    )  # jitter takes at most half


@pytest.mark.parametrize(
    ("header", "wait"),
    [("7", 7.0), ("0.5", 0.5), ("Fri, 15 Jan 2027 08:00:42 GMT", 42.0)],
)
def test_retry_after_is_honoured(header: str, wait: float) -> None:
    time = StillTime()  # 2027-01-15 08:00:00 UTC
    script: list[Wire] = [from_status(429, "slow", retry_after=header), "fine"]
    gateway(ScriptedProvider(script), time=time).complete([question()])
    assert time.waits == [pytest.approx(wait, abs=0.11)]


def test_a_server_that_asks_for_an_hour_has_failed() -> None:
    time = StillTime()
    model = gateway(ScriptedProvider([from_status(429, "slow", retry_after="3600")]), time=time)
    with pytest.raises(ModelError, match="429"):
        model.complete([question()])
    assert not time.waits


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_what_cannot_succeed_is_asked_once(status: int) -> None:
    provider = ScriptedProvider([from_status(status, "no")])
    with pytest.raises(ModelError, match=f"No answer for 000/designer/0/0/0. .*HTTP {status}: no"):
        gateway(provider).complete([question()])
    assert len(provider.calls) == 1


def test_spent_credit_is_not_retried_though_its_status_is_429() -> None:
    provider = ScriptedProvider([from_status(429, "no money", code="insufficient_quota")])
    with pytest.raises(ModelError, match="Add credit"):
        gateway(provider).complete([question()])
    assert len(provider.calls) == 1


def test_retries_end() -> None:
    provider = ScriptedProvider(lambda _: lost_connection("cut", was_sent=False))
    with pytest.raises(ModelError, match=r"cut\. Check that the server runs"):
        gateway(provider, retry=RetryPolicy(attempts=3)).complete([question()])
    assert len(provider.calls) == 3


def test_a_garbled_response_is_asked_for_once_more() -> None:
    provider = ScriptedProvider(lambda _: garbled("the response is no JSON"))
    with pytest.raises(ModelError, match="Check `base_url`"):
        gateway(provider).complete([question()])
    assert len(provider.calls) == 2


def test_fallbacks_are_asked_in_order() -> None:
    first = ScriptedProvider([from_status(401, "bad key")], label="a/one")
    second = ScriptedProvider(lambda _: from_status(404, "no such model"), label="b/two")
    third = ScriptedProvider(["fine", "again"], label="c/three")
    model = gateway(first, second, third)
    assert model.complete([question()])[0].model == "c/three"
    assert model.complete([question(sample=1)])[0].text == "again"
    assert len(first.calls) == len(second.calls) == 1, "what has no key is not asked again"


def test_when_all_models_fail_the_error_names_each() -> None:
    first = ScriptedProvider([from_status(401, "bad key")], label="a/one")
    second = ScriptedProvider([from_status(404, "no such model")], label="b/two")
    with pytest.raises(ModelError, match=r"a/one: HTTP 401: bad key; b/two: HTTP 404"):
        gateway(first, second).complete([question()])


def test_one_failed_request_stops_those_not_yet_sent() -> None:
    provider = ScriptedProvider([from_status(401, "bad key"), "never", "never"])
    with pytest.raises(ModelError, match="bad key"):
        gateway(provider, concurrency=1).complete([question(sample=i) for i in range(3)])
    assert len(provider.calls) == 1


def test_answers_received_beside_a_failure_are_kept() -> None:
    def last_fails(call: WireCall) -> Wire:
        return "fine" if call.messages[-1].text == "good" else from_status(400, "no")

    provider = ScriptedProvider(last_fails)
    journal = MemoryJournal()
    options = GatewayOptions(clock=StillTime().clock, concurrency=1)
    model = Gateway([Route(provider, None)], journal=journal, options=options)
    with pytest.raises(ModelError):
        model.complete([question("good"), question("bad", sample=1)])
    assert Gateway([], journal=journal).complete([question("good")])[0].is_replayed


def test_the_schema_goes_to_the_server() -> None:
    provider = ScriptedProvider(["{}"])
    gateway(provider).complete([question(schema=SCHEMA)])
    assert provider.calls[0].schema == SCHEMA
    assert provider.calls[0].messages[0].text == "Hop."


def test_a_server_without_schemas_is_told_in_words_and_remembered() -> None:
    provider = ScriptedProvider([from_status(400, "unknown field"), "{}", "{}"])
    model = gateway(provider)
    model.complete([question(schema=SCHEMA)])
    model.complete([question(schema=SCHEMA, sample=1)])
    assert [call.schema for call in provider.calls] == [SCHEMA, None, None]
    assert '"code"' in provider.calls[1].messages[-1].text
    assert len(provider.calls) == 3


def test_a_context_that_is_too_long_is_not_blamed_on_the_schema() -> None:
    provider = ScriptedProvider([from_status(400, "maximum context length is 4096")])
    with pytest.raises(ModelError, match="longer context"):
        gateway(provider).complete([question(schema=SCHEMA)])
    assert len(provider.calls) == 1


def test_parameters_that_a_server_refuses_are_left_out() -> None:
    provider = ScriptedProvider(
        [
            from_status(400, "Unsupported value: 'temperature' does not support 0.5"),
            from_status(400, "Unsupported parameter: 'max_tokens'"),
            "fine",
        ]
    )
    model = gateway(provider, call=CallOptions(temperature=0.5))
    assert model.complete([question()])[0].text == "fine"
    assert provider.calls[-1].temperature is None
    assert provider.calls[-1].max_output_tokens is None


@pytest.mark.parametrize("nothing", ["", "  \n", "<think>hm</think>"])
def test_an_empty_answer_is_asked_for_once_more(nothing: str) -> None:
    assert gateway(ScriptedProvider([nothing, "fine"])).complete([question()])[0].text == "fine"
    answer = gateway(ScriptedProvider([nothing, nothing])).complete([question()])[0]
    assert (answer.text.strip(), answer.finish) == ("", "stop")
    assert answer.usage.tokens == 30, "both were paid"


def test_a_cut_answer_is_continued_and_joined() -> None:
    provider = ScriptedProvider([cut("```python\nx = fo"), "```python\nx = foo\n```"])
    answer = gateway(provider).complete([question(schema=SCHEMA)])[0]
    assert (answer.text, answer.finish) == ("```python\nx = foo\n```", "stop")
    assert [m.role for m in provider.calls[1].messages] == ["user", "assistant", "user"]
    assert provider.calls[1].schema is None


def test_an_answer_that_stays_cut_is_asked_for_shorter() -> None:
    provider = ScriptedProvider([cut("aaa"), cut("bbb"), "short"])
    answer = gateway(provider).complete([question()])[0]
    assert (answer.text, answer.finish) == ("short", "stop")
    assert "8192 tokens" in provider.calls[2].messages[-1].text


def test_an_answer_that_is_always_cut_says_so_after_three_calls() -> None:
    provider = ScriptedProvider(lambda _: cut("aaa"))
    answer = gateway(provider).complete([question()])[0]
    assert (answer.text, answer.finish) == ("aaa", "length")
    assert len(provider.calls) == 3


def test_a_server_that_refuses_to_continue_is_asked_for_shorter() -> None:
    refusal = from_status(400, "the last message must be of the user")
    provider = ScriptedProvider([cut("aaa"), refusal, "short"])
    assert gateway(provider).complete([question()])[0].text == "short"


def test_reasoning_that_used_up_all_tokens_is_not_continued() -> None:
    provider = ScriptedProvider([cut("<think>and so on and"), "short"])
    assert gateway(provider).complete([question()])[0].text == "short"


def test_an_oversized_answer_is_cut_and_not_continued() -> None:
    oversized = Reply(text="x" * 1000, finish="length", is_oversized=True)
    provider = ScriptedProvider([oversized])
    answer = gateway(provider).complete([question()])[0]
    assert answer.finish == "length"
    assert len(provider.calls) == 1


def test_a_refusal_is_an_answer() -> None:
    provider = ScriptedProvider([Reply(text="I cannot help.", finish="refused")])
    answer = gateway(provider).complete([question()])[0]
    assert (answer.text, answer.finish) == ("I cannot help.", "refused")


def test_a_call_that_hangs_is_given_up() -> None:
    never = threading.Event()

    class Hanging(ScriptedProvider):
        def send(self, call: WireCall) -> Reply:
            never.wait(20)
            return Reply(text="late")

    model = gateway(Hanging([]), call=CallOptions(timeout_s=0.05), retry=RetryPolicy(attempts=2))
    with pytest.raises(ModelError, match=r"no answer within 0\.3 s"):
        model.complete([question()])
    never.set()


def test_a_defect_of_a_provider_is_not_hidden() -> None:
    provider = ScriptedProvider([ZeroDivisionError("ours")])
    with pytest.raises(ZeroDivisionError):
        gateway(provider).complete([question()])


def test_two_requests_of_one_address_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="same address"):
        gateway(ScriptedProvider(["a", "b"])).complete([question("a"), question("b")])


def test_a_money_limit_needs_prices() -> None:
    with pytest.raises(ConfigError, match=r"model\.prices: \{scripted/model: \[2\.5, 10\]\}"):
        Gateway(
            [Route(ScriptedProvider([]), None)],
            options=GatewayOptions(limits=Limits(cost_usd=1.0)),
        )


def test_waits_and_fallbacks_are_told() -> None:
    lines: list[str] = []
    first = ScriptedProvider([from_status(503, "busy", retry_after="2"), from_status(404, "gone")])
    second = ScriptedProvider(["fine"], label="b/two")
    options = GatewayOptions(clock=StillTime().clock)
    routes: Sequence[Route] = [Route(first, None), Route(second, None)]
    Gateway(routes, options=options, tell=lines.append).complete([question()])
    assert lines == [
        "scripted/model: HTTP 503: busy. Asking again in 2 s.",
        "scripted/model: HTTP 404: gone. Asking the next model.",
    ]


def test_a_failure_carries_one_line_however_long_the_server_talks() -> None:
    failure = Failure("a\n\x1b[31mb" * 10_000, kind="hopeless")
    assert "\n" not in failure.reason
    assert "\x1b" not in failure.reason
    assert len(failure.reason) <= 400
