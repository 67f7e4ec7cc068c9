"""Trajectories as flat named arrays, the form in which they cross a pipe and lie on disk.

Episodes are laid end to end, one array a field, so that a header has the same length however many
episodes there are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rewardsmith.messages import Trajectory

Array = np.ndarray[Any, Any]

_FIELD, _COMPONENT = "field.", "component."
_EPISODES = {"seeds": "i", "lengths": "i", "terminated": "b"}
"""Arrays with one entry an episode, and their kinds."""


def to_arrays(trajectories: Sequence[Trajectory]) -> dict[str, Array]:
    """All episodes laid end to end; no arrays without episodes.

    Raises:
        ValueError: The episodes have other fields or components than each other.
    """
    if not trajectories:
        return {}
    rows = [_rows(trajectory) for trajectory in trajectories]
    if any(one.keys() != rows[0].keys() for one in rows):
        raise ValueError("episodes with different fields or components")
    return {
        "seeds": np.array([t.seed for t in trajectories], dtype=np.int64),
        "lengths": np.array([t.length for t in trajectories], dtype=np.int64),
        "terminated": np.array([t.terminated for t in trajectories], dtype=np.bool_),
        **{name: np.concatenate([one[name] for one in rows]) for name in rows[0]},
    }


def from_arrays(arrays: Mapping[str, Array]) -> tuple[Trajectory, ...]:
    """The trajectories that `to_arrays` flattened.

    Raises:
        ValueError: A part is missing or unknown, or its length contradicts the others.
    """
    if not arrays:
        return ()
    missing = {*_EPISODES, "actions"} - arrays.keys()
    if missing:
        raise ValueError(f"the trajectories lack {', '.join(sorted(missing))}")
    shape = arrays["lengths"].shape
    for name, kind in _EPISODES.items():
        if arrays[name].dtype.kind != kind or arrays[name].shape != shape or len(shape) != 1:
            raise ValueError(f"{name!r} is not one number an episode")
    lengths = arrays["lengths"].tolist()
    if min(lengths, default=0) < 0:
        raise ValueError("an episode of negative length")
    parts = {name: _split(name, arrays[name], lengths) for name in arrays.keys() - _EPISODES.keys()}
    return tuple(
        _trajectory(seed, terminated, {name: pieces[i] for name, pieces in parts.items()})
        for i, (seed, terminated) in enumerate(
            zip(arrays["seeds"].tolist(), arrays["terminated"].tolist(), strict=True)
        )
    )


def _rows(trajectory: Trajectory) -> dict[str, Array]:
    rows = {"actions": trajectory.actions}
    rows |= {_FIELD + name: values for name, values in trajectory.fields.items()}
    rows |= {_COMPONENT + name: values for name, values in trajectory.components.items()}
    return rows if trajectory.rewards is None else {**rows, "rewards": trajectory.rewards}


def _split(name: str, values: Array, lengths: Sequence[int]) -> list[Array]:
    """The episodes' own rows of one array; a field has one row more, for the start."""
    if not (name in ("actions", "rewards") or name.startswith((_FIELD, _COMPONENT))):
        raise ValueError(f"{name!r} is no part of a trajectory")
    extra = int(name.startswith(_FIELD))
    ends = np.cumsum([length + extra for length in lengths])
    if values.ndim == 0 or not len(ends) or len(values) != ends[-1]:
        raise ValueError(f"{name!r} has other rows than its episodes have timesteps")
    return [piece.copy() for piece in np.split(values, ends[:-1])]


def _trajectory(seed: int, terminated: bool, parts: Mapping[str, Array]) -> Trajectory:
    return Trajectory(
        seed=seed,
        fields=_named(parts, _FIELD),
        actions=parts["actions"],
        terminated=terminated,
        components=_named(parts, _COMPONENT),
        rewards=parts.get("rewards"),
    )


def _named(parts: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {k.removeprefix(prefix): v for k, v in parts.items() if k.startswith(prefix)}
