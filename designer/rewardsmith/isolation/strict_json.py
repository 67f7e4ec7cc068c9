"""JSON from untrusted bytes: only what JSON says, and only values that are safe to pass on.

Python's own parser takes NaN, Infinity and 1e999, lets a repeated key win silently, and ends in a
RecursionError on deep nesting. This one refuses all of them; it does not check any schema.
"""

import json
import math
from typing import NoReturn

from rewardsmith.isolation.frames import FrameError

MAX_BYTES = 1024 * 1024
MAX_INT = 2**63


def parse_json(data: bytes, *, max_bytes: int = MAX_BYTES) -> object:
    """The value that `data` holds.

    Args:
        data: UTF-8.
        max_bytes: Longest text that is looked at.

    Raises:
        FrameError: Not JSON, too long or too deep, a number that is not finite or beyond 64 bits,
            a key twice in one object, or half of a surrogate pair.

    >>> parse_json(b'{"step": 3}')
    {'step': 3}
    """
    if len(data) > max_bytes:
        raise FrameError(f"JSON of {len(data)} bytes; at most {max_bytes}")
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_small_int,
            object_pairs_hook=_unique,
        )
    except RecursionError:
        raise FrameError("JSON nested too deeply") from None
    except FrameError:
        raise
    except ValueError as error:
        raise FrameError(f"not JSON: {error}") from None
    if "\\ud" in text or "\\uD" in text:
        _refuse_surrogates(value)
    return value


def dump_json(value: object) -> bytes:
    """Compact UTF-8 JSON with sorted keys; what `parse_json` reads.

    Raises:
        ValueError: A number is not finite.
    """
    text = json.dumps(
        value, allow_nan=False, ensure_ascii=False, separators=(",", ":"), sort_keys=True
    )
    return text.encode()


def _refuse_constant(name: str) -> NoReturn:
    raise FrameError(f"JSON holds {name}")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise FrameError(f"JSON holds {text[:32]}, which is not finite")
    return value


def _small_int(text: str) -> int:
    if len(text) > 20 or not -MAX_INT <= int(text) < MAX_INT:
        raise FrameError("JSON holds an integer beyond 64 bits")
    return int(text)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FrameError("JSON repeats a key in one object")
    return found


def _refuse_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        raise FrameError("JSON holds half of a surrogate pair") from None
