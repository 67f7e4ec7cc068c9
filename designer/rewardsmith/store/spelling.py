"""JSON as a run writes it: strict, and with a spelling for numbers that are not finite.

NaN and infinity are no JSON; they are written `{"number": "nan"}` and read back as floats.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

_MARK = "number"
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def canonical(value: object) -> bytes:
    """The one spelling of a JSON value, as checksums and look-ups need it.

    >>> canonical({"b": [1, 2.5], "a": float("inf")})
    b'{"a":{"number":"inf"},"b":[1,2.5]}'
    """
    return _dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def one_line(value: object) -> bytes:
    """The value on one line, keys in their own order, with a line end."""
    return _dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def readable(value: object) -> bytes:
    """The value as a person reads it: indented, and without escapes for letters."""
    return _dumps(value, indent=2, ensure_ascii=False).encode("utf-8") + b"\n"


def parse(text: bytes | str) -> Any:
    """Parse JSON written by this module.

    Raises:
        ValueError: It is not strict JSON, or nested too deeply to hold.
    """
    return unmarked(parse_marked(text))


def parse_marked(text: bytes | str) -> Any:
    """Parse JSON and leave the marks of numbers that are not finite: what `canonical_marked` takes.

    Raises:
        ValueError: It is not strict JSON, or nested too deeply to hold.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def parse_quickly(text: bytes) -> Any:
    """`parse_marked` for who only looks on: half the time, and numbers by another parser.

    Raises:
        ValueError: It is not strict JSON, or nested too deeply to hold.
    """
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        return parse_marked(text)  # lone surrogates, for one, which json takes


def canonical_marked(value: object) -> bytes:
    """`canonical` of a value fresh from `parse_marked`, many times faster: nothing is left to mark.

    >>> canonical_marked(parse_marked('{"b": {"number": "inf"}, "a": 1}'))
    b'{"a":1,"b":{"number":"inf"}}'
    """
    try:
        text = json.dumps(value, allow_nan=False, sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return text.encode("ascii")


def unmarked(value: Any) -> Any:
    """A value of `parse_marked` with its marks turned back into numbers.

    Raises:
        ValueError: It is nested too deeply.
    """
    try:
        return _unmarked(value)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _dumps(value: object, **style: Any) -> str:
    return json.dumps(_marked(value), allow_nan=False, **style)


def _marked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_name(key): _marked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {_MARK: str(float(value))}
    return value


def _name(key: object) -> str:
    # json.dumps would write 1 as "1", and the value read back would have another checksum.
    if not isinstance(key, str):
        raise TypeError(f"a JSON key has to be text, got {key!r}")
    return key


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        if len(value) == 1 and value.get(_MARK).__class__ is str:
            return _NOT_FINITE.get(value[_MARK], value)
        return {key: _unmarked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unmarked(item) for item in value]
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
