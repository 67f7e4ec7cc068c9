"""OpenAI and every server that speaks its API: vLLM, Ollama, llama.cpp, LM Studio, ...

The SDK knows how to sign and to send; its retries are off, and the response is read here, so that
its size, its time and its content are checked before anything believes it.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from rewardsmith.llm import failures
from rewardsmith.llm.failures import Failure
from rewardsmith.llm.keys import Key, missing_key
from rewardsmith.llm.permission import require_permission
from rewardsmith.llm.providers import WireCall
from rewardsmith.llm.replies import Reply, error_of, read_completion

OPENAI_URL: Final = "https://api.openai.com/v1"
MAX_RESPONSE_BYTES: Final = 8 * 1024 * 1024
"""Most of a response that is read; a completion with its reasoning is far smaller."""
_CONNECT_S: Final = 15.0
_NO_KEY: Final = "none"
"""What servers without keys are sent; the SDK refuses to send nothing."""


class OpenAIProvider:
    """One model of OpenAI or of a compatible server."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        key: Key | None = None,
        label: str | None = None,
    ) -> None:
        """Name a model.

        Args:
            model: As the server calls it.
            label: As we call it; `openai/` and the model by default.
            base_url: The server's API, which usually ends in /v1; None: OpenAI's own.
            key: None where the server needs none.
        """
        self._model = model
        self._label = label or f"openai/{model}"
        self._base_url = base_url or OPENAI_URL
        self._is_official = self._base_url.rstrip("/") == OPENAI_URL
        self._key = key
        self._client: Any = None
        self._turn = threading.Lock()

    @property
    def label(self) -> str:
        """As journal, prices and messages name the model."""
        return self._label

    def prepare(self) -> None:
        """Import the SDK and open a client.

        Raises:
            ConfigError: OpenAI is to be asked without a key.
            ModelError: Requests are switched off.
        """
        if self._key is None and self._is_official:
            raise missing_key(self.label)
        require_permission(self._base_url)
        with self._turn:
            if self._client is None:
                import openai  # 1.5 s

                client = openai.OpenAI(
                    api_key=self._key.reveal() if self._key else _NO_KEY,
                    base_url=self._base_url,
                    max_retries=0,
                )
                # The SDK imports half of itself here; not on a call's time.
                client.chat.completions.with_streaming_response  # noqa: B018
                self._client = client

    def send(self, call: WireCall) -> Reply:
        """Make one call.

        Raises:
            Failure: There is no answer.
        """
        require_permission(self._base_url)
        self.prepare()
        try:
            reply = read_completion(_parse(self._post(call)))
        except Failure as failure:
            if self._key:
                failure.redact(self._key.redact)
            raise
        return replace(reply, text=self._key.redact(reply.text)) if self._key else reply

    def _post(self, call: WireCall) -> bytes:
        import httpx
        import openai

        deadline = time.monotonic() + call.timeout_s
        completions = self._client.with_options(
            timeout=httpx.Timeout(call.timeout_s, connect=min(_CONNECT_S, call.timeout_s))
        ).chat.completions
        try:
            with completions.with_streaming_response.create(**self._body(call)) as response:
                return _read(response.iter_bytes(), deadline)
        except openai.APIStatusError as error:
            raise failure_of(error) from None
        except openai.APITimeoutError as error:
            was_sent = not isinstance(error.__cause__, httpx.ConnectTimeout | httpx.PoolTimeout)
            reason = f"no answer within {call.timeout_s:g} s"
            raise failures.lost_connection(reason, was_sent=was_sent) from None
        except (openai.APIConnectionError, httpx.HTTPError) as error:
            raise _lost(error, self._base_url) from None
        except openai.OpenAIError as error:
            raise Failure(f"{type(error).__name__}: {error}", kind="hopeless") from None

    def _body(self, call: WireCall) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": call.spoken(),
        }
        if call.max_output_tokens is not None:
            # OpenAI's own models refuse the old name, many compatible servers ignore the new one.
            name = "max_completion_tokens" if self._is_official else "max_tokens"
            body[name] = call.max_output_tokens
        if call.temperature is not None:
            body["temperature"] = call.temperature
        if call.schema is not None:
            body["response_format"] = response_format(call.schema, call.schema_name)
        return body


def response_format(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """How OpenAI's API asks for an answer that follows a JSON schema."""
    wanted = {"name": name, "schema": dict(schema), "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": wanted}


def is_strict(schema: object) -> bool:
    """Whether every object of a schema requires all its properties and allows no others.

    OpenAI enforces only such schemas and answers 400 to others that are marked as strict.

    >>> is_strict({"type": "object", "properties": {"a": {}}, "required": []})
    False
    """
    if isinstance(schema, list):
        return all(is_strict(item) for item in schema)
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False:
            return False
        if set(schema.get("required", ())) != set(properties):
            return False
    return all(is_strict(item) for item in schema.values())


def failure_of(error: Any, words: str = "") -> Failure:
    """Judge an `openai.APIStatusError`, or one of litellm's, which derive from it.

    Args:
        error: The error.
        words: What to say where its body has no message.
    """
    headers = getattr(error, "litellm_response_headers", None) or error.response.headers
    message, code = error_of(error.body)
    return failures.from_status(
        int(error.status_code),
        message or words or str(error.message),
        code=code or str(error.code or ""),
        retry_after=retry_after_of(headers),
    )


def retry_after_of(headers: Mapping[str, str]) -> str | None:
    """What a response says about when to come back, as `Retry-After` spells it."""
    precise = headers.get("retry-after-ms", "")
    if precise.isdecimal():
        return str(int(precise) / 1000)
    return headers.get("retry-after")


def _read(chunks: Iterator[bytes], deadline: float) -> bytes:
    """Read a response within its time and size; a byte now and then does not extend the time."""
    blob = bytearray()
    for chunk in chunks:
        blob += chunk
        if len(blob) > MAX_RESPONSE_BYTES:
            raise failures.garbled(f"the response is longer than {MAX_RESPONSE_BYTES:,} bytes")
        if time.monotonic() > deadline:
            raise failures.lost_connection("the response came too slowly", was_sent=True)
    return bytes(blob)


def _parse(blob: bytes) -> object:
    text = blob.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        start = text[:60] if text.strip() else "nothing"
        raise failures.garbled(f"the response is no JSON: it begins with {start!r}") from None


def _lost(error: Exception, base_url: str) -> Failure:
    import httpx

    cause = error.__cause__ or error
    if isinstance(cause, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return Failure(f"{base_url!r} is no address of a server", kind="hopeless", status=404)
    was_sent = not isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout)
    what = "lost the connection to" if was_sent else "cannot connect to"
    return failures.lost_connection(f"{what} {base_url}: {cause}", was_sent=was_sent)
