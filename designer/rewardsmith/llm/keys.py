"""API keys: where they come from, and that they go nowhere but to their provider.

A key is never part of a message, a journal or a `repr`. Limit: a key shorter than 8 characters is
not looked for in texts, where it would be a common word.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rewardsmith.errors import ConfigError

VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "mistral": ("MISTRAL_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "xai": ("XAI_API_KEY",),
    "together_ai": ("TOGETHERAI_API_KEY", "TOGETHER_API_KEY"),
    "cohere": ("COHERE_API_KEY",),
}
"""Environment variables by provider. Providers that are not here read their own."""

_MAX_BYTES: Final = 16 * 1024
_SHORTEST: Final = 8
_SECRET_NAMES: Final = ("KEY", "TOKEN", "SECRET", "PASSWORD")


class Key:
    """A secret that does not show itself."""

    def __init__(self, value: str, source: str) -> None:
        self._value = value
        self.source = source
        """Where it was found, fit to be shown: `$OPENAI_API_KEY` or a path."""

    def reveal(self) -> str:
        """The key itself, for the provider's client only."""
        return self._value

    def redact(self, text: str) -> str:
        """`text` without the key, also where a server or a header quotes it."""
        if len(self._value) < _SHORTEST:
            return text
        return text.replace(self._value, f"[key from {self.source}]")

    def __repr__(self) -> str:
        return f"Key(from {self.source})"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a key is not pickled")


def key_for(
    provider: str,
    *,
    variable: str | None = None,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Key | None:
    """Find the key of a provider; None when no source holds one.

    Args:
        provider: First part of a model's name.
        variable: Environment variable to read instead of the provider's own.
        file: File that holds the key and nothing else; goes before variables.
        environ: Environment; the process's own by default.

    Raises:
        ConfigError: The named variable is not set, or the file is not fit to hold a key.
    """
    environ = os.environ if environ is None else environ
    if file is not None:
        return Key(_from_file(file), str(file))
    if variable is not None and not environ.get(variable, "").strip():
        raise ConfigError(f"${variable} is not set. `export {variable}=...` sets it.")
    for name in (variable,) if variable else VARIABLES.get(provider, ()):
        value = environ.get(name, "").strip()
        if value:
            return Key(_checked(value, f"${name}"), f"${name}")
    return None


def missing_key(label: str) -> ConfigError:
    """The error for a provider that cannot be asked without a key."""
    provider = label.partition("/")[0]
    names = VARIABLES.get(provider, ("OPENAI_API_KEY",))
    return ConfigError(
        f"{label!r} needs an API key, and {' or '.join(f'${name}' for name in names)} is not set. "
        f"`export {names[0]}=...` sets it; `model.api_key_file` reads it from a file; "
        "`rewardsmith models` shows other ways."
    )


def _from_file(path: Path) -> str:
    try:
        with path.expanduser().open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            blob = file.read(_MAX_BYTES)
    except OSError as error:
        raise ConfigError(
            f"The key file {str(path)!r} cannot be read: {error.strerror}. Check `api_key_file`."
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"The key file {str(path)!r} can be read by others. `chmod 600 {path}` closes it."
        )
    return _checked(blob.decode("utf-8", "replace").strip(), str(path))


def _checked(value: str, source: str) -> str:
    # Such a key ends as a broken HTTP header, whose error would quote it.
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigError(f"{source} holds no API key. It has to be one line without spaces.")
    return value


def redact_environment(text: str, environ: Mapping[str, str] | None = None) -> str:
    """`text` without any secret that stands in an environment variable.

    For providers that read variables we do not know of. Limit: a variable counts as secret by its
    name (`...KEY`, `...TOKEN`, `...SECRET`, `...PASSWORD`).
    """
    for name, value in (os.environ if environ is None else environ).items():
        if name.upper().endswith(_SECRET_NAMES) and len(value) >= _SHORTEST:
            text = text.replace(value, f"[key from ${name}]")
    return text
