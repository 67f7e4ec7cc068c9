import contextlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.isolation.frames import (
    END,
    KINDS,
    METRIC,
    RESULT,
    TENSORS,
    TEXT,
    Caps,
    Frame,
    FrameError,
    FrameReader,
    encode,
    write_frame,
)


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes_end_in_frames_or_a_frame_error(chunks: list[bytes]) -> None:
    reader = FrameReader(Caps())
    with contextlib.suppress(FrameError):
        for chunk in chunks:
            reader.feed(chunk)


@given(
    st.lists(st.tuples(st.sampled_from([METRIC, TENSORS, TEXT]), st.binary(max_size=50))),
    st.integers(1, 70),
)
def test_frames_survive_any_cut_of_the_stream(sent: list[tuple[bytes, bytes]], size: int) -> None:
    stream = b"".join(encode(kind, payload) for kind, payload in sent)
    reader = FrameReader(Caps())
    got: list[Frame] = []
    for start in range(0, len(stream), size):
        got += reader.feed(stream[start : start + size])
    assert got == sent
    assert reader.pending == 0


def test_frame_kinds_are_one_byte_each() -> None:
    assert {len(kind) for kind in KINDS} == {1}


def test_claimed_length_over_the_cap_is_refused_before_its_bytes_come() -> None:
    with pytest.raises(FrameError, match="claims 4294967295 bytes; at most 65536"):
        FrameReader(Caps()).feed(METRIC + b"\xff\xff\xff\xff")


def test_claimed_length_below_the_cap_holds_only_what_came() -> None:
    reader = FrameReader(Caps())
    assert reader.feed(TENSORS + (64 * 2**20).to_bytes(4, "little") + b"abc") == []
    assert reader.pending == 8


def test_metric_frame_2001_is_refused() -> None:
    reader = FrameReader(Caps())
    assert len(reader.feed(encode(METRIC, b"{}") * 2000)) == 2000
    with pytest.raises(FrameError, match="more than 2000 frames"):
        reader.feed(METRIC)


def test_second_result_is_refused() -> None:
    with pytest.raises(FrameError, match="more than 1 frames of kind b'r'"):
        FrameReader(Caps()).feed(encode(RESULT, b"{}") * 2)


def test_total_of_bytes_is_capped() -> None:
    reader = FrameReader(Caps(total_bytes=20))
    reader.feed(encode(TEXT, b"0123456789"))
    with pytest.raises(FrameError, match="more than 20 bytes"):
        reader.feed(encode(TEXT, b"0123456789"))


def test_printed_text_is_no_frame() -> None:
    with pytest.raises(FrameError, match="unknown kind b'H'"):
        FrameReader(Caps()).feed(b"Hello\n")


def test_nothing_may_follow_the_end() -> None:
    reader = FrameReader(Caps())
    assert reader.feed(encode(END)) == [Frame(END, b"")]
    assert reader.has_ended
    with pytest.raises(FrameError, match="follow the end"):
        reader.feed(encode(TEXT, b"one more"))


def test_kind_without_a_size_cap_is_refused() -> None:
    with pytest.raises(FrameError, match="unknown kind"):
        FrameReader(Caps(sizes={METRIC: 10})).feed(encode(TENSORS, b""))


def test_writer_and_reader_agree_over_a_pipe() -> None:
    out, into = os.pipe()
    write_frame(into, RESULT, b'{"a":1}')
    os.close(into)
    assert FrameReader(Caps()).feed(os.read(out, 100)) == [(RESULT, b'{"a":1}')]
    os.close(out)
