"""Trajectories as flat named arrays, the form in which they cross a pipe and lie on disk."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rewardsmith.messages import Trajectory

Array = np.ndarray[Any, Any]

_FIELD, _COMPONENT = "field.", "component."


def to_arrays(trajectories: Sequence[Trajectory]) -> dict[str, Array]:
    """One entry per array; those of trajectory i begin with `<i>/`."""
    arrays: dict[str, Array] = {}
    for i, trajectory in enumerate(trajectories):
        for name, values in _parts(trajectory).items():
            arrays[f"{i}/{name}"] = values
    return arrays


def from_arrays(arrays: Mapping[str, Array]) -> tuple[Trajectory, ...]:
    """The trajectories that `to_arrays` flattened.

    Raises:
        ValueError: A part is missing, or its length contradicts the others.
    """
    groups: dict[int, dict[str, Array]] = {}
    for name, values in arrays.items():
        number, _, part = name.partition("/")
        if not number.isdecimal():
            raise ValueError(f"{name!r} belongs to no trajectory")
        groups.setdefault(int(number), {})[part] = values
    if sorted(groups) != list(range(len(groups))):
        raise ValueError("trajectories are not numbered from 0")
    return tuple(_trajectory(groups[i]) for i in range(len(groups)))


def _parts(trajectory: Trajectory) -> dict[str, Array]:
    parts = {
        "seed": np.asarray(trajectory.seed, dtype=np.int64),
        "terminated": np.asarray(trajectory.terminated),
        "actions": trajectory.actions,
    }
    parts |= {_FIELD + name: values for name, values in trajectory.fields.items()}
    parts |= {_COMPONENT + name: values for name, values in trajectory.components.items()}
    if trajectory.rewards is not None:
        parts["rewards"] = trajectory.rewards
    return parts


def _trajectory(parts: Mapping[str, Array]) -> Trajectory:
    missing = {"seed", "terminated", "actions"} - parts.keys()
    if missing:
        raise ValueError(f"a trajectory lacks {', '.join(sorted(missing))}")
    return Trajectory(
        seed=int(parts["seed"]),
        fields=_named(parts, _FIELD),
        actions=parts["actions"],
        terminated=bool(parts["terminated"]),
        components=_named(parts, _COMPONENT),
        rewards=parts.get("rewards"),
    )


def _named(parts: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {k.removeprefix(prefix): v for k, v in parts.items() if k.startswith(prefix)}
