"""Whole programs as a designer wrote them: readable, equal row by row, and fast."""

import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardsmith.language.runtime import load_compiled
from rewardsmith.messages import ActionSpec, FieldSpec, StateSpec
from rewardsmith.rewards.contract import RewardProgram, read_program

PROGRAMS = Path(__file__).parent / "programs"
UNITS = {
    "x": "m", "z": "m", "pitch": "rad", "thigh": "rad", "leg": "rad", "foot": "rad",
    "x_velocity": "m/s", "z_velocity": "m/s", "pitch_velocity": "rad/s",
    "thigh_velocity": "rad/s", "leg_velocity": "rad/s", "foot_velocity": "rad/s",
}  # fmt: skip


@pytest.fixture
def spec() -> StateSpec:
    """Hopper's."""
    fields = tuple(FieldSpec(name=name, unit=unit) for name, unit in UNITS.items())
    return StateSpec(fields=fields, action=ActionSpec(shape=(3,), low=(-1,) * 3, high=(1,) * 3))


@pytest.fixture
def batch(spec: StateSpec) -> dict[str, Any]:
    """Rows that enter every branch of the programs."""
    rng = np.random.default_rng(3)
    centre = {"z": 1.35, "x": 0.0}
    inputs: dict[str, Any] = {
        f"{owner}.{field.name}": rng.normal(centre.get(field.name, 0.0), 0.2, 64)
        for owner in ("state", "previous", "initial")
        for field in spec.fields
    }
    inputs["action"] = rng.uniform(-1, 1, (64, 3))
    inputs["terminated"] = rng.random(64) < 0.2
    return inputs


@pytest.mark.parametrize("name", ["hop_with_memory", "hop_without_memory"])
def test_program_of_a_designer_equals_its_text_row_by_row(
    name: str, same_row_by_row: Callable[[str], RewardProgram], batch: dict[str, Any]
) -> None:
    program = same_row_by_row((PROGRAMS / f"{name}.txt").read_text(encoding="utf-8"))
    assert program.docstring.startswith("Pays for")
    assert program.is_markov == (name == "hop_without_memory")
    branches = load_compiled(program.compiled).branches
    assert branches is not None
    memory = {f"memory.{name}": np.full(64, value) for name, value in program.memory.items()}
    lines = program.text.splitlines()
    for line, mask in branches(np, batch | memory, program.params):
        assert mask.shape == (64,)
        assert lines[line - 1].strip()


def test_five_components_on_sixteen_environments_take_a_few_dozen_microseconds(
    spec: StateSpec, batch: dict[str, Any]
) -> None:
    text = (PROGRAMS / "hop_without_memory.txt").read_text(encoding="utf-8")
    program = read_program(text, spec).program
    assert program is not None
    components = load_compiled(program.compiled).components
    assert components is not None
    few = {key: value[:16] for key, value in batch.items()}
    seconds = min(timeit.repeat(lambda: components(np, few, program.params), number=200, repeat=5))
    assert seconds / 200 < 200e-6  # 20 us on an idle core; the rest is for loaded machines
