"""From a name to a model: which provider, which address, whose key, what price."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rewardsmith.errors import ConfigError
from rewardsmith.llm.gateway import Gateway
from rewardsmith.llm.litellm_provider import LitellmProvider
from rewardsmith.llm.manual import ManualModel
from rewardsmith.llm.models import open_model, routes_for
from rewardsmith.llm.openai_provider import OpenAIProvider
from rewardsmith.llm.prices import FREE, Price
from rewardsmith.llm.record import RecordedEvent
from rewardsmith.llm.replay import ReplayModel
from rewardsmith.llm.settings import ModelSettings

SECRET = "sk-test-0123456789abcdef"
LOCAL = "http://localhost:8000/v1"


def opened(spec: str, settings: ModelSettings | None = None) -> OpenAIProvider | LitellmProvider:
    provider = routes_for(spec, settings or ModelSettings())[0].provider
    assert isinstance(provider, OpenAIProvider | LitellmProvider)
    return provider


def key_of(provider: OpenAIProvider | LitellmProvider) -> str | None:
    return provider._key.reveal() if provider._key else None


@pytest.mark.parametrize(
    ("spec", "label", "model"),
    [
        ("openai/gpt-5", "openai/gpt-5", "gpt-5"),
        ("gpt-5-mini", "openai/gpt-5-mini", "gpt-5-mini"),
        ("o3", "openai/o3", "o3"),
        ("ollama/qwen3:8b", "ollama/qwen3:8b", "qwen3:8b"),
        ("vllm/Qwen/Qwen3-8B", "vllm/Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        (f"my-model@{LOCAL}", "my-model", "my-model"),
    ],
)
def test_names_that_the_openai_sdk_asks_for(spec: str, label: str, model: str) -> None:
    provider = opened(spec)
    assert isinstance(provider, OpenAIProvider)
    assert (provider.label, provider._model) == (label, model)


@pytest.mark.parametrize(
    ("spec", "model"),
    [
        ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        ("llama3", "llama3"),
        ("openai/gpt-5", "gpt-5"),
        ("openai/gpt-oss-20b", "openai/gpt-oss-20b"),
        ("ollama/qwen3", "qwen3"),
    ],
)
def test_with_an_address_any_name_goes_there(spec: str, model: str) -> None:
    provider = opened(spec, ModelSettings(base_url=LOCAL))
    assert isinstance(provider, OpenAIProvider)
    assert (provider._model, provider._base_url) == (model, LOCAL)


def test_other_providers_are_asked_through_litellm() -> None:
    provider = opened("anthropic/claude-sonnet-5")
    assert isinstance(provider, LitellmProvider)
    assert provider.label == "anthropic/claude-sonnet-5"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("claude-sonnet-5", "Did you mean 'anthropic/claude-sonnet-5'"),
        ("nonsense", "Write provider/name"),
        ("", "Write provider/name"),
        ("openai/", "Write provider/name"),
        ("offline", "no language model"),
        ("replay:", "names no run"),
        ("replay:x", "names no run"),
        ("manual", "folder"),
    ],
)
def test_other_names_are_refused_with_a_next_step(spec: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        open_model(spec, ModelSettings())


def test_each_name_opens_its_model(tmp_path: Path) -> None:
    asked: list[str] = []

    def read_run(run: str) -> Sequence[RecordedEvent]:
        asked.append(run)
        return ()

    settings = ModelSettings(base_url=LOCAL)
    assert isinstance(open_model("m", settings), Gateway)
    assert isinstance(open_model("manual", settings, folder=tmp_path), ManualModel)
    for spec in ("replay:2026-11-20-x-1", "replay-strict:y"):
        assert isinstance(open_model(spec, settings, read_run=read_run), ReplayModel)
    assert asked == ["2026-11-20-x-1", "y"]


def test_fallbacks_follow_with_their_own_addresses_and_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai-12345")
    monkeypatch.setenv("MY_KEY", SECRET)
    settings = ModelSettings(
        base_url=LOCAL, api_key_env="MY_KEY", fallbacks=("gpt-5", f"other@{LOCAL}", "groq/x")
    )
    providers = [route.provider for route in routes_for("m", settings)]
    assert [p.label for p in providers] == ["m", "openai/gpt-5", "other", "groq/x"]
    keys = [key_of(p) for p in providers if isinstance(p, OpenAIProvider | LitellmProvider)]
    assert keys == [SECRET, "sk-openai-12345", None, None]


def test_an_address_is_sent_no_key_that_was_not_meant_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert key_of(opened("gpt-5")) == SECRET
    assert key_of(opened("gpt-5", ModelSettings(base_url="https://proxy.example/v1"))) is None
    assert key_of(opened("ollama/x")) is None
    monkeypatch.setenv("MY_KEY", "other-key")
    own = ModelSettings(base_url="https://proxy.example/v1", api_key_env="MY_KEY")
    assert key_of(opened("gpt-5", own)) == "other-key"


def test_the_sdks_own_address_variable_counts_for_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://proxy.example/v1")
    provider = opened("openai/gpt-5")
    assert isinstance(provider, OpenAIProvider)
    assert (provider._base_url, key_of(provider)) == ("https://proxy.example/v1", SECRET)
    assert routes_for("gpt-5", ModelSettings())[0].price is None, "a proxy has its own prices"


def test_a_missing_key_is_said_before_anything_is_sent() -> None:
    for spec, variable in (("gpt-5", "OPENAI_API_KEY"), ("anthropic/x", "ANTHROPIC_API_KEY")):
        with pytest.raises(ConfigError, match=rf"\${variable} is not set"):
            opened(spec).prepare()


@pytest.mark.parametrize(
    ("spec", "settings", "price"),
    [
        ("gpt-5", ModelSettings(), Price(1.25, 10.0)),
        ("gpt-5", ModelSettings(prices={"gpt-5": (3.0, 4.0)}), Price(3.0, 4.0)),
        ("m", ModelSettings(base_url=LOCAL), None),
        ("m", ModelSettings(base_url=LOCAL, is_free=True), FREE),
        ("m", ModelSettings(base_url=LOCAL, prices={"m": (1.0, 2.0)}), Price(1.0, 2.0)),
        ("ollama/m", ModelSettings(is_free=True), FREE),
        ("groq/new", ModelSettings(), None),
    ],
)
def test_prices(spec: str, settings: ModelSettings, price: Price | None) -> None:
    assert routes_for(spec, settings)[0].price == price


def test_a_provider_that_bills_cannot_be_declared_free() -> None:
    with pytest.raises(ConfigError, match="is not free"):
        routes_for("gpt-5", ModelSettings(is_free=True))


def test_a_money_limit_without_a_price_is_refused_up_front() -> None:
    with pytest.raises(ConfigError, match="The price of 'groq/new' is unknown"):
        open_model("groq/new", ModelSettings(max_cost_usd=1.0))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"timeout_s": 0}, "timeout_s"),
        ({"max_output_tokens": 1}, "max_output_tokens"),
        ({"concurrency": 0}, "concurrency"),
        ({"temperature": 3.0}, "temperature"),
        ({"max_cost_usd": 0.0}, "max_cost_usd"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"prices": {"m": (-1.0, 2.0)}}, "US dollars"),
        ({"api_key_env": "A", "api_key_file": "b"}, "exclude"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ModelSettings(**values)  # type: ignore[arg-type]
