"""Arrays as bytes in the safetensors format, and back from bytes that nobody vouches for.

Our own reader, because the usual ones believe the header: a few bytes may claim gigabytes, NaN
passes, and odd types end in odd exceptions. Here every byte is accounted for before an array is
made, and no array is larger than what was received.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from rewardsmith.isolation.frames import MIB, FrameError
from rewardsmith.isolation.strict_json import dump_json, parse_json

Array = np.ndarray[Any, Any]
Dtype = Literal["F32", "F64", "I64", "U8", "BOOL"]

MAX_HEADER_BYTES: Final = 64 * 1024
MAX_DIMS: Final = 8
MAX_WEIGHT: Final = 1e6
"""Largest magnitude in an expected tensor."""
MAX_STATISTIC: Final = 1e12
"""Largest magnitude in one whose name ends in `.var` or `.count`, or begins with `replay.`: those
are in the units of an environment and a reward."""

_DTYPES: Final[Mapping[str, str]] = {
    "F32": "<f4",
    "F64": "<f8",
    "I64": "<i8",
    "U8": "|u1",
    "BOOL": "|b1",
}
ITEM_BYTES: Final = {name: np.dtype(code).itemsize for name, code in _DTYPES.items()}
"""Bytes of one number of each dtype."""
_NAMES: Final = {np.dtype(code): name for name, code in _DTYPES.items()}
_NAME: Final = re.compile(r"[A-Za-z0-9_./\-]{1,128}")


class TensorSpec(NamedTuple):
    """What one tensor has to be."""

    dtype: Dtype
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One tensor as the header claims it."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def dump_tensors(arrays: Mapping[str, Array]) -> bytes:
    """Encode arrays; equal arrays give equal bytes, whatever their order or memory layout.

    Raises:
        ValueError: A dtype other than float32, float64, int64, uint8 and bool, or a header that
            `parse_tensors` would refuse for its size.
    """
    header: dict[str, object] = {}
    parts: list[bytes] = []
    offset = 0
    for name, array in sorted(arrays.items()):
        dtype = _NAMES.get(array.dtype)
        if dtype is None or not _NAME.fullmatch(name):
            raise ValueError(f"cannot send {name!r} of dtype {array.dtype}")
        parts.append(array.tobytes())
        span = [offset, offset + len(parts[-1])]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": span}
        offset = span[1]
    text = dump_json(header)
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER_BYTES:
        raise ValueError(f"{len(arrays)} arrays need a header of {len(text)} bytes")
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def parse_tensors(blob: bytes, expected: Mapping[str, TensorSpec]) -> dict[str, Array]:
    """Decode tensors of which everything but the numbers is known.

    Args:
        blob: As received.
        expected: Exactly the names, dtypes and shapes that have to be there.

    Returns:
        Writable copies, which share no memory with `blob`.

    Raises:
        FrameError: Anything else than expected, a number that is not finite or larger than
            `MAX_WEIGHT` (`MAX_STATISTIC`), or a `.var` that is not positive.
    """
    entries, data = _read_header(blob)
    if entries.keys() != expected.keys():
        odd = sorted(entries.keys() ^ expected.keys())
        raise FrameError(f"tensors missing or unexpected: {', '.join(odd[:5])}")
    for name, spec in expected.items():
        entry = entries[name]
        if (entry.dtype, entry.shape) != (spec.dtype, tuple(spec.shape)):
            raise FrameError(f"tensor {name!r} is {entry.dtype} {entry.shape}, expected {spec}")
    arrays = {name: _array(name, entries[name], data) for name in expected}
    for name, array in arrays.items():
        _check_values(name, array)
    return arrays


def parse_arrays(
    blob: bytes,
    *,
    max_bytes: int = 64 * MIB,
    max_arrays: int = 512,
    max_rows: int = 1_000_000,
    names: re.Pattern[str] = _NAME,
    is_finite: bool = False,
) -> dict[str, Array]:
    """Decode arrays of which only the kind is known: trajectory fields, reward components.

    Args:
        blob: As received.
        max_bytes: Longest blob that is looked at.
        max_arrays: Most arrays in it.
        max_rows: Longest leading dimension.
        names: What every name has to match in full.
        is_finite: Whether NaN and infinities are refused. A simulation that blew up has them, and
            that is for the fitness to say.

    Raises:
        FrameError: A cap exceeded, a name that does not match, or a malformed blob.
    """
    if len(blob) > max_bytes:
        raise FrameError(f"arrays of {len(blob)} bytes; at most {max_bytes}")
    entries, data = _read_header(blob)
    if len(entries) > max_arrays:
        raise FrameError(f"{len(entries)} arrays; at most {max_arrays}")
    arrays: dict[str, Array] = {}
    for name, entry in entries.items():
        if not names.fullmatch(name):
            raise FrameError(f"an array called {name[:64]!r}")
        if entry.shape and entry.shape[0] > max_rows:
            raise FrameError(f"array {name!r} has {entry.shape[0]} rows; at most {max_rows}")
        arrays[name] = _array(name, entry, data)
        if is_finite and not np.isfinite(arrays[name]).all():
            raise FrameError(f"array {name!r} is not finite")
    return arrays


def _read_header(blob: bytes) -> tuple[dict[str, _Entry], memoryview]:
    """The header's entries, which together cover the data exactly once, and the data."""
    if len(blob) < 8:
        raise FrameError("tensors without a header")
    size = int.from_bytes(blob[:8], "little")
    if size > MAX_HEADER_BYTES or 8 + size > len(blob):
        raise FrameError(f"a tensor header that claims {size} bytes")
    header = parse_json(blob[8 : 8 + size], max_bytes=MAX_HEADER_BYTES)
    if not isinstance(header, dict):
        raise FrameError("a tensor header that is no object")
    entries = {name: _entry(name, claim) for name, claim in header.items()}
    data = memoryview(blob)[8 + size :]
    end = 0
    for entry in sorted(entries.values(), key=lambda e: (e.start, e.stop)):
        if entry.start != end:
            raise FrameError("tensor data with gaps or overlaps")
        end = entry.stop
    if end != len(data):
        raise FrameError(f"tensors claim {end} bytes; {len(data)} were sent")
    return entries, data


def _entry(name: str, claim: object) -> _Entry:
    if not _NAME.fullmatch(name):
        raise FrameError(f"a tensor called {name[:64]!r}")
    if not isinstance(claim, dict) or claim.keys() != {"dtype", "shape", "data_offsets"}:
        raise FrameError(f"tensor {name!r} is not described as dtype, shape, data_offsets")
    dtype = claim["dtype"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise FrameError(f"tensor {name!r} has dtype {str(dtype)[:16]!r}")
    shape, span = _counts(name, claim["shape"]), _counts(name, claim["data_offsets"])
    if len(shape) > MAX_DIMS or len(span) != 2:
        raise FrameError(f"tensor {name!r} has {len(shape)} dimensions, {len(span)} offsets")
    n_bytes = math.prod(shape) * np.dtype(_DTYPES[dtype]).itemsize
    if span[1] - span[0] != n_bytes:
        raise FrameError(f"tensor {name!r} needs {n_bytes} bytes, claims {span[1] - span[0]}")
    return _Entry(dtype, shape, span[0], span[1])


def _counts(name: str, value: object) -> tuple[int, ...]:
    """A list of integers from 0 to 2**40: JSON's true and 1.0 are none."""
    if not isinstance(value, list) or not all(type(v) is int and 0 <= v <= 2**40 for v in value):
        raise FrameError(f"tensor {name!r} has a shape or offsets that are no counts")
    return tuple(value)


def _array(name: str, entry: _Entry, data: memoryview) -> Array:
    """A copy: aligned, writable, in native byte order."""
    raw = data[entry.start : entry.stop]
    if entry.dtype == "BOOL" and np.frombuffer(raw, np.uint8).max(initial=0) > 1:
        raise FrameError(f"tensor {name!r} holds truth values other than 0 and 1")
    dtype = np.dtype(_DTYPES[entry.dtype])
    try:
        return np.frombuffer(raw, dtype).reshape(entry.shape).astype(dtype.newbyteorder("="))
    except ValueError as error:  # an empty array whose other dimensions overflow
        raise FrameError(f"tensor {name!r}: {error}") from None


def _check_values(name: str, array: Array) -> None:
    is_raw = name.endswith((".var", ".count")) or name.startswith("replay.")
    most = MAX_STATISTIC if is_raw else MAX_WEIGHT
    if not np.isfinite(array).all():
        raise FrameError(f"tensor {name!r} is not finite")
    if array.size and max(float(array.max()), -float(array.min())) > most:
        raise FrameError(f"tensor {name!r} holds values beyond {most:g}")
    if name.endswith(".var") and not (array > 0).all():
        raise FrameError(f"tensor {name!r} holds a variance that is not positive")
