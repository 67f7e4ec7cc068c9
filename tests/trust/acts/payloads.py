"""What a worker that lies puts into its pipe: bytes, the reader that refuses them, and what a
reader that believes them makes of it.
"""

import json
import math
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy

from rewardsmith.evaluation.policy import PolicySpec
from rewardsmith.evaluation.requests import decode_reply
from rewardsmith.isolation.frames import (
    ARRAYS,
    END,
    METRIC,
    RESULT,
    TENSORS,
    TEXT,
    Caps,
    FrameReader,
    encode,
)
from rewardsmith.isolation.strict_json import parse_json
from rewardsmith.isolation.tensors import dump_tensors, parse_arrays, parse_tensors
from rewardsmith.isolation.text import clean_text
from rewardsmith.messages import ActionSpec
from rewardsmith.training.checkpoint import checkpoint_tensors
from rewardsmith.training.trial import read_metric

POLICY = PolicySpec(obs_dim=2, action=ActionSpec(shape=(1,), low=(-1.0,), high=(1.0,)), hidden=(4,))
Reader = Callable[[bytes], object]


class Payload(NamedTuple):
    """One lie."""

    layer: str
    make: Callable[[], bytes]
    strict: Reader
    naive: Reader
    """Takes it without a word; its answer is what would have been believed."""


def frames(stream: bytes) -> object:
    """The driver's reader."""
    return FrameReader(Caps()).feed(stream)


def believing_frames(stream: bytes) -> int:
    """Kind and length as they are claimed: what is set aside for the first frame."""
    if len(stream) < 5:
        return 0
    return int(struct.unpack_from("<I", stream, 1)[0])


def metric(data: bytes) -> object:
    """The driver's reader of a point of the curves."""
    return read_metric(parse_json(data), ("near",))


def checkpoint(blob: bytes) -> object:
    """The driver's reader of a checkpoint."""
    return parse_tensors(blob, checkpoint_tensors(POLICY))


def believing_tensors(blob: bytes) -> object:
    """The usual reader."""
    return safetensors.numpy.load(blob)


def tensors(**changed: Any) -> Callable[[], bytes]:
    """A sound checkpoint with some tensors in the place of its own; None leaves one out."""

    def make() -> bytes:
        made = {
            name: np.ones(spec.shape, np.float32 if spec.dtype == "F32" else np.float64)
            for name, spec in checkpoint_tensors(POLICY).items()
        }
        made |= {name.replace("__", "."): value for name, value in changed.items()}
        return bytes(safetensors.numpy.save({n: v for n, v in made.items() if v is not None}))

    return make


def header(content: str, data: bytes = b"") -> Callable[[], bytes]:
    """A safetensors file with this header."""
    return lambda: len(content).to_bytes(8, "little") + content.encode() + data


def weight(value: float) -> Any:
    """A first layer whose first entry is `value`."""
    made = np.ones((4, 2), np.float32)
    made[0, 0] = value
    return made


def reply(content: str) -> Callable[[], bytes]:
    """An evaluator's answer."""
    return lambda: content.encode()


def judged(data: bytes) -> object:
    """The driver's reader of an evaluator's answer."""
    return decode_reply(parse_json(data))


def printed(data: bytes) -> object:
    """What a terminal is shown; refused means that nothing of the attack is left."""
    text = clean_text(data.decode(errors="replace"))
    if any((ord(c) < 32 and c not in "\n\t") or c in "\u202e\u2066\u200b\x9b" for c in text):
        return text
    raise ValueError(f"cleaned to {text[:40]!r}")


def as_it_is(data: bytes) -> object:
    """What a terminal would obey."""
    return data.decode(errors="replace")


def nobody(data: bytes) -> object:
    """No reader at all: what is not checked is believed."""
    return data


_ONE = '{"step": 1, "values": {%s}}'
_EPISODE = '{"seed":1,"fitness":%s,"success":true,"length":1,"terminated":false,"audit":{}}'
_REPLY = '{"episodes":[[%s]],"obs_dim":2,"sandbox":"strict"%s}'
_MANY = {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(5000)}


def _lie(name: str, value: float = 1.0) -> Callable[[], bytes]:
    return lambda: (_ONE % f'"{name}": {value}').encode()


def _json(layer: str, text: str, naive: Reader = json.loads) -> Payload:
    return Payload(layer, text.encode, parse_json, naive)


def _metric(text: str) -> Payload:
    return Payload("metrics", text.encode, metric, json.loads)


def _tensor(make: Callable[[], bytes], naive: Reader = believing_tensors) -> Payload:
    return Payload("tensors", make, checkpoint, naive)


PAYLOADS: dict[str, Payload] = {
    # The pipe.
    "a frame that claims 4 GiB": Payload(
        "frames", lambda: METRIC + b"\xff\xff\xff\xff", frames, believing_frames),
    "a frame of no known kind": Payload("frames", lambda: b"zzzzz", frames, believing_frames),
    "a print in the place of a frame": Payload(
        "frames", lambda: b"reward: 1e9\n", frames, believing_frames),
    "two thousand and one metrics": Payload(
        "frames", lambda: encode(METRIC, b"{}") * 2001, frames, nobody),
    "two results": Payload("frames", lambda: encode(RESULT, b"{}") * 2, frames, nobody),
    "one more checkpoint after the end": Payload(
        "frames", lambda: encode(END) + encode(TENSORS, b"x"), frames, nobody),
    "three ends": Payload("frames", lambda: encode(END) * 3, frames, nobody),
    "an end with something in it": Payload(
        "frames", lambda: END + b"\x01\0\0\0x", frames, nobody),
    "256 MiB in small pieces": Payload(
        "frames", lambda: encode(ARRAYS, bytes(2**23)) * 33, frames, nobody),
    "a log without an end": Payload(
        "frames", lambda: encode(TEXT, b"y") * 257, frames, nobody),
    # JSON.
    "NaN in JSON": _json("json", '{"a": NaN}'),
    "infinity in JSON": _json("json", '{"a": Infinity}'),
    "a number beyond floats": _json("json", '{"a": 1e999}'),
    "a number of five thousand digits": _json(
        "json", '{"a": ' + "9" * 4000 + "}"),
    "a key twice": _json("json", '{"step": 1, "step": 2}'),
    "half a surrogate": _json("json", '{"a": "\\ud800"}'),
    "brackets a hundred thousand deep": _json("json", "[" * 10**5, nobody),
    "two megabytes of JSON": _json("json", '"' + "a" * 2**21 + '"'),
    "bytes that are no UTF-8": Payload("json", lambda: b'{"a": "\xff"}', parse_json, nobody),
    # Metrics.
    "a metric called eval/fitness": _metric(_ONE % '"eval/fitness": 1e9'),
    "a metric called fitness": _metric(_ONE % '"fitness": 1e9'),
    "a component called success_metric that the program lacks": _metric(
        _ONE % '"reward/success_metric": 1.0'),
    "a component called gpt_reward that the program lacks": _metric(
        _ONE % '"reward/gpt_reward": 1.0'),
    "a name that is markup": _metric(_ONE % '"reward/<script>alert(1)</script>": 1.0'),
    "a name that is a terminal's order": _metric(_ONE % '"reward/\\u001b]52;c;aGk=\\u0007": 1.0'),
    "a name with a console's markup": _metric(_ONE % '"reward/[link=http://x]near[/link]": 1.0'),
    "a name that climbs": _metric(_ONE % '"reward/../../run.json": 1.0'),
    "a value that is text": _metric(_ONE % '"reward/near": "1.0"'),
    "a value that is true": _metric(_ONE % '"reward/near": true'),
    "a step that is a fraction": _metric('{"step": 1.5, "values": {}}'),
    "a step that is true": _metric('{"step": true, "values": {}}'),
    "a field that was not asked for": _metric('{"step": 1, "values": {}, "outcome": "trained"}'),
    "a hundred values": _metric(_ONE % ", ".join(f'"reward/c{i}": 1.0' for i in range(100))),
    # Tensors.
    "a weight that is NaN": _tensor(tensors(actor__0__weight=weight(math.nan))),
    "a weight that is infinite": _tensor(tensors(actor__0__weight=weight(math.inf))),
    "a weight of 1e30": _tensor(tensors(actor__0__weight=weight(1e30))),
    "a variance of zero": _tensor(tensors(obs__var=np.zeros(2))),
    "a variance below zero": _tensor(tensors(obs__var=-np.ones(2))),
    "a mean that is NaN": _tensor(tensors(obs__mean=np.full(2, math.nan))),
    "a moment of the optimiser that is NaN": _tensor(
        tensors(**{"adam__actor__0__weight__exp_avg": weight(math.nan)})),
    "a tensor called fitness": _tensor(tensors(fitness=np.full(1, 1e9))),
    "a layer that is missing": _tensor(tensors(actor__1__weight=None)),
    "a layer that is wider": _tensor(tensors(actor__0__weight=np.ones((400, 2), np.float32))),
    "a layer turned round": _tensor(tensors(actor__0__weight=np.ones((2, 4), np.float32))),
    "doubles for floats": _tensor(tensors(actor__0__weight=np.ones((4, 2)))),
    "whole numbers for floats": _tensor(tensors(actor__0__weight=np.ones((4, 2), np.int64))),
    "an architecture in the metadata": _tensor(header(
        '{"__metadata__":{"architecture":"os.system"}}')),
    "a header that claims terabytes": _tensor(
        header('{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}'),
        nobody),
    "a header of a gigabyte": _tensor(lambda: (2**30).to_bytes(8, "little") + b"{", nobody),
    "five thousand empty tensors": _tensor(header(json.dumps(_MANY))),
    "two tensors in the same bytes": _tensor(header(
        '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
        '"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"x"), nobody),
    "a tensor of seventy dimensions": _tensor(header(
        '{"a":{"dtype":"F32","shape":[' + ",".join("1" * 70)
        + '],"data_offsets":[0,4]}}', bytes(4)), nobody),
    "a pickle in the place of tensors": _tensor(
        lambda: b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.", nobody),
    "an archive in the place of tensors": _tensor(lambda: b"PK\x03\x04" + bytes(100), nobody),
    "recordings with rows beyond counting": Payload(
        "tensors", header('{"a":{"dtype":"F32","shape":[0,1099511627776,1099511627776],'
                          '"data_offsets":[0,0]}}'), parse_arrays, nobody),
    "an array called like a path": Payload(
        "tensors", header('{"a b/../c":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"x"),
        parse_arrays, believing_tensors),
    "a truth value of 7": Payload(
        "tensors", header('{"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}', b"\x07"),
        parse_arrays, believing_tensors),
    "a checkpoint in the place of a recording": Payload(
        "tensors", lambda: dump_tensors({"a": np.zeros(2_000_000, np.uint8)}),
        parse_arrays, believing_tensors),
    # What an evaluator's answer has to be, should anybody speak in its place.
    "a judgement with a word too many": Payload(
        "evaluator", reply(_REPLY % (_EPISODE % "1.0", ',"winner":true')), judged, json.loads),
    "a judgement of unknown isolation": Payload(
        "evaluator", reply((_REPLY % (_EPISODE % "1.0", "")).replace("strict", "perfect")),
        judged, json.loads),
    "a judgement with NaN for a fitness": Payload(
        "evaluator", reply(_REPLY % (_EPISODE % "NaN", "")), judged, json.loads),
    "a judgement whose fitness is text": Payload(
        "evaluator", reply(_REPLY % (_EPISODE % '"very good"', "")), judged, json.loads),
    # Text.
    "colours that hide a line": Payload("text", lambda: b"ok\x1b[2K\x1b[1Adone", printed, as_it_is),
    "a word for the clipboard": Payload("text", lambda: b"\x1b]52;c;aGk=\x07", printed, as_it_is),
    "a link in the terminal": Payload(
        "text", lambda: b"\x1b]8;;http://x\x1b\\click\x1b]8;;\x1b\\", printed, as_it_is),
    "text that runs backwards": Payload(
        "text", lambda: "\u202egnp.exe".encode(), printed, as_it_is),
    "a line that is overwritten": Payload("text", lambda: b"\x07ok\x08\x08no", printed, as_it_is),
    "an order in one byte": Payload("text", lambda: "\x9b31mred".encode(), printed, as_it_is),
    "text within text": Payload(
        "text", lambda: b"\x1b\x1b[31m[2Jx\x1b", printed, as_it_is),
    "nothing to see": Payload("text", lambda: "a\u200bb\u2066c".encode(), printed, as_it_is),
}  # fmt: skip
