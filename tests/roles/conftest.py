"""State specs in the style of the shipped cards, and small builders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from rewardsmith.messages import (
    ActionSpec,
    Candidate,
    CandidateId,
    EpisodeScore,
    Evaluation,
    FieldSpec,
    Judged,
    Outcome,
    Result,
    StateSpec,
    Task,
    Trajectory,
    Verdict,
)

INSTRUCTIONS = {
    "cheetah": "Run forward as fast as possible.",
    "hopper": (
        "Hop in place: keep hopping up and down, high and regularly, while staying near the start "
        "and upright, without falling."
    ),
    "reacher": "Move the fingertip to the target and keep it there.",
    "mountain_car": "Drive the car up the right hill to reach the flag.",
    "pendulum": "Swing the pendulum up and keep it balanced upright.",
}

EPISODE_ENDS = {
    "cheetah": "Never before the horizon.",
    "hopper": "The torso is below 0.7 m or pitched over 0.2 rad.",
    "reacher": "Never before the horizon.",
    "mountain_car": "The car reaches the goal position.",
    "pendulum": "Never before the horizon.",
}


def scalar(name: str, unit: str, low: float, high: float, meaning: str) -> FieldSpec:
    return FieldSpec(name=name, unit=unit, low=low, high=high, meaning=meaning)


def vector(name: str, unit: str, size: float, meaning: str) -> FieldSpec:
    return FieldSpec(name=name, unit=unit, low=-size, high=size, meaning=meaning, shape=(2,))


def continuous(n: int, size: float = 1.0) -> ActionSpec:
    return ActionSpec(shape=(n,), low=(-size,) * n, high=(size,) * n)


SPECS = {
    "cheetah": StateSpec(
        fields=(
            scalar("x", "m", -100, 100, "torso position along the track, positive forward"),
            scalar("z", "m", -0.6, 0.8, "torso height relative to the start"),
            scalar("pitch", "rad", -3.14, 3.14, "torso pitch, 0 = level"),
            scalar("back_foot", "rad", -1.1, 1.1, "back foot joint angle"),
            scalar("front_foot", "rad", -1.1, 1.1, "front foot joint angle"),
            scalar("x_velocity", "m/s", -10, 10, "forward speed of the torso"),
            scalar("z_velocity", "m/s", -5, 5, "vertical speed of the torso, positive up"),
            scalar("pitch_velocity", "rad/s", -10, 10, "angular speed of the torso"),
            scalar("back_foot_velocity", "rad/s", -25, 25, "back foot joint angular speed"),
            scalar("front_foot_z", "m", 0, 1.5, "height of the front foot above the ground"),
            scalar("back_foot_z", "m", 0, 1.5, "height of the back foot above the ground"),
        ),
        action=continuous(6),
    ),
    "hopper": StateSpec(
        fields=(
            scalar("x", "m", -10, 50, "torso position along the track"),
            scalar("z", "m", 0.7, 1.8, "torso height; stands at 1.25"),
            scalar("pitch", "rad", -0.2, 0.2, "torso pitch, 0 = upright"),
            scalar("foot", "rad", -0.8, 0.8, "foot joint angle"),
            scalar("x_velocity", "m/s", -5, 5, "torso speed along the track"),
            scalar("z_velocity", "m/s", -5, 5, "torso vertical speed, positive up"),
            scalar("pitch_velocity", "rad/s", -10, 10, "torso angular speed"),
            scalar("foot_velocity", "rad/s", -10, 10, "foot angular speed"),
        ),
        action=continuous(3),
    ),
    "reacher": StateSpec(
        fields=(
            vector("joint_angles", "rad", 3.14, "angles of shoulder and elbow"),
            vector("joint_velocities", "rad/s", 20, "angular speeds of shoulder and elbow"),
            vector("fingertip", "m", 0.21, "position of the fingertip"),
            vector("target", "m", 0.2, "position of the target"),
        ),
        action=continuous(2),
    ),
    "mountain_car": StateSpec(
        fields=(
            scalar("position", "m", -1.2, 0.6, "position of the car along the track"),
            scalar("velocity", "m/s", -0.07, 0.07, "velocity of the car, positive right"),
            FieldSpec(name="goal", unit="m", meaning="position of the flag", constant=0.45),
        ),
        action=continuous(1),
    ),
    "pendulum": StateSpec(
        fields=(
            scalar("angle", "rad", -3.1416, 3.1416, "angle of the pendulum, 0 = upright"),
            scalar("velocity", "rad/s", -8, 8, "angular velocity"),
        ),
        action=continuous(1, 2.0),
    ),
}

RENAMED = {
    "cheetah": {
        "x": ("q0", "place of the trunk along the track, positive forward"),
        "z": ("q1", "elevation of the trunk"),
        "pitch": ("q2", "trunk inclination, 0 = level"),
        "back_foot": ("q3", "rear paw joint angle"),
        "front_foot": ("q4", "fore paw joint angle"),
        "x_velocity": ("d0", "longitudinal velocity of the trunk"),
        "z_velocity": ("d1", "vertical velocity of the trunk"),
        "pitch_velocity": ("d2", "angular rate of the trunk"),
        "back_foot_velocity": ("d3", "rear paw joint angular rate"),
        "front_foot_z": ("h0", "elevation of the fore paw"),
        "back_foot_z": ("h1", "elevation of the rear paw"),
    },
    "hopper": {
        "x": ("q0", "place of the body along the track"),
        "z": ("q1", "body altitude"),
        "pitch": ("q2", "body tilt, zero when upright"),
        "foot": ("q3", "paw joint angle"),
        "x_velocity": ("d0", "body velocity along the track"),
        "z_velocity": ("d1", "vertical velocity of the body"),
        "pitch_velocity": ("d2", "angular rate of the body"),
        "foot_velocity": ("d3", "paw joint angular rate"),
    },
    "reacher": {
        "joint_angles": ("q", "angles of both joints"),
        "joint_velocities": ("d", "angular rates of both joints"),
        "fingertip": ("p0", "place of the effector"),
        "target": ("p1", "place of the goal"),
    },
    "mountain_car": {
        "position": ("q", "place of the vehicle along the track"),
        "velocity": ("d", "speed of the vehicle, positive right"),
        "goal": ("g", "place of the goal"),
    },
    "pendulum": {
        "angle": ("q", "inclination of the rod, zero is upright"),
        "velocity": ("d", "angular rate of the rod"),
    },
}

IN_CM = {"m": "cm", "m/s": "cm/s"}


def renamed_and_rescaled(name: str) -> StateSpec:
    """The spec under other names, in other words, in centimetres, in another order."""
    fields = []
    for spec in SPECS[name].fields:
        new, meaning = RENAMED[name][spec.name]
        factor = 100.0 if spec.unit in IN_CM else 1.0
        constant = spec.constant * factor if isinstance(spec.constant, float) else None
        fields.append(
            replace(
                spec,
                name=new,
                meaning=meaning,
                unit=IN_CM.get(spec.unit, spec.unit),
                low=None if spec.low is None else spec.low * factor,
                high=None if spec.high is None else spec.high * factor,
                constant=constant,
            )
        )
    return StateSpec(fields=tuple(reversed(fields)), action=SPECS[name].action)


def task_of(instruction: str) -> Task:
    return Task(
        env="toy",
        name="toy",
        instruction=instruction,
        fitness="secret_fitness_expression",
        success="secret_success_condition",
        target=0.987654,
        horizon=1000,
    )


def candidate(text: str = "", number: int = 0) -> Candidate:
    return Candidate(id=CandidateId(0, number), text=text)


def result_of(
    made: Candidate, *, score: float | None = 1.0, fitness: Sequence[float] = ()
) -> Result:
    evaluations = tuple(
        Evaluation(step=1000 * (i + 1), seed_set="selection", episodes=(episode(fitness=f),))
        for i, f in enumerate(fitness)
    )
    return Result(
        judged=Judged(candidate=made, verdict=Verdict(ok=True)),
        outcome=Outcome.TRAINED,
        score=score,
        evaluations=evaluations,
    )


def episode(
    *, fitness: float = 0.0, success: bool = False, length: int = 100, terminated: bool = False
) -> EpisodeScore:
    return EpisodeScore(
        seed=0, fitness=fitness, success=success, length=length, terminated=terminated
    )


def trajectory(
    fields: Mapping[str, np.ndarray],
    components: Mapping[str, np.ndarray],
    weights: Mapping[str, float],
    *,
    terminated: bool = False,
    actions: np.ndarray | None = None,
) -> Trajectory:
    """A scored rollout; its reward is the weighted sum of its components."""
    n = len(next(iter(components.values())))
    rewards = np.sum([weights[k] * v for k, v in components.items()], axis=0)
    return Trajectory(
        seed=0,
        fields=dict(fields),
        actions=np.zeros((n, 1)) if actions is None else actions,
        terminated=terminated,
        components=dict(components),
        rewards=rewards,
    )


@pytest.fixture(params=sorted(SPECS))
def env_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def specs() -> Mapping[str, StateSpec]:
    return SPECS


@pytest.fixture
def instructions() -> Mapping[str, str]:
    return INSTRUCTIONS


@pytest.fixture
def episode_ends() -> Mapping[str, str]:
    return EPISODE_ENDS


@pytest.fixture
def renamed() -> Callable[[str], StateSpec]:
    return renamed_and_rescaled


@pytest.fixture
def make_task() -> Callable[[str], Task]:
    return task_of


@pytest.fixture
def make_candidate() -> Callable[..., Candidate]:
    return candidate


@pytest.fixture
def make_result() -> Callable[..., Result]:
    return result_of


@pytest.fixture
def make_episode() -> Callable[..., EpisodeScore]:
    return episode


@pytest.fixture
def make_rollout() -> Callable[..., Trajectory]:
    return trajectory
