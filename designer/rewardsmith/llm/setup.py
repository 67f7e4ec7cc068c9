"""What is configured to ask models, whether it works, and how to set it up.

Says which variables hold a key, never what they hold.
"""

import importlib.util
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from rewardsmith.errors import RewardsmithError
from rewardsmith.llm import wording
from rewardsmith.llm.budget import Budget, Limits
from rewardsmith.llm.calls import Address, Request
from rewardsmith.llm.exchange import Step
from rewardsmith.llm.keys import VARIABLES
from rewardsmith.llm.models import LOCAL_SERVERS, gateway_options, routes_for
from rewardsmith.llm.record import CallRecord, MemoryJournal
from rewardsmith.llm.retries import Clock, RetryPolicy
from rewardsmith.llm.sending import Sender
from rewardsmith.llm.settings import ModelSettings

_CHECK_TOKENS: Final = 512
"""Enough for a model that reasons before it says one word."""
_CHECK_TIMEOUT_S: Final = 60.0

HOW_TO: Final[Mapping[str, str]] = {
    "OpenAI": "export OPENAI_API_KEY=...   then   --model openai/gpt-5-mini",
    "Anthropic": "pip install 'rewardsmith[litellm]'; export ANTHROPIC_API_KEY=...   then   "
    "--model anthropic/claude-sonnet-5",
    "Gemini": "pip install 'rewardsmith[litellm]'; export GEMINI_API_KEY=...   then   "
    "--model gemini/gemini-3.8-flash",
    "Ollama": "ollama pull qwen3; ollama serve   then   --model ollama/qwen3 "
    "--set model.is_free=true",
    "vLLM": "vllm serve Qwen/Qwen3-8B   then   --model Qwen/Qwen3-8B "
    "--set model.base_url=http://localhost:8000/v1 --set model.is_free=true",
    "any chat window": "--model manual   writes each prompt to a file and awaits the answer",
}
"""One line a provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is there to ask models with."""

    model: str
    base_url: str | None
    variables: Mapping[str, bool]
    """Whether each environment variable for a key is set."""
    is_litellm_installed: bool
    local_servers: Mapping[str, str]
    """Where `ollama/...` and the like are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Whether one model answers."""

    model: str
    is_ok: bool
    text: str
    """One line: who answered at what cost, or what failed and what to do."""


def describe_setup(settings: ModelSettings, environ: Mapping[str, str] | None = None) -> Setup:
    """Say what is configured; nothing is sent and no provider's package imported."""
    environ = os.environ if environ is None else environ
    names = [name for names in VARIABLES.values() for name in names]
    if settings.api_key_env and settings.api_key_env not in names:
        names.append(settings.api_key_env)
    return Setup(
        model=settings.model,
        base_url=settings.base_url or environ.get("OPENAI_BASE_URL") or None,
        variables={name: bool(environ.get(name, "").strip()) for name in names},
        is_litellm_installed=importlib.util.find_spec("litellm") is not None,
        local_servers=LOCAL_SERVERS,
    )


def check_model(spec: str, settings: ModelSettings) -> Check:
    """Ask one model one tiny question, once; a failure is a value, not an error.

    Args:
        spec: As `ModelSettings.model`. Its fallbacks are not asked.
        settings: Address, key, prices.
    """
    if spec == "manual":
        return Check(model=spec, is_ok=True, text="A person answers; nothing is needed.")
    settings = replace(
        settings,
        fallbacks=(),
        max_output_tokens=_CHECK_TOKENS,
        timeout_s=min(settings.timeout_s, _CHECK_TIMEOUT_S),
    )
    request = Request(address=Address(0, "check", 0, 0), messages=(wording.check(),))
    try:
        sender = _sender(spec, settings)
        heard = sender.send(request, Step(name="ask", messages=request.messages), threading.Event())
    except RewardsmithError as error:
        text = str(error).removeprefix(f"No answer for {request.address}. ")
        return Check(model=spec, is_ok=False, text=" ".join(text.split()))
    cost = "price unknown" if heard.cost_usd is None else f"${heard.cost_usd:.6f}"
    said = heard.reply.model or heard.label
    return Check(
        model=spec, is_ok=True, text=f"{said} answers; {heard.usage.tokens} tokens, {cost}."
    )


def _sender(spec: str, settings: ModelSettings) -> Sender:
    routes = routes_for(spec, settings)
    for route in routes:
        route.provider.prepare()
    return Sender(
        routes=routes,
        budget=Budget(Limits()),
        record=CallRecord(MemoryJournal()),
        options=gateway_options(settings).call,
        retry=RetryPolicy(attempts=1),
        clock=Clock(),
        tell=lambda _: None,
    )
