"""The differential testers of the compiled batch.

One runs the normalised text row by row; one runs the author's own text, with nothing of ours in
between, which shows whether normalising kept its meaning.
"""

import math
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Protocol

import array_api_compat.torch as torch_xp
import numpy as np
import pytest
import torch

from rewardsmith.language.runtime import Compiled, Rows, load_compiled, load_rows
from rewardsmith.messages import ActionSpec, FieldSpec, StateSpec
from rewardsmith.rewards.contract import RewardProgram, read_program

N_ROWS = 64
Batch = dict[str, Any]
SameRowByRow = Callable[[str], RewardProgram]


@pytest.fixture
def spec() -> StateSpec:
    return StateSpec(
        fields=(
            FieldSpec(name="x", unit="m"),
            FieldSpec(name="y", unit="m"),
            FieldSpec(name="pitch", unit="rad"),
            FieldSpec(name="hand", shape=(3,), unit="m"),
            FieldSpec(name="handle", shape=(3,), unit="m"),
            FieldSpec(name="legs", shape=(4, 3)),
            FieldSpec(name="touch", kind="bool"),
            FieldSpec(name="contacts", shape=(4,), kind="bool"),
            FieldSpec(name="phase", kind="int"),
            FieldSpec(name="q", shape=(4,), quaternion="wxyz"),
            FieldSpec(name="turned", shape=(4,), quaternion="xyzw"),
            FieldSpec(name="dt", constant=0.01, unit="s"),
            FieldSpec(name="home", shape=(3,), constant=(0.0, 0.0, 1.0), unit="m"),
        ),
        action=ActionSpec(shape=(2,), low=(-1.0, -1.0), high=(1.0, 1.0)),
    )


@pytest.fixture
def batch(spec: StateSpec) -> Batch:
    """Random inputs of every kind, constants included (the compiled code ignores those)."""
    rng = np.random.default_rng(7)
    inputs: Batch = {}
    for owner in ("state", "previous", "initial"):
        for field in spec.fields:
            inputs[f"{owner}.{field.name}"] = _values(field, rng)
    inputs["action"] = rng.uniform(-1, 1, (N_ROWS, 2))
    inputs["previous_action"] = rng.uniform(-1, 1, (N_ROWS, 2))
    inputs["step"] = rng.integers(1, 100, N_ROWS)
    inputs["terminated"] = rng.random(N_ROWS) < 0.2
    return inputs


@pytest.fixture
def same_row_by_row(spec: StateSpec, batch: Batch) -> SameRowByRow:
    """Reads a program and proves its compilation on random rows."""

    def prove(text: str) -> RewardProgram:
        reading = read_program(text, spec)
        assert reading.program is not None, "\n".join(map(str, reading.findings))
        program = reading.program
        inputs = batch | _memory(program)
        compiled, rows = load_compiled(program.compiled), load_rows(program.normalised)
        with np.errstate(all="ignore"):
            outputs = _outputs(compiled, np, inputs, program.params)
            _compare_rows(rows, inputs, program, outputs)
            _compare_torch(compiled, inputs, program, outputs)
            _compare_permuted(compiled, inputs, program, outputs)
        return program

    return prove


class SameAsWritten(Protocol):
    """Reads a program and proves that it computes what its own text computes."""

    def __call__(self, text: str, *, is_batch: bool) -> RewardProgram:
        """Run the text one step at a time with NumPy, or on a batch with torch."""
        ...


@pytest.fixture
def same_as_written(spec: StateSpec, batch: Batch) -> SameAsWritten:
    """For trusted texts of ours only: they are executed as plain Python."""

    def prove(text: str, *, is_batch: bool) -> RewardProgram:
        reading = read_program(text, spec)
        assert reading.program is not None, "\n".join(map(str, reading.findings))
        program = reading.program
        inputs = batch | _memory(program)
        run = _run_batch if is_batch else _run_rows
        with np.errstate(all="ignore"):
            outputs = _outputs(load_compiled(program.compiled), np, inputs, program.params)
            expected = run(text, inputs, program.params)
        assert expected
        assert set(expected) <= set(outputs)
        near = 1e-6 if is_batch else 1e-12  # torch's `.float()` has single precision
        for key, value in expected.items():
            np.testing.assert_allclose(outputs[key], value, rtol=near, atol=near, err_msg=key)
        return program

    return prove


def _values(field: FieldSpec, rng: np.random.Generator) -> Any:
    shape = (N_ROWS, *field.shape)
    if field.constant is not None:
        return np.broadcast_to(np.asarray(field.constant), shape)
    if field.kind == "bool":
        return rng.random(shape) < 0.5
    if field.kind == "int":
        return rng.integers(0, 4, shape)
    values = rng.normal(0.0, 1.0, shape)
    if field.quaternion:
        values /= np.linalg.norm(values, axis=-1, keepdims=True)
    return values


def _memory(program: RewardProgram) -> Batch:
    rng = np.random.default_rng(8)
    return {
        f"memory.{name}": rng.normal(0.0, 1.0, (N_ROWS, *np.shape(value)))
        for name, value in program.memory.items()
    }


def _outputs(
    compiled: Compiled, xp: Any, inputs: Mapping[str, Any], params: Mapping[str, Any]
) -> dict[str, Any]:
    functions = {
        "component": compiled.components,
        "memory": compiled.memory,
        "potential": compiled.potential,
        "progress": compiled.progress,
    }
    outputs: dict[str, Any] = {}
    for name, function in functions.items():
        if function is not None:
            value = function(xp, inputs, params)
            value = value if isinstance(value, dict) else {"": value}
            outputs |= {f"{name}.{key}": array for key, array in value.items()}
    return outputs


def _compare_rows(
    rows: Rows, inputs: Batch, program: RewardProgram, outputs: Mapping[str, Any]
) -> None:
    for i in range(N_ROWS):
        row = {key: value[i] for key, value in inputs.items()}
        components, memory = rows.components(row, program.params)
        assert set(components) <= set(program.components)
        expected: dict[str, Any] = {
            f"component.{name}": components.get(name, 0.0) for name in program.components
        }
        if program.memory and any(key.startswith("memory.") for key in outputs):
            kept = {f"memory.{name}": row[f"memory.{name}"] for name in program.memory}
            expected |= kept | {f"memory.{name}": value for name, value in memory.items()}
        if program.has_potential:
            expected["potential."] = rows.potential(row, program.params)
        if program.has_progress:
            expected["progress."] = rows.progress(row, program.params)
        assert set(expected) == set(outputs)
        for key, value in expected.items():
            np.testing.assert_allclose(outputs[key][i], value, rtol=1e-12, atol=1e-12, err_msg=key)


def _compare_torch(
    compiled: Compiled, inputs: Batch, program: RewardProgram, outputs: Mapping[str, Any]
) -> None:
    tensors = {key: torch.tensor(np.array(value)) for key, value in inputs.items()}
    for key, value in _outputs(compiled, torch_xp, tensors, program.params).items():
        assert value.shape == outputs[key].shape
        np.testing.assert_allclose(value.numpy(), outputs[key], rtol=1e-9, atol=1e-12, err_msg=key)


def _compare_permuted(
    compiled: Compiled, inputs: Batch, program: RewardProgram, outputs: Mapping[str, Any]
) -> None:
    order = np.random.default_rng(9).permutation(N_ROWS)
    permuted = {key: value[order] for key, value in inputs.items()}
    for key, value in _outputs(compiled, np, permuted, program.params).items():
        np.testing.assert_allclose(value, outputs[key][order], rtol=1e-12, err_msg=key)


# ------------------------------------------------- the author's text, on its own


class _Group(SimpleNamespace):
    """Fields by attribute, and by key."""

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


def _run_rows(
    text: str, inputs: Mapping[str, Any], params: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """One step at a time; a component that a step lacks is 0 there."""
    rows = [
        _call(text, {key: value[i] for key, value in inputs.items()}, params) for i in range(N_ROWS)
    ]
    keys = dict.fromkeys(key for row in rows for key in row)
    return {k: np.array([np.asarray(row.get(k, 0.0), float) for row in rows]) for k in keys}


def _run_batch(
    text: str, inputs: Mapping[str, Any], params: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """All rows at once."""
    tensors = {key: torch.tensor(np.array(value)) for key, value in inputs.items()}
    outputs = _call(text, tensors, params)
    return {k: np.broadcast_to(np.asarray(value, float), N_ROWS) for k, value in outputs.items()}


def _call(text: str, inputs: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    groups: dict[str, dict[str, Any]] = {"state": {}, "previous": {}, "initial": {}, "memory": {}}
    for key, value in inputs.items():
        owner, _, name = key.partition(".")
        groups.setdefault(owner, {})[name] = value
    available: dict[str, Any] = {
        owner: values[""] if "" in values else _Group(**values) for owner, values in groups.items()
    }
    available |= {"params": _Group(**params), "xp": None, "self": None}
    function = _entry(text)
    code = function.__code__
    asked = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    returned = function(**{name: available[name] for name in asked})
    parts = returned if isinstance(returned, tuple) else (returned,)
    tables = [part for part in parts if isinstance(part, dict)]
    return {
        f"{kind}.{name}": value
        for kind, table in zip(("component", "memory"), tables, strict=False)
        for name, value in table.items()
    }


def _entry(text: str) -> Any:
    """The program's function, with annotations left unread: torch's are not all imported."""
    namespace: dict[str, Any] = {"np": np, "math": math, "torch": torch}
    source = "from __future__ import annotations\n" + text.replace("@torch.jit.script\n", "")
    exec(compile(source, "<corpus>", "exec"), namespace)
    names = ("reward", "compute_reward", "compute_dense_reward")
    return next(namespace[name] for name in names if name in namespace)
