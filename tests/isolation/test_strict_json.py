import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.isolation.frames import FrameError
from rewardsmith.isolation.strict_json import dump_json, parse_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(JSON)
def test_what_was_dumped_is_read_back(value: object) -> None:
    assert parse_json(dump_json(value)) == value


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: json.dumps(t).encode()))
def test_any_bytes_end_in_a_value_or_a_frame_error(data: bytes) -> None:
    with contextlib.suppress(FrameError):
        parse_json(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b"1e999", "not finite"),
        (b"[" * 100_000, "too deeply"),
        (b'{"a":' * 100_000, "too deeply"),
        (b'{"step": 1, "step": 2}', "repeats a key"),
        (b"9" * 5000, "64 bits"),
        (b"9223372036854775808", "64 bits"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\uDFFF": 1}', "surrogate"),
        (b"\xff\xfe", "not JSON"),
        (b"", "not JSON"),
        (b"{} {}", "not JSON"),
        (b" " * (2**20 + 1), "at most 1048576"),
    ],
)
def test_hostile_json_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        parse_json(data)


def test_infinity_is_never_dumped() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump_json({"a": math.inf})
