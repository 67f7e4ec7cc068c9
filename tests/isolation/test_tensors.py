import contextlib
import json
import math
import re
import tracemalloc
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.isolation.frames import FrameError
from rewardsmith.isolation.tensors import TensorSpec, dump_tensors, parse_arrays, parse_tensors

EXPECTED = {"actor.weight": TensorSpec("F32", (2, 3)), "obs.var": TensorSpec("F64", (3,))}


def arrays(**changed: Any) -> dict[str, np.ndarray[Any, Any]]:
    good = {
        "actor.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "obs.var": np.full(3, 0.5),
    }
    return good | {name.replace("_", "."): value for name, value in changed.items()}


def blob(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype: object, shape: object, start: object, stop: object) -> Mapping[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def test_expected_tensors_are_read_back() -> None:
    got = parse_tensors(dump_tensors(arrays()), EXPECTED)
    np.testing.assert_array_equal(got["actor.weight"], [[0, 1, 2], [3, 4, 5]])
    assert got["actor.weight"].dtype == np.float32
    assert got["actor.weight"].flags.writeable


def test_equal_arrays_give_equal_bytes() -> None:
    turned = arrays(actor_weight=np.asfortranarray(arrays()["actor.weight"]))
    assert dump_tensors(dict(reversed(turned.items()))) == dump_tensors(arrays())


def test_bytes_are_what_the_safetensors_library_writes_and_reads() -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    loaded = safetensors.load(dump_tensors(arrays()))
    np.testing.assert_array_equal(loaded["obs.var"], [0.5, 0.5, 0.5])
    got = parse_tensors(safetensors.save(arrays()), EXPECTED)
    np.testing.assert_array_equal(got["obs.var"], [0.5, 0.5, 0.5])


@pytest.mark.parametrize("dtype", [np.float16, np.int32, np.complex128, object])
def test_other_dtypes_are_not_sent(dtype: Any) -> None:
    with pytest.raises(ValueError, match="cannot send"):
        dump_tensors({"a": np.zeros(2, dtype)})


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"actor_weight": np.full((2, 3), math.nan, np.float32)}, "not finite"),
        ({"actor_weight": np.full((2, 3), math.inf, np.float32)}, "not finite"),
        ({"actor_weight": np.full((2, 3), -2e6, np.float32)}, "beyond 1e\\+06"),
        ({"obs_var": np.array([1.0, 0.0, 1.0])}, "not positive"),
        ({"obs_var": np.array([1.0, -1.0, 1.0])}, "not positive"),
        ({"actor_weight": np.zeros((3, 2), np.float32)}, "expected"),
        ({"actor_weight": np.zeros((2, 3))}, "expected"),
        ({"actor_bias": np.zeros(1, np.float32)}, "unexpected: actor.bias"),
    ],
)
def test_other_tensors_than_expected_are_refused(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        parse_tensors(dump_tensors(arrays(**changed)), EXPECTED)


def test_statistics_may_be_larger_than_weights() -> None:
    large = dump_tensors({"obs.count": np.asarray(5e6), "obs.var": np.full(3, 1e9)})
    expected = {"obs.count": TensorSpec("F64", ()), "obs.var": TensorSpec("F64", (3,))}
    assert parse_tensors(large, expected)["obs.count"] == 5e6


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (b"", "without a header"),
        ((2**63).to_bytes(8, "little") + b"{}", "claims 9223372036854775808 bytes"),
        (blob({"a": entry("F32", [2**30], 0, 2**32)}), "claim 4294967296 bytes; 0 were sent"),
        (blob({"a": entry("F32", [2**40, 2**40], 0, 4)}, b"1234"), "needs"),
        (blob({"a": entry("F32", [0, 2**40, 2**40], 0, 0)}), "a"),
        (blob({"a": entry("BF16", [2], 0, 4)}, b"1234"), "dtype 'BF16'"),
        (blob({"a": entry("F4", [2], 0, 4)}, b"1234"), "dtype 'F4'"),
        (blob({"a": entry(["F32"], [1], 0, 4)}, b"1234"), "dtype"),
        (blob({"a": entry("F32", [1] * 70, 0, 4)}, b"1234"), "70 dimensions"),
        (blob({"a": entry("F32", [-1], 0, 4)}, b"1234"), "no counts"),
        (blob({"a": entry("F32", [True], 0, 4)}, b"1234"), "no counts"),
        (blob({"a": entry("F32", [1.0], 0, 4)}, b"1234"), "no counts"),
        (blob({"a": entry("F32", [1], 4, 0)}, b"1234"), "needs 4 bytes, claims -4"),
        (blob({"a": entry("F32", [1], 4, 8)}, b"12345678"), "gaps or overlaps"),
        (
            blob({"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 0, 4)}, b"1234"),
            "gaps or overlaps",
        ),
        (
            blob({"a": entry("F32", [2], 0, 8), "b": entry("F32", [1], 4, 8)}, b"12345678"),
            "gaps or overlaps",
        ),
        (blob({"a": entry("F32", [1], 0, 4)}, b"12345"), "claim 4 bytes; 5 were sent"),
        (blob({"a": entry("BOOL", [1], 0, 1)}, b"\x07"), "truth values"),
        (blob({"a": {**entry("F32", [1], 0, 4), "x": 1}}, b"1234"), "not described"),
        (blob({"a": 3}), "not described"),
        (blob({"__metadata__": {"format": "pt"}}), "not described"),
        (blob({"a b": entry("F32", [1], 0, 4)}, b"1234"), "called 'a b'"),
        (blob(b'{"a":1,"a":2}'), "repeats a key"),
        (blob(b"[" * 60_000), "too deeply"),
        (blob(b"[]"), "no object"),
        (blob(b" " * 70_000), "claims 70000 bytes"),
        (blob(b"\xff\xff"), "not JSON"),
    ],
)
def test_malformed_blob_is_refused(attack: bytes, reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        parse_arrays(attack)
    with pytest.raises(FrameError):
        parse_tensors(attack, {"a": TensorSpec("F32", (1,))})


def test_200_000_empty_tensors_do_not_fit_the_header() -> None:
    header = {f"t{i}": entry("F32", [0], 0, 0) for i in range(200_000)}
    with pytest.raises(FrameError, match="tensor header that claims"):
        parse_arrays(blob(header))


def test_claims_allocate_nothing() -> None:
    attack = blob({"a": entry("F64", [2**27], 0, 2**30)}, b"12345678")
    tracemalloc.start()
    with pytest.raises(FrameError):
        parse_arrays(attack)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_arrays_are_capped_in_bytes_number_rows_and_names() -> None:
    sent = dump_tensors({"0/actions": np.zeros((5, 2)), "0/seed": np.asarray(3)})
    assert parse_arrays(sent)["0/seed"] == 3
    with pytest.raises(FrameError, match="at most 10"):
        parse_arrays(sent, max_bytes=10)
    with pytest.raises(FrameError, match="2 arrays; at most 1"):
        parse_arrays(sent, max_arrays=1)
    with pytest.raises(FrameError, match="5 rows; at most 4"):
        parse_arrays(sent, max_rows=4)
    with pytest.raises(FrameError, match="called '0/seed'"):
        parse_arrays(sent, names=re.compile(r"0/actions"))


def test_arrays_may_be_infinite_unless_told_otherwise() -> None:
    sent = dump_tensors({"0/field.x": np.array([1.0, math.inf])})
    assert parse_arrays(sent)["0/field.x"][1] == math.inf
    with pytest.raises(FrameError, match="not finite"):
        parse_arrays(sent, is_finite=True)


@given(st.binary(max_size=300))
def test_any_bytes_end_in_arrays_or_a_frame_error(data: bytes) -> None:
    for attack in (data, len(data).to_bytes(8, "little") + data):
        with contextlib.suppress(FrameError):
            parse_arrays(attack)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_ends_in_numbers_or_a_frame_error(position: int, value: int) -> None:
    sent = bytearray(dump_tensors(arrays()))
    sent[position % len(sent)] = value
    try:
        got = parse_tensors(bytes(sent), EXPECTED)
    except FrameError:
        return
    assert all(np.isfinite(array).all() for array in got.values())
