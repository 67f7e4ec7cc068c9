"""What `rewardsmith models` has to say."""

import pytest
from pytest_httpserver import HTTPServer

from rewardsmith.llm.settings import ModelSettings
from rewardsmith.llm.setup import HOW_TO, check_model, describe_setup

SECRET = "sk-test-0123456789abcdef"
PATH = "/v1/chat/completions"
ANSWER = {
    "model": "m-2026",
    "choices": [{"message": {"content": "ready"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 20, "completion_tokens": 1},
}


def test_variables_are_named_and_their_values_are_not() -> None:
    environ = {"ANTHROPIC_API_KEY": SECRET, "MY_KEY": SECRET}
    setup = describe_setup(ModelSettings(model="m", api_key_env="MY_KEY"), environ)
    assert setup.variables["ANTHROPIC_API_KEY"]
    assert setup.variables["MY_KEY"]
    assert not setup.variables["OPENAI_API_KEY"]
    assert setup.is_litellm_installed
    assert SECRET not in repr(setup)


def test_a_server_that_answers_is_said_with_what_it_cost(httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_json(ANSWER)
    url = httpserver.url_for("/v1")
    free = check_model("m", ModelSettings(base_url=url, is_free=True, fallbacks=("x/y",)))
    assert (free.is_ok, free.text) == (True, "m-2026 answers; 21 tokens, $0.000000.")
    unknown = check_model("m", ModelSettings(base_url=url))
    assert unknown.text == "m-2026 answers; 21 tokens, price unknown."
    assert len(httpserver.log) == 2


def test_a_key_that_is_refused_is_said_in_one_line(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", SECRET)
    httpserver.expect_request(PATH).respond_with_json(
        {"error": {"message": f"bad key {SECRET}"}}, status=401
    )
    settings = ModelSettings(base_url=httpserver.url_for("/v1"), api_key_env="MY_KEY")
    check = check_model("m", settings)
    assert not check.is_ok
    assert "HTTP 401: bad key [key from $MY_KEY]. Check the API key" in check.text
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("gpt-5", "$OPENAI_API_KEY is not set"),
        ("anthropic/claude-sonnet-5", "$ANTHROPIC_API_KEY is not set"),
        ("nonsense", "Unknown model"),
        ("m@http://127.0.0.1:9/v1", "m: cannot connect to http://127.0.0.1:9/v1"),
    ],
)
def test_what_is_missing_is_said_in_one_line(spec: str, words: str) -> None:
    check = check_model(spec, ModelSettings())
    assert not check.is_ok
    assert words in check.text
    assert "\n" not in check.text


def test_a_person_needs_no_check() -> None:
    assert check_model("manual", ModelSettings()).is_ok


def test_each_way_is_one_line() -> None:
    assert list(HOW_TO)[:5] == ["OpenAI", "Anthropic", "Gemini", "Ollama", "vLLM"]
    assert all("\n" not in text for text in HOW_TO.values())
