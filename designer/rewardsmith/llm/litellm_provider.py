"""All other providers, through litellm, which is imported here and nowhere else.

Measured on 1.106.2: its import takes 5 s, fetches a price list from the network and loads `.env`
into the environment unless told not to; its retries repeat what cannot succeed; its budget does
not hold. So it only translates and sends.
"""

import importlib.metadata
import logging
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from rewardsmith.errors import ConfigError
from rewardsmith.llm import failures
from rewardsmith.llm.failures import Failure
from rewardsmith.llm.keys import VARIABLES, Key, missing_key, redact_environment
from rewardsmith.llm.openai_provider import failure_of, response_format
from rewardsmith.llm.permission import require_permission
from rewardsmith.llm.providers import WireCall
from rewardsmith.llm.replies import Reply, read_completion

# Read when litellm is imported, and again by parts that it imports later.
_QUIET_IMPORT: Final = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}
_MALWARE: Final = ("1.82.7", "1.82.8")
_INSTALL: Final = "`pip install 'rewardsmith[litellm]'` installs it."

# litellm makes a status of 500 out of these; only the words tell them apart.
_LOST: Final = re.compile(r"(?i)connection (error|aborted|reset)|disconnected")
_GARBLED: Final = re.compile(
    r"Empty or invalid response|Received response|Invalid response object|codec can't decode"
)
_TRACEBACK: Final = re.compile(r"\s*Traceback \(most recent call last\).*", re.DOTALL)
_OWN_WORDS: Final = re.compile(r"^(litellm\.\w+: )?(\w+Error: )?(\w+Exception - )?(error - )?")


class LitellmProvider:
    """One model of a provider that litellm knows."""

    def __init__(self, model: str, *, base_url: str | None = None, key: Key | None = None) -> None:
        """Name a model.

        Args:
            model: `provider/model`, as litellm spells it.
            base_url: Another server of the same provider's API.
            key: None lets litellm read the provider's own variables.
        """
        self._model = model
        self._base_url = base_url
        self._key = key
        self._redact: Callable[[str], str] = key.redact if key else redact_environment

    @property
    def label(self) -> str:
        """`provider/model`."""
        return self._model

    def prepare(self) -> None:
        """Import litellm, without its noise.

        Raises:
            ConfigError: It is not installed, or the provider's key is missing.
            ModelError: Requests are switched off.
        """
        if self._key is None and self._model.partition("/")[0] in VARIABLES:
            raise missing_key(self.label)
        require_permission(self._base_url)
        _import_litellm()

    def send(self, call: WireCall) -> Reply:
        """Make one call.

        Raises:
            Failure: There is no answer.
        """
        require_permission(self._base_url)
        try:
            reply = read_completion(self._complete(call))
        except Failure as failure:
            failure.redact(self._redact)
            raise
        return replace(reply, text=self._redact(reply.text))

    def _complete(self, call: WireCall) -> object:
        litellm = _import_litellm()
        try:
            return litellm.completion(**self._arguments(call)).model_dump()
        except Exception as error:  # litellm wraps what its providers raise, but not all of it
            raise _judge(error, call) from None

    def _arguments(self, call: WireCall) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self._model,
            "messages": call.spoken(),
            "timeout": call.timeout_s,
            "num_retries": 0,
            "max_retries": 0,
            "drop_params": False,  # dropped silently, a schema would never reach the model
        }
        optional = {
            "api_key": self._key.reveal() if self._key else None,
            "api_base": self._base_url,
            "max_tokens": call.max_output_tokens,
            "temperature": call.temperature,
        }
        arguments.update({name: value for name, value in optional.items() if value is not None})
        if call.schema is not None:
            arguments["response_format"] = response_format(call.schema, call.schema_name)
        return arguments


def _import_litellm() -> Any:
    version = _installed_version()
    if version in _MALWARE:
        raise ConfigError(f"litellm {version} carries malware. Uninstall it now. {_INSTALL}")
    for name, value in _QUIET_IMPORT.items():
        os.environ.setdefault(name, value)
    import litellm

    litellm.suppress_debug_info = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return litellm


def _installed_version() -> str:
    try:
        return importlib.metadata.version("litellm")
    except importlib.metadata.PackageNotFoundError:
        raise ConfigError(
            f"This provider is asked through litellm, which is not installed. {_INSTALL}"
        ) from None


def _judge(error: Exception, call: WireCall) -> Failure:
    import httpx
    import openai

    text = _TRACEBACK.sub("", _OWN_WORDS.sub("", str(error))).strip() or type(error).__name__
    if "LLM Provider NOT provided" in text:
        return Failure("litellm knows no such provider", kind="hopeless", status=404)
    if isinstance(error, openai.APITimeoutError):
        return failures.lost_connection(f"no answer within {call.timeout_s:g} s", was_sent=True)
    if isinstance(error, openai.APIConnectionError) or _LOST.search(text):
        was_sent = not any(isinstance(cause, httpx.ConnectError) for cause in _causes(error))
        return failures.lost_connection(f"no connection: {text}", was_sent=was_sent)
    if _GARBLED.search(text):
        return failures.garbled(f"the response is no completion: {text}")
    if isinstance(error, openai.APIStatusError):
        return failure_of(error, text)
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and 400 <= status < 600:
        return failures.from_status(status, text)
    return failures.garbled(f"{type(error).__name__}: {text}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
