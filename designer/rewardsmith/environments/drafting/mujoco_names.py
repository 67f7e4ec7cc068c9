"""What a MuJoCo model calls its parts, and which of them an observation shows.

Elements of an observation are recognised by value: an element that equalled `qpos[3]` in every step
of the rollouts, and moved, is that joint's angle. What stood still is recognised only beside what
moved: a height after x and y of the same body.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rewardsmith.environments.drafting.sensor_units import sensor_unit
from rewardsmith.environments.drafting.tables import Row

FREE, _BALL, SLIDE, _HINGE = 0, 1, 2, 3
_KINDS = {FREE: "free", _BALL: "ball", SLIDE: "slide", _HINGE: "hinge"}
_LIMIT_SLACK = 0.1
"""Joint limits are soft: share of the range by which they may be passed."""

Place = tuple[str, int]
"""An array of the simulation, and an index in it."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """A MuJoCo model, its data, and what is found in them by name."""

    model: Any
    data: Any

    def watch(self) -> dict[str, np.ndarray]:
        """Copies of what an observation may be made of, with geoms that touch and the clock."""
        data = self.data
        qpos = np.array(data.qpos)
        return {
            "qpos": qpos,
            "qvel": np.array(data.qvel),
            "sin": np.sin(qpos),
            "cos": np.cos(qpos),
            "site": np.array(data.site_xpos).ravel(),
            "body": np.array(data.xpos).ravel(),
            "sensor": np.array(data.sensordata),
            "contact": np.array(data.contact.geom).reshape(-1, 2),
            "time": np.array([data.time]),
        }

    def rows(self) -> dict[str, list[Row]]:
        """What each element of `watch` is."""
        positions, velocities = _joint_rows(self.model)
        angles = {row.name for row in positions if row.joint == "hinge"}
        return {
            "qpos": positions,
            "qvel": velocities,
            "sin": [_wave(row, "sine") if row.name in angles else Row() for row in positions],
            "cos": [_wave(row, "cosine") if row.name in angles else Row() for row in positions],
            "site": _point_rows("site", names_of(self.model, "site", self.model.nsite)),
            "body": _point_rows("body", names_of(self.model, "body", self.model.nbody)),
            "sensor": _sensor_rows(self.model),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """Which elements of an observation are known to the simulator."""

    rows: tuple[Row, ...]
    """One an element of the observation; an empty row where it is unknown."""
    shown: frozenset[Place]
    """(array, index) of all that the observation shows."""
    described: Mapping[str, Sequence[Row]]
    """What each element of the simulator is."""

    def placed(self, rows: Sequence[Row]) -> frozenset[Place]:
        """Elements that documented rows speak of by joint and unit; they may be clipped there."""
        said = {(row.name, row.unit) for row in rows if row.name and row.unit}
        return frozenset(
            (array, index)
            for array in ("qpos", "qvel")
            for index, row in enumerate(self.described[array])
            if (row.name, row.unit) in said and row.joint != "free"
        )


def simulation_of(env: Any) -> Simulation | None:
    """The simulation of an unwrapped environment that has `model` and `data`; else None."""
    model, data = getattr(env, "model", None), getattr(env, "data", None)
    is_mujoco = type(model).__module__.startswith("mujoco") and hasattr(data, "qpos")
    return Simulation(model, data) if is_mujoco else None


def seconds_per_step(watched: Sequence[dict[str, np.ndarray]]) -> float | None:
    """What the simulation's clock went on by in a step; None when that is not always the same."""
    clock = np.array([float(w["time"][0]) for w in watched])
    steps = np.diff(clock)
    steps = steps[steps > 0]
    if not len(steps) or np.ptp(steps) > 1e-6 * steps.max():
        return None
    return float(f"{np.median(steps):.6g}")


def hidden_simulation(env: Any) -> str:
    """Name of an attribute that holds a MuJoCo model, if not `model`; else empty."""
    if simulation_of(env) is not None:
        return ""
    held = getattr(env, "__dict__", {})
    return next((n for n, v in held.items() if type(v).__name__ == "MjModel"), "")


def recognise(
    observations: np.ndarray, watched: Sequence[dict[str, np.ndarray]], rows: dict[str, list[Row]]
) -> Recognised:
    """Match the columns of observations, shape (n, obs_dim), with the simulator's elements."""
    known: dict[bytes, Place] = {}
    for array, described in rows.items():
        if not described:
            continue
        block = np.stack([w[array] for w in watched]).astype(np.float32)
        for index in range(len(described)):
            column = block[:, index]
            if np.ptp(column) > 0 and described[index].text:
                known.setdefault(_key(column), (array, index))
    columns = observations.T.astype(np.float32)
    places = _completed([known.get(_key(column)) for column in columns], columns, watched, rows)
    return Recognised(
        rows=tuple(Row() if p is None else rows[p[0]][p[1]] for p in places),
        shown=frozenset(p for p in places if p is not None),
        described=rows,
    )


def _completed(
    places: Sequence[Place | None],
    columns: np.ndarray,
    watched: Sequence[dict[str, np.ndarray]],
    rows: Mapping[str, Sequence[Row]],
) -> list[Place | None]:
    """The places, with a third coordinate that stood still where its two neighbours moved.

    One that was 0 throughout says nothing: much is 0.
    """
    found = list(places)
    for i, (place, column) in enumerate(zip(places, columns, strict=True)):
        if place is not None or not column.any():
            continue
        for others in ((-2, -1), (-1, 1), (1, 2)):
            array, index = _between(found, i, others)
            if index < 0 or index >= len(rows[array]):
                continue
            held = np.array([w[array][index] for w in watched], np.float32)
            if _are_alike([rows[array][index + k] for k in (0, *others)]) and np.array_equal(
                held, column
            ):
                found[i] = (array, index)
    return found


def _between(places: Sequence[Place | None], i: int, others: Sequence[int]) -> Place:
    """Where element `i` lies if two others lie as they do in the observation; -1 if they do not."""
    near = [places[i + k] if 0 <= i + k < len(places) else None for k in others]
    guesses = {(place[0], place[1] - k) for place, k in zip(near, others, strict=True) if place}
    return guesses.pop() if None not in near and len(guesses) == 1 else ("qpos", -1)


def _are_alike(rows: Sequence[Row]) -> bool:
    """Whether rows are coordinates of one thing."""
    return len({(row.name, row.unit) for row in rows}) == 1 and bool(rows[0].name)


def _joint_rows(model: Any) -> tuple[list[Row], list[Row]]:
    positions: list[Row] = []
    velocities: list[Row] = []
    for i in range(model.njnt):
        kind = int(model.jnt_type[i])
        name = model.joint(i).name or f"joint{i}"
        body = model.body(int(model.jnt_bodyid[i])).name or name
        if kind in (SLIDE, _HINGE):
            what, unit = ("angle", "rad") if kind == _HINGE else ("position", "m")
            low, high = _limits(model, i)
            rate = "angular velocity" if kind == _HINGE else "velocity"
            row = Row(name=name, joint=_KINDS[kind], unit=unit, low=low, high=high)
            called = name if re.search("joint|hinge|slide", name) else f"joint {name}"
            positions.append(replace(row, text=f"{what} of {called}"))
            velocities.append(
                Row(text=f"{rate} of {called}", name=name, joint=row.joint, unit=f"{unit}/s")
            )
            continue
        if kind == FREE:
            positions += _axis_rows("{}-coordinate of the " + body, "xyz", "m", name)
            velocities += _axis_rows("{}-coordinate velocity of the " + body, "xyz", "m/s", name)
        positions += _axis_rows("{}-orientation of the " + body, "wxyz", "", name)
        rates = "{}-coordinate angular velocity of the " + body
        velocities += _axis_rows(rates, "xyz", "rad/s", name)
    return positions, velocities


def _axis_rows(text: str, axes: str, unit: str, name: str) -> list[Row]:
    return [Row(text=text.format(axis), name=name, joint="free", unit=unit) for axis in axes]


def _limits(model: Any, joint: int) -> tuple[float | None, float | None]:
    if not model.jnt_limited[joint]:
        return None, None
    low, high = (float(end) for end in model.jnt_range[joint])
    slack = _LIMIT_SLACK * (high - low)
    return float(f"{low - slack:.3g}"), float(f"{high + slack:.3g}")


def _wave(row: Row, what: str) -> Row:
    return Row(text=f"{what} of joint {row.name}", name=f"{what}({row.name})", low=-1.0, high=1.0)


def _point_rows(kind: str, names: Sequence[str]) -> list[Row]:
    return [
        Row(text=f"{axis}-coordinate of {kind} {name}", name=name, unit="m") if name else Row()
        for name in names
        for axis in "xyz"
    ]


def _sensor_rows(model: Any) -> list[Row]:
    found: list[Row] = []
    for i in range(model.nsensor):
        name, size = model.sensor(i).name or f"sensor{i}", int(model.sensor_dim[i])
        parts = [""] if size == 1 else [f", element {k}" for k in range(size)]
        unit = sensor_unit(model, i)
        found += [Row(text=f"sensor {name}{part}", name=name, unit=unit) for part in parts]
    return found


def names_of(model: Any, kind: str, n: int) -> list[str]:
    """Names in order; empty for what has none, or one that a source cannot quote."""
    names = [str(getattr(model, kind)(i).name) for i in range(n)]
    return ["" if any(c in name for c in "(),") else name for name in names]


def _key(column: np.ndarray) -> bytes:
    return np.ascontiguousarray(column + np.float32(0.0)).tobytes()
