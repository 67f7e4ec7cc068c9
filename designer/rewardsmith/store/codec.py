"""Messages to JSON and back, strictly.

Types come from the messages' own annotations; nothing is coerced, and an unknown key is an error.
"""

import dataclasses
import json
from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId

M = TypeVar("M")

_STRICT = ConfigDict(strict=True, extra="forbid")


def dump(value: object) -> Any:
    """The JSON form of a message, of a sequence or mapping of messages, or of a plain value.

    Raises:
        TypeError: `value` has no JSON form.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(_adapter(type(value)).dump_python((value,), mode="json")[0])
    if isinstance(value, CandidateId):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): dump(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [dump(item) for item in value]
    return _plain(value)


def load(kind: type[M], value: Any) -> M:
    """The message of type `kind` whose JSON form is `value`.

    Raises:
        StoreError: `value` is not one: wrong types, missing or unknown keys, broken promises.
    """
    text = json.dumps([value])
    try:
        message: M = _adapter(cast(Hashable, kind)).validate_json(text)[0]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "itself"
        raise StoreError(
            f"The run holds a {kind.__name__} this version cannot read: {where}: {first['msg']}. "
            "Open it with the version that run.json names."
        ) from error
    return message


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    # A plain dataclass takes its configuration from what surrounds it: hence the tuple.
    return TypeAdapter(tuple[kind], config=_STRICT)  # type: ignore[valid-type]  # a runtime type


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return _without_lone_surrogates(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _without_lone_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
