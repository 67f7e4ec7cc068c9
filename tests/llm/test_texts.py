"""Pure parts: what is kept of a text, what an error means, what a call costs."""

import doctest
import importlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardsmith.llm import exchange
from rewardsmith.llm.answer_text import MAX_BYTES, clean_answer, without_thoughts
from rewardsmith.llm.calls import Message
from rewardsmith.llm.failures import Failure, Topic, from_status
from rewardsmith.llm.openai_provider import is_strict
from rewardsmith.llm.prices import SHIPPED_PRICES, Price, price_of
from rewardsmith.llm.replies import read_completion
from rewardsmith.llm.retries import RetryPolicy, retry_after_s
from rewardsmith.llm.wording import continued, shortened, with_schema

MODULES = ["answer_text", "failures", "retries", "prices", "replies", "budget", "exchange"]
MODULES += ["permission", "replay", "openai_provider"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    module = importlib.import_module(f"rewardsmith.llm.{name}")
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed


@settings(deadline=None)
@given(st.text(max_size=300))
def test_clean_text_is_printable_and_stays_so(text: str) -> None:
    cleaned = clean_answer(text)
    assert all(c in "\n\t" or c.isprintable() or c.isspace() for c in cleaned.text)
    assert clean_answer(cleaned.text) == cleaned
    cleaned.text.encode()


@pytest.mark.parametrize("letter", ["x", "é", "日", "😀"])
def test_a_text_is_kept_up_to_its_limit(letter: str) -> None:
    fits = letter * (MAX_BYTES // len(letter.encode()))
    assert clean_answer(fits) == (fits, False)
    text, is_cut = clean_answer(fits + letter * 2)
    assert is_cut
    assert len(text.encode()) <= MAX_BYTES
    assert fits.startswith(text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<think>a</think>b", "b"),
        ("\n<thinking>\na\n</thinking>\n\nb", "b"),
        ("<think>never closed", ""),
        ("b <think>a</think>", "b <think>a</think>"),
        ("<thinker>a</thinker>", "<thinker>a</thinker>"),
    ],
)
def test_leading_thoughts_are_left_out(text: str, rest: str) -> None:
    assert without_thoughts(text) == rest


@pytest.mark.parametrize(
    ("cut", "rest", "whole"),
    [
        ("abc", "def", "abcdef"),
        ("x = 1\ny = fo", "y = foo\n", "x = 1\ny = foo\n"),
        ("the distance to the goal", "to the goal is small", "the distance to the goal is small"),
        ("```python\nx = 1\n", "```python\ny = 2\n```", "```python\nx = 1\ny = 2\n```"),
        (
            "```python\nx = 1\n```\n",
            "```python\ny\n```",
            "```python\nx = 1\n```\n```python\ny\n```",
        ),
        (
            "def reward(state):",
            "def reward(state):\n    return 1",
            "def reward(state):\n    return 1",
        ),
        ("return a", "a", "return aa"),
        ('{"code": "x', ' = 1"}', '{"code": "x = 1"}'),
    ],
)
def test_a_cut_answer_and_its_rest_are_joined(cut: str, rest: str, whole: str) -> None:
    assert exchange.join(cut, rest) == whole


@pytest.mark.parametrize(
    ("status", "message", "topic"),
    [
        (400, "This model's maximum context length is 8192 tokens", "context"),
        (
            400,
            "your request of 9000 tokens (808 in the messages, 8192 in the completion) exceeds "
            "the context length",
            "max_tokens",
        ),
        (
            400,
            "max_tokens: 100000 > 8192, the maximum allowed number of output tokens",
            "max_tokens",
        ),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", "context"),
        (400, "the request exceeds the available context size", "context"),
        (413, "", "context"),
        (400, "violates our content policy", "policy"),
        (400, "Unsupported parameter: 'max_tokens' is not supported", "max_tokens"),
        (400, "'temperature' does not support 0.2 with this model", "temperature"),
        (400, "Invalid schema for response_format 'answer'", "schema"),
        (422, "json_schema: extra fields not permitted", "schema"),
        (400, "something else", None),
        (500, "context length", None),
    ],
)
def test_what_a_server_complains_about_is_recognised(
    status: int, message: str, topic: Topic | None
) -> None:
    assert from_status(status, message).topic == topic


def test_every_failure_ends_in_a_next_step() -> None:
    for status in range(400, 600):
        assert from_status(status, "x").advice.endswith(".")
    assert Failure("x", kind="garbled").advice.endswith(".")


@pytest.mark.parametrize("header", ["", "soon", "nan", "inf", "-inf", "1e999", None])
def test_a_retry_after_that_says_nothing_is_ignored(header: str | None) -> None:
    assert retry_after_s(header, now=0.0) in (None, 0.0)


@pytest.mark.parametrize("header", ["-5", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_retry_after_in_the_past_means_now(header: str) -> None:
    assert retry_after_s(header, now=100.0) == 0.0


def test_pauses_grow_and_end() -> None:
    policy, rng = RetryPolicy(attempts=9, longest_s=10.0), random.Random(0)
    failure = from_status(500, "x")
    pauses = [policy.pause_s(failure, n, now=0.0, rng=rng) for n in range(1, 10)]
    assert pauses[-1] is None
    assert all(p is not None and p <= 10.0 for p in pauses[:-1])


@pytest.mark.parametrize("payload", [None, 3, "x", [], {}, {"choices": 1}, {"choices": [1]}])
def test_what_is_no_completion_is_a_failure(payload: object) -> None:
    with pytest.raises(Failure):
        read_completion(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(content=JSON, usage=JSON, finish=JSON, model=JSON)
def test_any_content_is_read_or_refused(
    content: object, usage: object, finish: object, model: object
) -> None:
    choice = {"message": {"content": content}, "finish_reason": finish}
    reply = read_completion({"choices": [choice], "usage": usage, "model": model})
    assert isinstance(reply.text, str)


def test_parts_of_a_content_are_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, "x", {"text": "b"}]
    payload = {"choices": [{"message": {"content": parts}}]}
    assert read_completion(payload).text == "ab"


def test_own_prices_go_before_shipped_ones() -> None:
    own = {"gpt-5": Price(9.0, 9.0), "x/y": Price(1.0, 1.0)}
    assert price_of("openai/gpt-5", own) == Price(9.0, 9.0)
    assert price_of("x/y", own) == Price(1.0, 1.0)
    assert price_of("x/z", own) is None
    assert price_of("openai/gpt-5-2025-08-07", {}) == SHIPPED_PRICES["openai/gpt-5"]
    assert price_of("openai/gpt-5-turbo", {}) is None
    assert price_of("openai/gpt-5", {}, is_shipped=False) is None


def test_no_shipped_price_is_zero() -> None:
    for price in SHIPPED_PRICES.values():
        assert 0 < price.input_usd <= price.output_usd
    with pytest.raises(ValueError, match="US dollars"):
        Price(-1.0, 2.0)


def test_strict_schemas_are_told_from_others() -> None:
    inner = {"type": "object", "properties": {"a": {}}, "required": ["a"]}
    closed = inner | {"additionalProperties": False}
    assert is_strict(closed)
    assert is_strict({"type": "array", "items": closed})
    assert not is_strict({"anyOf": [closed, inner]})


def test_the_gateways_own_words_are_files() -> None:
    messages = (Message(role="user", text="Hop."),)
    said = [
        *continued(messages, "abc"),
        *shortened(messages, 100),
        *with_schema(messages, {"a": 1}),
    ]
    assert [m.role for m in said] == ["user", "assistant", "user", "user", "user"]
    assert all(m.text.strip() == m.text and "{{" not in m.text for m in said)
    assert said[3].text.startswith("Hop.\n\n")
