"""The pipe between a worker and its driver: frames of kind (1 byte), length (4, LE), payload.

A reader believes nothing: every kind has a size cap and a count, all bytes together have one, and
no memory is set aside for a length that was only claimed. What a payload means is not checked here.
"""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

METRIC: Final = b"m"
"""JSON: training statistics, or a note that work goes on."""
TENSORS: Final = b"t"
"""A checkpoint, as in `tensors`."""
ARRAYS: Final = b"a"
"""Trajectory fields or components, as in `tensors`."""
RESULT: Final = b"r"
"""JSON: what a job came to."""
TEXT: Final = b"x"
"""A log line, UTF-8."""
END: Final = b"e"
"""Empty; nothing may follow."""

KINDS: Final = (METRIC, TENSORS, ARRAYS, RESULT, TEXT, END)
HEADER_BYTES: Final = 5
KIB, MIB = 1024, 1024 * 1024


class FrameError(ValueError):
    """A child sent something that the protocol does not allow; the text says what."""


class Frame(NamedTuple):
    """One message that crossed the pipe."""

    kind: bytes
    """One of `KINDS`."""
    payload: bytes


def _default_sizes() -> Mapping[bytes, int]:
    return MappingProxyType(
        {
            METRIC: 64 * KIB,
            TENSORS: 64 * MIB,
            ARRAYS: 64 * MIB,
            RESULT: MIB,
            TEXT: 8 * KIB,
            END: 0,
        }
    )


def _default_counts() -> Mapping[bytes, int]:
    return MappingProxyType({METRIC: 2000, TENSORS: 64, ARRAYS: 64, RESULT: 1, TEXT: 256, END: 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much a child may send in its whole life."""

    sizes: Mapping[bytes, int] = field(default_factory=_default_sizes)
    """Kind to bytes of one payload; a kind that is missing is refused."""
    counts: Mapping[bytes, int] = field(default_factory=_default_counts)
    """Kind to number of frames."""
    total_bytes: int = 256 * MIB
    """Bytes of all frames together, their headers included."""


JOB_CAPS: Final = Caps(
    sizes=MappingProxyType(dict.fromkeys(KINDS, 1024 * MIB)),
    counts=MappingProxyType(dict.fromkeys(KINDS, 100_000)),
    total_bytes=2048 * MIB,
)
"""For the other direction: a job is written by the driver, so its caps only catch mistakes."""


def encode(kind: bytes, payload: bytes = b"") -> bytes:
    r"""One frame as bytes.

    >>> encode(RESULT, b"{}")
    b'r\x02\x00\x00\x00{}'
    """
    if kind not in KINDS:
        raise ValueError(f"no frame kind {kind!r}")
    return kind + len(payload).to_bytes(4, "little") + payload


def write_frame(fd: int, kind: bytes, payload: bytes = b"") -> None:
    """Write one frame to a blocking descriptor, in as many pieces as it takes.

    Raises:
        BrokenPipeError: Nobody reads any more.
    """
    rest = memoryview(encode(kind, payload))
    while rest:
        rest = rest[os.write(fd, rest) :]


class FrameReader:
    """Cuts a stream of bytes into frames and refuses what is over its caps."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._buffer = bytearray()
        self._received = 0
        self._counts: Counter[bytes] = Counter()

    @property
    def has_ended(self) -> bool:
        """Whether the end frame came."""
        return self._counts[END] > 0

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete yet."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes; return the frames they complete.

        Raises:
            FrameError: Unknown kind, a cap exceeded, or bytes after the end frame. The stream is
                of no use from there on.
        """
        self._received += len(chunk)
        if self._received > self._caps.total_bytes:
            raise FrameError(f"more than {self._caps.total_bytes} bytes were sent")
        self._buffer += chunk
        frames: list[Frame] = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> Frame | None:
        if self._buffer and self.has_ended:
            raise FrameError("bytes follow the end frame")
        if not self._buffer:
            return None
        kind = bytes(self._buffer[:1])
        self._check_kind(kind)
        if len(self._buffer) < HEADER_BYTES:
            return None
        end = HEADER_BYTES + self._length(kind)
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[HEADER_BYTES:end])
        del self._buffer[:end]
        self._counts[kind] += 1
        return Frame(kind, payload)

    def _check_kind(self, kind: bytes) -> None:
        if kind not in KINDS or kind not in self._caps.sizes:
            raise FrameError(f"a frame of unknown kind {kind!r}")
        most = self._caps.counts.get(kind, 0)
        if self._counts[kind] >= most:
            raise FrameError(f"more than {most} frames of kind {kind!r}")

    def _length(self, kind: bytes) -> int:
        length = int.from_bytes(self._buffer[1:HEADER_BYTES], "little")
        cap = self._caps.sizes[kind]
        if length > cap:
            raise FrameError(f"a frame of kind {kind!r} claims {length} bytes; at most {cap}")
        return length
