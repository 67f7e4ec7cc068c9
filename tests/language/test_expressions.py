from typing import Any

import array_api_compat.torch as torch_xp
import numpy as np
import pytest
import torch

from rewardsmith.errors import ConfigError
from rewardsmith.language.expressions import compile_expression
from rewardsmith.messages import FieldSpec, StateSpec

EXPRESSIONS = (
    "x",
    "1.0",
    "True",
    "x / dt",
    "norm(hand - handle) < 0.02",
    "touch and x > 0 and not (0 < y < 1)",
    "max(x, 0.5) + abs(x - initial.x)",
    "sum(action ** 2)",
    "norm(legs - hand, axis=-1)",
    "phase == 1 or phase % 2 == 0",
    "tolerance(x, -0.1, 0.1, 0.3)",
    "[x, y]",
    "np.exp(-x) * touch",
    "hand[2] - previous.hand[2]",
    "xp.mean(legs[:, 2])",
    "any(contacts)",
    "select([x > 0, y > 0], [1.0, 2.0], 3.0)",
)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expression_has_its_shape_on_numpy_and_torch(
    text: str, spec: StateSpec, batch: dict[str, Any]
) -> None:
    compiled = compile_expression(text, spec)
    value = compiled.evaluate(np, batch)
    tensors = {key: torch.tensor(np.array(array)) for key, array in batch.items()}
    assert value.shape == (64, *compiled.shape)
    assert (value.dtype == bool) == (compiled.kind == "bool")
    np.testing.assert_allclose(compiled.evaluate(torch_xp, tensors).numpy(), value, rtol=1e-9)


def test_sum_in_an_expression_is_over_all_entries(spec: StateSpec, batch: dict[str, Any]) -> None:
    compiled = compile_expression("sum(legs ** 2)", spec)
    expected = (batch["state.legs"] ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose(compiled.evaluate(np, batch), expected)


def test_expression_says_what_it_reads(spec: StateSpec) -> None:
    compiled = compile_expression("norm(hand - initial.handle) + action[0] + dt", spec)
    assert compiled.reads == {"state.hand", "initial.handle", "action"}


def test_field_called_like_a_function_is_still_read(batch: dict[str, Any], spec: StateSpec) -> None:
    names = {"yaw": FieldSpec(name="yaw")}
    compiled = compile_expression("yaw + yaw(q)", spec, names=names)
    assert compiled.reads == {"yaw", "state.q"}


def test_more_names_are_constants_or_inputs(batch: dict[str, Any], spec: StateSpec) -> None:
    names: dict[str, float | FieldSpec] = {
        "limit": 0.5,
        "height": FieldSpec(name="height", shape=(2,)),
    }
    compiled = compile_expression("height - limit", spec, names=names)
    value = compiled.evaluate(np, {"height": np.ones((3, 2))})
    np.testing.assert_array_equal(value, np.full((3, 2), 0.5))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("norm(hnd)", ("column 6", "`hnd`", "`hand`")),
        ("x +", ("not valid Python",)),
        ("x[0]", ("column 1", "shape ()")),
        ("state", ("the whole of `state`",)),
        ("x.__class__", ("`.__class__` is not allowed",)),
        ("open('x')", ("`open` is not defined",)),
        ("(lambda: 1)()", ("cannot be compiled",)),
        ("9**9**9", ("constant expression",)),
        ("exp()", ("exp(x)",)),
        ("state.hnd", ("Did you mean `hand`",)),
        ("", ("empty",)),
    ],
)
def test_bad_expression_says_where_and_why(
    text: str, words: tuple[str, ...], spec: StateSpec
) -> None:
    with pytest.raises(ConfigError) as error:
        compile_expression(text, spec)
    assert all(word in str(error.value) for word in words), str(error.value)
