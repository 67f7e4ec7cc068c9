"""From a model's name to something that answers: a gateway, a replay or a person."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final, NamedTuple

from rewardsmith.errors import ConfigError
from rewardsmith.llm.budget import Limits
from rewardsmith.llm.calls import LanguageModel
from rewardsmith.llm.gateway import Gateway, GatewayOptions
from rewardsmith.llm.keys import Key, key_for
from rewardsmith.llm.litellm_provider import LitellmProvider
from rewardsmith.llm.manual import ManualModel
from rewardsmith.llm.openai_provider import OPENAI_URL, OpenAIProvider
from rewardsmith.llm.prices import FREE, SHIPPED_PRICES, Price, price_of
from rewardsmith.llm.providers import Provider
from rewardsmith.llm.record import CallJournal, RecordedEvent
from rewardsmith.llm.replay import ReplayModel
from rewardsmith.llm.sending import CallOptions, Route
from rewardsmith.llm.settings import ModelSettings

LOCAL_SERVERS: Final[Mapping[str, str]] = {
    "ollama": "http://localhost:11434/v1",
    "vllm": "http://localhost:8000/v1",
    "llamacpp": "http://localhost:8080/v1",
    "lmstudio": "http://localhost:1234/v1",
}
"""Where servers on this machine listen unless told otherwise; all speak OpenAI's API."""

ReadRun = Callable[[str], Sequence[RecordedEvent]]
"""The recorded calls of the run of that name."""

_OPENAI_NAME: Final = re.compile(r"(gpt|chatgpt|o[1-9])(-|\d|$)")


class _Target(NamedTuple):
    """A model and the server it is asked on."""

    label: str
    model: str
    url: str | None
    """None: the provider's own address."""
    key_provider: str
    """Whose key it is sent without being told to; empty: nobody's."""
    is_litellm: bool = False


def open_model(
    spec: str,
    settings: ModelSettings,
    *,
    journal: CallJournal | None = None,
    tell: Callable[[str], None] | None = None,
    read_run: ReadRun | None = None,
    folder: Path | None = None,
) -> LanguageModel:
    """Open a model by name; no package of a provider is imported, nothing is sent yet.

    Args:
        spec: As `ModelSettings.model`, which it replaces.
        settings: Everything else about models.
        journal: Where calls are recorded, `store.calls.open_calls` for a run's; None: nowhere.
        tell: Hears in one line what a person should know.
        read_run: Finds a run to replay.
        folder: Where `manual` writes its prompts.

    Raises:
        ConfigError: There is no such model, a key or a price is missing, or `spec` is `offline`.
    """
    kind, _, run = spec.partition(":")
    if kind in ("replay", "replay-strict"):
        if not run or read_run is None:
            raise ConfigError(
                f"{spec!r} names no run. Write {kind}:RUN, as in {kind}:2026-01-31-x-1."
            )
        events = read_run(run)
        is_strict = kind == "replay-strict"
        return ReplayModel(events, run=run, is_strict=is_strict, journal=journal, tell=tell)
    if spec == "manual":
        if folder is None:
            raise ConfigError("`manual` needs a run whose folder takes the prompts.")
        return ManualModel(folder, journal=journal, tell=tell)
    options = gateway_options(settings)
    return Gateway(routes_for(spec, settings), journal=journal, options=options, tell=tell)


def routes_for(spec: str, settings: ModelSettings) -> list[Route]:
    """The model called `spec` and the fallbacks, in order, with their keys and prices.

    Raises:
        ConfigError: A name is unknown, or a key cannot be read.
    """
    own = {name: Price(*price) for name, price in settings.prices.items()}
    targets = [_target(spec, settings.base_url), *map(_target, settings.fallbacks)]
    _require_own_server(targets, settings)
    return [
        Route(_provider(target, settings if i == 0 else None), _price(target, own, settings))
        for i, target in enumerate(targets)
    ]


def gateway_options(settings: ModelSettings) -> GatewayOptions:
    """What a gateway needs to know of the settings."""
    return GatewayOptions(
        limits=Limits(
            cost_usd=settings.max_cost_usd, tokens=settings.max_tokens, calls=settings.max_calls
        ),
        call=CallOptions(
            max_output_tokens=settings.max_output_tokens,
            temperature=settings.temperature,
            timeout_s=settings.timeout_s,
        ),
        concurrency=settings.concurrency,
    )


def _target(spec: str, base_url: str | None = None) -> _Target:
    name, at, url = spec.rpartition("@")
    if at and url.startswith(("http://", "https://")):
        return _Target(name, _served_name(name), url, "")
    if base_url and base_url.rstrip("/") != OPENAI_URL:
        return _Target(spec, _served_name(spec), base_url, "")
    if _OPENAI_NAME.match(spec) and "/" not in spec:
        spec = f"openai/{spec}"
    provider, _, model = spec.partition("/")
    if not provider or not model:
        raise _unknown_model(spec)
    if provider == "openai":
        # The SDK's own variable, which people set for a proxy together with its key.
        return _Target(spec, model, os.environ.get("OPENAI_BASE_URL") or None, "openai")
    if provider in LOCAL_SERVERS:
        return _Target(spec, model, LOCAL_SERVERS[provider], "")
    return _Target(spec, spec, None, provider, is_litellm=True)


def _served_name(spec: str) -> str:
    """The model's name without the prefix that only says which server is meant.

    `openai/gpt-oss-20b` is the whole name of a model that many servers offer.
    """
    provider, _, model = spec.partition("/")
    is_openai = provider == "openai" and _OPENAI_NAME.match(model) and "gpt-oss" not in model
    return model if is_openai or (provider in LOCAL_SERVERS and model) else spec


def _unknown_model(spec: str) -> ConfigError:
    if spec == "offline":
        return ConfigError("`offline` is no language model. Leave it to the offline designer.")
    known = {name.partition("/")[2]: name for name in SHIPPED_PRICES}
    near = get_close_matches(spec, [*known, *SHIPPED_PRICES], n=1, cutoff=0.5)
    guess = f" Did you mean {known.get(near[0], near[0])!r}?" if near else ""
    return ConfigError(
        f"Unknown model {spec!r}.{guess} Write provider/name, as in openai/gpt-5; or give "
        "`base_url` for a server of your own; or `manual`. `rewardsmith models` shows how."
    )


def _provider(target: _Target, settings: ModelSettings | None) -> Provider:
    key = _key(target, settings)
    if target.is_litellm:
        return LitellmProvider(target.model, key=key)
    return OpenAIProvider(target.model, base_url=target.url, key=key, label=target.label)


def _key(target: _Target, settings: ModelSettings | None) -> Key | None:
    variable = settings.api_key_env if settings else None
    file = Path(settings.api_key_file) if settings and settings.api_key_file else None
    # A key goes to the provider it was made for; to another address only if that was said.
    return key_for(target.key_provider, variable=variable, file=file)


def _price(target: _Target, own: Mapping[str, Price], settings: ModelSettings) -> Price | None:
    price = price_of(target.label, own, is_shipped=target.url is None)
    if price is None and settings.is_free and target.url is not None:
        return FREE
    return price


def _require_own_server(targets: Sequence[_Target], settings: ModelSettings) -> None:
    if settings.is_free and all(target.url is None for target in targets):
        raise ConfigError(
            f"{targets[0].label!r} is not free: `is_free` is for a server of your own. Give its "
            "`base_url`, or leave `is_free` out."
        )
