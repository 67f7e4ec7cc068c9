"""Sixty programs in the habits of other systems and of chat models: read as they are, unchanged.

Each file names the environment whose fields it reads, and how its own text can be run by NumPy or
torch alone. That independent run is what catches a habit that was rewritten into something else.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardsmith.messages import ActionSpec, FieldSpec, StateSpec
from rewardsmith.rewards.contract import RewardProgram, read_program

SameAsWritten = Callable[..., RewardProgram]

CORPUS = Path(__file__).parent / "corpus"
N_ROWS = 64
N_ACCEPTED_AT_LEAST = 54


def scalars(*names: str, spread: float = 1.0) -> tuple[FieldSpec, ...]:
    return tuple(FieldSpec(name=name, low=-spread, high=spread) for name in names)


def vector(name: str, *shape: int, spread: float = 1.0) -> FieldSpec:
    return FieldSpec(name=name, shape=shape, low=-spread, high=spread)


def flag(name: str, *shape: int) -> FieldSpec:
    return FieldSpec(name=name, shape=shape, kind="bool")


def limits(size: int) -> ActionSpec:
    return ActionSpec(shape=(size,), low=(-1.0,) * size, high=(1.0,) * size)


SPECS = {
    "hopper": StateSpec(
        fields=(
            FieldSpec(name="x", low=-1.0, high=1.0),
            FieldSpec(name="z", low=0.6, high=1.8),
            *scalars("pitch", "thigh", "leg", "foot"),
            *scalars("x_velocity", "z_velocity", "pitch_velocity", spread=4.0),
            *scalars("thigh_velocity", "leg_velocity", "foot_velocity", spread=4.0),
            flag("foot_contact"),
        ),
        action=limits(3),
    ),
    "cheetah": StateSpec(
        fields=(
            *scalars("x", "height"),
            *scalars("pitch", "pitch_velocity", spread=4.0),
            *scalars("x_velocity", "z_velocity", spread=6.0),
            vector("joint_angles", 6, spread=1.5),
            vector("joint_velocities", 6, spread=5.0),
            flag("foot_contacts", 2),
            FieldSpec(name="dt", constant=0.05),
        ),
        action=limits(6),
    ),
    "reacher": StateSpec(
        fields=(
            vector("fingertip", 2, spread=0.2),
            vector("target", 2, spread=0.2),
            vector("joint_angles", 2, spread=3.0),
            vector("joint_velocities", 2, spread=3.0),
            vector("fingertip_velocity", 2),
        ),
        action=limits(2),
    ),
    "drawer": StateSpec(
        fields=(
            vector("hand", 3, spread=0.1),
            vector("hand_velocity", 3, spread=0.5),
            vector("handle", 3, spread=0.1),
            vector("goal", 3, spread=0.1),
            FieldSpec(name="hand_quat", shape=(4,), quaternion="wxyz"),
            FieldSpec(name="handle_quat", shape=(4,), quaternion="wxyz"),
            FieldSpec(name="gripper_opening", low=0.0, high=1.0),
            FieldSpec(name="opening", low=-0.05, high=0.2),
            flag("is_grasped"),
            FieldSpec(name="table_height", constant=0.0),
            FieldSpec(name="max_opening", constant=0.15),
        ),
        action=limits(4),
    ),
    "quadruped": StateSpec(
        fields=(
            vector("position", 3, spread=0.5),
            FieldSpec(name="orientation", shape=(4,), quaternion="xyzw"),
            vector("linear_velocity", 3, spread=2.0),
            vector("angular_velocity", 3),
            vector("projected_gravity", 3),
            vector("command", 3),
            vector("joint_angles", 12, spread=1.8),
            vector("joint_velocities", 12, spread=5.0),
            vector("torques", 12, spread=20.0),
            vector("feet", 4, 3, spread=0.4),
            vector("feet_velocity", 4, 3),
            flag("foot_contacts", 4),
            FieldSpec(name="foot_forces", shape=(4,), low=0.0, high=100.0),
            FieldSpec(name="default_angles", shape=(12,), constant=(0.1, 0.8, -1.5) * 4),
            FieldSpec(name="dt", constant=0.02),
        ),
        action=limits(12),
    ),
    "pendulum": StateSpec(
        fields=(
            *scalars("angle", spread=4.0),
            *scalars("angular_velocity", spread=8.0),
            FieldSpec(name="torque_limit", constant=2.0),
        ),
        action=limits(1),
    ),
    "car": StateSpec(
        fields=(
            FieldSpec(name="position", low=-1.2, high=0.9),
            *scalars("velocity", spread=0.07),
            FieldSpec(name="goal_position", constant=0.45),
        ),
        action=ActionSpec(shape=(), kind="discrete", n=3),
    ),
    "drone": StateSpec(
        fields=(
            vector("position", 3),
            vector("velocity", 3),
            vector("target", 3),
            vector("angular_velocity", 3, spread=4.0),
            vector("rotation", 3, 3),
            vector("rotor_speeds", 4, spread=10.0),
            vector("gates", 5, 3),
            FieldSpec(name="battery", low=0.0, high=1.0),
            flag("crashed"),
        ),
        action=limits(4),
    ),
}


def programs() -> list[Path]:
    return sorted(p for p in CORPUS.glob("*/*.py") if not p.name.endswith(".mended.py"))


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def header(text: str, key: str) -> str:
    found = re.search(rf"^# {key}: (.+)$", text, flags=re.MULTILINE)
    assert found
    return found[1]


def is_accepted(path: Path) -> bool:
    text = path.read_text(encoding="utf-8")
    return read_program(text, SPECS[header(text, "state")]).program is not None


def accepted() -> list[Path]:
    mended = sorted(CORPUS.glob("*/*.mended.py"))
    return [*(p for p in programs() if is_accepted(p)), *mended]


@pytest.fixture
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture
def spec(text: str) -> StateSpec:
    return SPECS[header(text, "state")]


@pytest.fixture
def batch(spec: StateSpec) -> dict[str, Any]:
    """Random rows; half of them drawn together, so that thresholds are met on both sides."""
    rng = np.random.default_rng(11)
    together = rng.choice([1.0, 1.0, 0.3, 0.03], (N_ROWS, 1))
    inputs: dict[str, Any] = {}
    for owner in ("state", "previous", "initial"):
        for field in spec.fields:
            inputs[f"{owner}.{field.name}"] = draw(field, rng, together)
    shape = (N_ROWS, *spec.action.shape)
    for name in ("action", "previous_action"):
        is_discrete = spec.action.kind == "discrete"
        inputs[name] = rng.integers(0, 3, shape) if is_discrete else rng.uniform(-1, 1, shape)
    inputs["step"] = rng.integers(1, 200, N_ROWS)
    inputs["terminated"] = rng.random(N_ROWS) < 0.2
    return inputs


def draw(field: FieldSpec, rng: np.random.Generator, together: np.ndarray) -> Any:
    shape = (N_ROWS, *field.shape)
    if field.constant is not None:
        return np.broadcast_to(np.asarray(field.constant), shape)
    if field.kind == "bool":
        return rng.random(shape) < 0.5
    if field.quaternion:
        values = rng.normal(0.0, 1.0, shape)
        return values / np.linalg.norm(values, axis=-1, keepdims=True)
    assert field.low is not None
    assert field.high is not None
    middle = (field.low + field.high) / 2.0
    spread = rng.uniform(field.low - middle, field.high - middle, shape)
    return middle + spread * together.reshape(-1, *[1] * len(field.shape))


# ------------------------------------------------------------------------ tests


def test_there_are_sixty_programs_over_eight_environments() -> None:
    texts = [path.read_text(encoding="utf-8") for path in programs()]
    assert len(texts) == 60
    assert {header(text, "state") for text in texts} == set(SPECS)


def test_most_programs_are_accepted_as_they_are() -> None:
    refused = [name_of(path) for path in programs() if not is_accepted(path)]
    assert len(programs()) - len(refused) >= N_ACCEPTED_AT_LEAST, refused


@pytest.mark.parametrize("path", accepted(), ids=name_of)
def test_program_equals_its_normalised_text_row_by_row(
    text: str, same_row_by_row: Callable[[str], RewardProgram]
) -> None:
    same_row_by_row(text)


@pytest.mark.parametrize("path", [p for p in programs() if not is_accepted(p)], ids=name_of)
def test_refused_program_is_mended_by_its_printed_remedies(path: Path, text: str) -> None:
    errors = [
        one
        for one in read_program(text, SPECS[header(text, "state")]).findings
        if one.severity == "error"
    ]
    assert all(one.remedy and one.line for one in errors)
    assert is_accepted(path.with_suffix(".mended.py"))


def runnable() -> list[Path]:
    return [p for p in accepted() if header(p.read_text(encoding="utf-8"), "original") != "none"]


@pytest.mark.parametrize("path", runnable(), ids=name_of)
def test_program_computes_what_its_author_wrote(text: str, same_as_written: SameAsWritten) -> None:
    """Run the text itself, with real NumPy, math and torch, against what was compiled from it."""
    same_as_written(text, is_batch=header(text, "original") == "torch batch")
