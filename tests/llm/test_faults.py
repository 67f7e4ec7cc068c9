"""What servers do wrong, over a real connection, through both SDKs: each ends well or in one line.

`Case.wire` is what one call to the provider brings; `Case.run` what the gateway makes of it.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request as Received
from werkzeug import Response

import rewardsmith.llm
from rewardsmith.errors import ModelError
from rewardsmith.llm.calls import Address, Answer, Message, Request
from rewardsmith.llm.failures import Failure
from rewardsmith.llm.gateway import Gateway, GatewayOptions
from rewardsmith.llm.keys import Key
from rewardsmith.llm.litellm_provider import LitellmProvider
from rewardsmith.llm.openai_provider import OpenAIProvider
from rewardsmith.llm.prices import Price
from rewardsmith.llm.providers import Provider, WireCall
from rewardsmith.llm.record import MemoryJournal
from rewardsmith.llm.retries import RetryPolicy
from rewardsmith.llm.scripted import StillTime
from rewardsmith.llm.sending import CallOptions, Route

# One process imports litellm, which takes 5 s; its own warnings are not ours to mend.
pytestmark = [pytest.mark.xdist_group("litellm"), pytest.mark.filterwarnings("ignore")]

SECRET = "sk-test-0123456789abcdef"
PATH = "/v1/chat/completions"
TIMEOUT_S = 30.0
"""Generous: the machine may be busy."""
SHORT_S = 0.4

Make = Callable[[str], Provider]


def by_openai(url: str) -> Provider:
    return OpenAIProvider("m", base_url=url, key=Key(SECRET, "$TEST_KEY"))


def by_litellm(url: str) -> Provider:
    return LitellmProvider("openai/m", base_url=url, key=Key(SECRET, "$TEST_KEY"))


BOTH = pytest.mark.parametrize("make", [by_openai, by_litellm], ids=["openai", "litellm"])


@pytest.fixture(scope="module")
def threaded() -> Iterator[HTTPServer]:
    # Threaded: a kept-alive connection would starve the next client of a server without threads.
    with HTTPServer("127.0.0.1", threaded=True) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(rewardsmith.llm, "ALLOW_REQUESTS", "loopback")
        server.expect_request(PATH).respond_with_json(completion())
        for make in (by_openai, by_litellm):
            send(make(server.url_for("/v1")), timeout_s=60)  # their first call imports for seconds
        yield server


@pytest.fixture
def server(threaded: HTTPServer) -> Iterator[HTTPServer]:
    threaded.clear()
    yield threaded
    threaded.clear()


def completion(content: object = "hello", finish: str = "stop", **message: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-2026",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": content} | message,
            }
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }


def question(sample: int = 0) -> Request:
    messages = (Message(role="system", text="Be brief."), Message(role="user", text="Hop."))
    return Request(address=Address(0, "designer", 0, 0, sample), messages=messages)


def gateway(
    provider: Provider, journal: MemoryJournal | None = None, *, time: StillTime | None = None
) -> Gateway:
    options = GatewayOptions(
        clock=(time or StillTime()).clock, call=CallOptions(timeout_s=TIMEOUT_S)
    )
    return Gateway([Route(provider, Price(1.0, 2.0))], journal=journal, options=options)


def send(provider: Provider, timeout_s: float = TIMEOUT_S) -> Any:
    provider.prepare()
    call = WireCall(messages=question().messages, max_output_tokens=64, timeout_s=timeout_s)
    return provider.send(call)


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


@dataclass(frozen=True)
class Case:
    """A server's response, and what becomes of it."""

    name: str
    body: object
    """Bytes as they are, anything else as JSON."""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    answer: tuple[str, str] | None = None
    """Text and finish of the answer; None if it ends in an error."""
    error: str = ""
    """Words of the error's one line."""
    n_calls: int = 1
    """Calls the server saw."""
    by_litellm: tuple[str, int] | None = None
    """Words of the error and calls, where litellm cannot read what the other SDK can."""


def refused(status: int, message: str, code: str | None = None, **case: Any) -> Case:
    body = {"error": {"message": message, "type": "t", "param": None, "code": code}}
    name = case.pop("name", f"HTTP {status}")
    return Case(name=name, body=body, status=status, **case)


CASES = [
    Case("good", completion(), answer=("hello", "stop")),
    Case("prose only", completion("Sorry, no code."), answer=("Sorry, no code.", "stop")),
    Case("empty", completion(""), answer=("", "stop"), n_calls=2),
    Case("white space", completion(" \n"), answer=(" \n", "stop"), n_calls=2),
    Case("null content", completion(None), answer=("", "stop"), n_calls=2),
    Case("refusal", completion(None, refusal="I will not."), answer=("I will not.", "refused")),
    Case("filtered", completion("", "content_filter"), answer=("", "refused")),
    Case("cut off", completion("abc", "length"), answer=("abc", "length"), n_calls=3),
    Case("1 MB", completion("x" * 1_000_000), answer=("x" * 262_144, "length")),
    Case(
        "not UTF-8",
        json.dumps(completion()).encode().replace(b"hello", b"h\xff"),
        answer=("h\ufffd", "stop"),
        by_litellm=("Check `base_url`", 2),
    ),
    Case("escapes", completion("\x1b[31mre\u202ed\x00"), answer=("red", "stop")),
    Case("lone surrogate", completion("a\ud800b"), answer=("ab", "stop")),
    Case("no usage", without(completion(), "usage"), answer=("hello", "stop")),
    Case(
        "odd usage",
        completion() | {"usage": {"prompt_tokens": "x"}},
        answer=("hello", "stop"),
        by_litellm=("Check `base_url`", 2),
    ),
    Case("zero choices", completion() | {"choices": []}, error="no choices", n_calls=2),
    Case("HTML", b"<html>Welcome</html>", error="Check `base_url`", n_calls=2),
    Case("cut JSON", b'{"choices": [', error="Check `base_url`", n_calls=2),
    Case("nothing", b"", error="Check `base_url`", n_calls=2),
    Case("a list", [1, 2], error="Check `base_url`", n_calls=2),
    Case("deep JSON", b"[" * 100_000, error="Check `base_url`", n_calls=2),
    Case(
        "wrong content type",
        json.dumps(completion()).encode(),
        headers=(("Content-Type", "text/plain"),),
        answer=("hello", "stop"),
    ),
    refused(400, "bad value", error="HTTP 400: bad value"),
    refused(400, "maximum context length is 10", error="longer context", name="context"),
    refused(400, "no", "content_policy_violation", error="Reword the instr", name="policy"),
    refused(401, f"Incorrect API key provided: {SECRET}", error="Check the API key"),
    refused(402, "pay", error="Add credit"),
    refused(403, "not yours", error="may not use this model"),
    refused(404, "no such model 'm'", error="Check the model's name"),
    refused(408, "slow", error="Resume the run later", n_calls=6),
    refused(429, "slow", error="Resume the run later", n_calls=6),
    refused(429, "pay", "insufficient_quota", error="Add credit", name="no credit"),
    refused(500, "boom", error="HTTP 500: boom. Resume the run later", n_calls=6),
    refused(502, "gateway", error="Resume the run later", n_calls=6),
    Case("HTTP 503", b"<html>busy</html>", 503, error="HTTP 503: <html>busy", n_calls=6),
    refused(529, "overloaded", error="Resume the run later", n_calls=6),
]


@BOTH
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_response_ends_well_or_in_one_line(case: Case, make: Make, server: HTTPServer) -> None:
    body = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
    headers = {"Content-Type": "application/json"} | dict(case.headers)
    server.expect_request(PATH, method="POST").respond_with_data(
        body, status=case.status, headers=headers
    )
    journal = MemoryJournal()
    model = gateway(make(server.url_for("/v1")), journal)
    outcome = outcome_of(model)
    if make is by_litellm and case.by_litellm:
        error, n_calls = case.by_litellm
        case = replace(case, answer=None, error=error, n_calls=n_calls)
    if case.answer is None:
        assert isinstance(outcome, ModelError)
        assert case.error in str(outcome)
        assert "\n" not in str(outcome)
    else:
        assert isinstance(outcome, Answer), outcome
        assert (outcome.text, outcome.finish) == case.answer
        assert outcome.cost_usd is not None
        assert outcome.cost_usd > 0
    assert len(server.log) == case.n_calls
    assert_no_secret(journal, outcome)
    server.check_assertions()


@BOTH
def test_what_is_sent_is_what_was_asked(make: Make, server: HTTPServer) -> None:
    server.expect_request(PATH).respond_with_json(completion("{}"))
    schema = {
        "type": "object",
        "properties": {"code": {"type": "string"}},
        "required": ["code"],
        "additionalProperties": False,
    }
    provider = make(server.url_for("/v1"))
    provider.prepare()
    provider.send(
        WireCall(
            messages=question().messages,
            max_output_tokens=64,
            temperature=0.5,
            schema=schema,
            schema_name="program",
            timeout_s=5,
        )
    )
    request = server.log[0][0]
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    body = request.get_json()
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hop."},
    ]
    assert (body["max_tokens"], body["temperature"]) == (64, 0.5)
    wanted = {"name": "program", "schema": schema, "strict": True}
    assert body["response_format"] == {"type": "json_schema", "json_schema": wanted}


@BOTH
def test_a_server_that_refuses_a_schema_is_asked_without_it(make: Make, server: HTTPServer) -> None:
    def answer(request: Received) -> Response:
        if "response_format" in request.get_json():
            return Response('{"error": {"message": "unknown field response_format"}}', status=400)
        return Response(json.dumps(completion("{}")), mimetype="application/json")

    server.expect_request(PATH).respond_with_handler(answer)
    request = replace(question(), schema={"type": "object", "title": "Program"})
    assert gateway(make(server.url_for("/v1"))).complete([request])[0].text == "{}"
    assert len(server.log) == 2
    assert '"title": "Program"' in server.log[1][0].get_json()["messages"][-1]["content"]


@BOTH
@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (("Retry-After", "7"), 7.0),
        (("Retry-After", "Fri, 15 Jan 2027 08:00:42 GMT"), 42.0),
        (("Retry-After-Ms", "2500"), 2.5),
    ],
    ids=["seconds", "date", "milliseconds"],
)
def test_retry_after_is_read_from_the_wire(
    make: Make, header: tuple[str, str], wait: float, server: HTTPServer
) -> None:
    server.expect_ordered_request(PATH).respond_with_json(
        {"error": {"message": "slow"}}, status=429, headers=dict([header])
    )
    server.expect_ordered_request(PATH).respond_with_json(completion())
    time_ = StillTime()  # 2027-01-15 08:00:00 UTC
    answer = gateway(make(server.url_for("/v1")), time=time_).complete([question()])[0]
    assert answer.text == "hello"
    assert time_.waits == [pytest.approx(wait, abs=0.11)]


@BOTH
def test_a_key_in_an_answer_is_taken_out(make: Make, server: HTTPServer) -> None:
    server.expect_request(PATH).respond_with_json(completion(f"Your key is {SECRET}."))
    journal = MemoryJournal()
    answer = gateway(make(server.url_for("/v1")), journal).complete([question()])[0]
    assert answer.text == "Your key is [key from $TEST_KEY]."
    assert_no_secret(journal, answer)


class BareServer:
    """A server that sends what a function tells it to, byte by byte, and then hangs up."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self._behave = behave
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.n_calls = 0
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            received = b""
            while b'"Hop."' not in received:
                received += connection.recv(65536)
            self.n_calls += 1
            self._behave(connection)

    def close(self) -> None:
        self.closing.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)


@pytest.fixture
def bare() -> Iterator[Callable[[Callable[[socket.socket], None]], BareServer]]:
    servers: list[BareServer] = []

    def start(behave: Callable[[socket.socket], None]) -> BareServer:
        servers.append(BareServer(behave))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n"


def hang_up(connection: socket.socket) -> None:
    """Close without a word."""


def break_off(connection: socket.socket) -> None:
    connection.sendall(HEAD + b'{"choices"')


def reset(connection: socket.socket) -> None:
    linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def babble(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example.org ESMTP\r\n\r\n")


def hang(connection: socket.socket) -> None:
    time.sleep(4)


def drip_body(connection: socket.socket) -> None:
    connection.sendall(HEAD)
    for _ in range(40):
        connection.sendall(b" ")
        time.sleep(0.1)


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(40):
        connection.sendall(b"x")
        time.sleep(0.1)


@BOTH
@pytest.mark.parametrize("behave", [hang_up, break_off, reset, babble])
def test_a_cut_connection_is_tried_again_and_stays_in_doubt(
    make: Make, behave: Callable[[socket.socket], None], bare: Callable[..., BareServer]
) -> None:
    server = bare(behave)
    model = gateway(make(server.url))
    outcome = outcome_of(model)
    assert isinstance(outcome, ModelError)
    assert "connection" in str(outcome)
    assert server.n_calls == 6
    assert model.spent.calls == 6, "the model may have answered all of them"


@BOTH
@pytest.mark.parametrize("behave", [hang, drip_body, drip_headers])
def test_a_slow_server_is_given_up_at_the_deadline(
    make: Make, behave: Callable[[socket.socket], None], bare: Callable[..., BareServer]
) -> None:
    server = bare(behave)
    options = GatewayOptions(
        clock=StillTime().clock,
        call=CallOptions(timeout_s=SHORT_S),
        retry=RetryPolicy(attempts=1),
    )
    began = time.monotonic()
    outcome = outcome_of(Gateway([Route(make(server.url), None)], options=options))
    assert time.monotonic() - began < 3, "the server goes on for 4 s"
    assert isinstance(outcome, ModelError)
    assert "no answer within" in str(outcome) or "too slowly" in str(outcome)


@BOTH
def test_a_server_that_is_not_there_costs_nothing(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    model = gateway(make(f"http://127.0.0.1:{port}/v1"))
    outcome = outcome_of(model)
    assert isinstance(outcome, ModelError)
    assert model.spent.calls == 0


def test_a_provider_that_litellm_does_not_know_is_one_line(server: HTTPServer) -> None:
    provider = LitellmProvider("nowhere/m", base_url=server.url_for("/v1"), key=None)
    outcome = outcome_of(gateway(provider))
    assert isinstance(outcome, ModelError)
    assert "nowhere/m: litellm knows no such provider. Check the model's name" in str(outcome)


def test_an_endless_response_is_cut_by_its_size(bare: Callable[..., BareServer]) -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(HEAD.replace(b"400", b"999999999"))
        for _ in range(1000):
            connection.sendall(b" " * 65536)

    with pytest.raises(Failure, match="longer than 8,388,608 bytes"):
        send(by_openai(bare(flood).url), timeout_s=20)


def test_an_address_that_is_none_is_a_lasting_failure() -> None:
    outcome = outcome_of(gateway(OpenAIProvider("m", base_url="http:/127.0.0.1/v1")))
    assert isinstance(outcome, ModelError)


def test_openai_itself_is_told_the_limit_by_its_new_name() -> None:
    sent = OpenAIProvider("gpt-5")._body(
        WireCall(messages=question().messages, max_output_tokens=64, timeout_s=1)
    )
    assert sent["max_completion_tokens"] == 64
    assert "max_tokens" not in sent


@BOTH
def test_without_permission_nothing_is_sent(
    make: Make, server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewardsmith.llm, "ALLOW_REQUESTS", False)
    with pytest.raises(ModelError, match="switched off"):
        gateway(make(server.url_for("/v1"))).complete([question()])
    assert not server.log


def outcome_of(model: Gateway) -> Answer | Exception:
    try:
        return model.complete([question()])[0]
    except ModelError as error:
        return error


def assert_no_secret(journal: MemoryJournal, outcome: object) -> None:
    assert SECRET not in repr(journal.events)
    assert SECRET not in str(outcome)
    assert SECRET not in repr(outcome)


@BOTH
def test_a_prompt_that_is_no_whole_text_is_sent_nevertheless(
    make: Make, server: HTTPServer
) -> None:
    server.expect_request(PATH).respond_with_json(completion())
    request = replace(question(), messages=(Message(role="user", text="H\ud800p"),))
    assert gateway(make(server.url_for("/v1"))).complete([request])[0].text == "hello"
    assert server.log[0][0].get_json()["messages"][0]["content"] == "H?p"
