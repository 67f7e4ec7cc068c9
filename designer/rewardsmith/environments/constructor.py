"""Arguments of an environment's constructor, as a command line says them: `track.length=12`.

Values are typed as in a card; a dotted key leads into a table. What they change is a card that is
based on another one, so that whoever reads it later makes the same environment.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rewardsmith.environments.card_file import parse_card_text
from rewardsmith.environments.cards import card_names
from rewardsmith.errors import ConfigError, UsageError

Arguments = dict[str, Any]
"""Name to value; tables are nested."""


def parse_arguments(texts: Sequence[str]) -> Arguments:
    """What `KEY=VALUE` texts say together.

    >>> parse_arguments(["lanes=3", "config.density=1.5", "config.name=dense"])
    {'lanes': 3, 'config': {'density': 1.5, 'name': 'dense'}}

    Raises:
        UsageError: One is no such text, or contradicts another.
    """
    found: Arguments = {}
    for text in texts:
        key, equals, value = text.partition("=")
        parts = key.strip().split(".")
        if not equals or not all(part.isidentifier() for part in parts):
            raise UsageError(
                f"--env-arg {text!r} is no KEY=VALUE. Write `--env-arg lanes=3`, or `--env-arg "
                "config.density=1.5` for an entry of a table."
            )
        _set(found, parts, _typed(text, value), text)
    return found


def derived_card(ref: str, arguments: Mapping[str, Any]) -> str:
    """The text of a card that is `ref`'s but for these arguments.

    Args:
        ref: A shipped card's name, or the path of a card or its folder.
        arguments: Laid over those of the card.
    """
    base = ref if ref in card_names() else str(Path(ref).resolve())
    return f"base: {json.dumps(base)}\nkwargs: {json.dumps(dict(arguments))}\n"


def _typed(text: str, value: str) -> Any:
    """A value as a card would read it."""
    try:
        read = dict(parse_card_text(f"value: {value.strip()}", "--env-arg").entries())
    except ConfigError:
        read = {}
    if len(read) != 1:
        raise UsageError(f"--env-arg {text!r}: {value!r} cannot be read. Put it into quotes.")
    return read["value"].plain()


def _set(found: Arguments, parts: Sequence[str], value: Any, text: str) -> None:
    inner = found
    for part in parts[:-1]:
        inner = inner.setdefault(part, {})
        if not isinstance(inner, dict):
            raise UsageError(f"--env-arg {text!r}: {part!r} is a value already. Keep one of them.")
    if parts[-1] in inner:
        raise UsageError(f"--env-arg {text!r}: {'.'.join(parts)!r} is given twice. Keep one.")
    inner[parts[-1]] = value
