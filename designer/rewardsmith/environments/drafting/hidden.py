"""Fields for what a MuJoCo model holds and an observation hides."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rewardsmith.environments.drafting.field_draft import FieldDraft
from rewardsmith.environments.drafting.grouping import fields_of
from rewardsmith.environments.drafting.mujoco_names import FREE, Simulation, names_of
from rewardsmith.environments.drafting.naming import key_name

MAX_BODIES = 16
MAX_CONTACTS = 6
_PLANE = 0


def hidden_fields(
    simulation: Simulation, shown: frozenset[tuple[str, int]], taken: Sequence[str]
) -> list[FieldDraft]:
    """Fields for what the observation does not show: joints, sites, bodies, sensors, contacts."""
    rows = simulation.rows()
    found: list[FieldDraft] = []
    is_mobile = simulation.is_mobile
    shown = shown | _said_elsewhere(simulation.model, shown)
    for array in ("qpos", "qvel"):
        for start, stop in _runs([(array, i) not in shown for i in range(len(rows[array]))]):
            found += _renamed(
                fields_of(rows[array][start:stop], array=array, offset=start), taken, found
            )
    for make in (_sites, _bodies, _sensors, _contacts):
        found += _renamed(make(simulation.model, shown), taken, found)
    return [replace(f, travels=is_mobile and f.unit == "m") for f in found]


def actuator_names(simulation: Simulation) -> list[str]:
    """Names of the actuators, or of the joints they drive; empty where neither has one."""
    model = simulation.model
    names = []
    for i in range(model.nu):
        joint = int(model.actuator_trnid[i][0])
        driven = model.joint(joint).name if 0 <= joint < model.njnt else ""
        names.append(model.actuator(i).name or driven)
    return names if all(names) else []


def _sites(model: Any, shown: frozenset[tuple[str, int]]) -> list[FieldDraft]:
    return _points(model, "site", model.nsite, shown)


def _bodies(model: Any, shown: frozenset[tuple[str, int]]) -> list[FieldDraft]:
    fields = _points(model, "body", model.nbody, shown)
    return [f for f in fields if f.source != "body(world)"][:MAX_BODIES]


def _points(model: Any, kind: str, n: int, shown: frozenset[tuple[str, int]]) -> list[FieldDraft]:
    return [
        FieldDraft(
            name=key_name([name, "position"], ()),
            source=f"{kind}({name})",
            shape=(3,),
            unit="m",
            meaning=f"position of {kind} {name} in the world: x, y, z",
        )
        for i, name in enumerate(names_of(model, kind, n))
        if name and not all((kind, 3 * i + axis) in shown for axis in range(3))
    ]


def _said_elsewhere(model: Any, shown: frozenset[tuple[str, int]]) -> frozenset[tuple[str, int]]:
    """Places of free bodies that another field gives: they stand in `qpos` and as a body.

    One that an observation hides is read from `qpos`, which is a substep ahead; of one that it
    shows in part, the body has the whole.
    """
    listed = {field.source for field in _bodies(model, shown)}
    found: set[tuple[str, int]] = set()
    for joint in range(model.njnt):
        body = int(model.jnt_bodyid[joint])
        if int(model.jnt_type[joint]) != FREE or f"body({model.body(body).name})" not in listed:
            continue
        start = int(model.jnt_qposadr[joint])
        places = {("qpos", start + axis) for axis in range(3)}
        found |= places if places & shown else {("body", 3 * body + axis) for axis in range(3)}
    return frozenset(found)


def _sensors(model: Any, shown: frozenset[tuple[str, int]]) -> list[FieldDraft]:
    found = []
    for i, name in enumerate(names_of(model, "sensor", model.nsensor)):
        size, start = int(model.sensor_dim[i]), int(model.sensor_adr[i])
        if not name or all(("sensor", start + k) in shown for k in range(size)):
            continue
        source = f"sensor({name})[0]" if size == 1 else f"sensor({name})"
        shape = () if size == 1 else (size,)
        meaning = f"what the sensor {name} reads"
        found.append(
            FieldDraft(
                name=key_name([name, "sensor"], ()), source=source, shape=shape, meaning=meaning
            )
        )
    return found


def _contacts(model: Any, shown: frozenset[tuple[str, int]]) -> list[FieldDraft]:
    """Whether the ends of limbs touch the ground: bodies without children, and planes by name."""
    parents = {int(p) for p in model.body_parentid}
    geoms = names_of(model, "geom", model.ngeom)
    grounds = [g for g in range(model.ngeom) if int(model.geom_type[g]) == _PLANE and geoms[g]]
    found = []
    for body, name in enumerate(names_of(model, "body", model.nbody)):
        if body in parents or not name or body == 0:
            continue
        own = [g for g in range(model.ngeom) if int(model.geom_bodyid[g]) == body]
        for ground in grounds:
            if any(_can_touch(model, g, ground) for g in own):
                found.append(_contact(name, geoms[ground]))
    return found[:MAX_CONTACTS]


def _contact(body: str, ground: str) -> FieldDraft:
    return FieldDraft(
        name=key_name([body, "touches", ground], ()),
        source=f"contact({body}, {ground})",
        kind="bool",
        meaning=f"whether {body} touches {ground}",
    )


def _can_touch(model: Any, a: int, b: int) -> bool:
    kinds, affinities = model.geom_contype, model.geom_conaffinity
    return bool(kinds[a] & affinities[b] or kinds[b] & affinities[a])


def _renamed(
    fields: Sequence[FieldDraft], taken: Sequence[str], found: Sequence[FieldDraft]
) -> list[FieldDraft]:
    """The fields, with names that nobody else has."""
    names = {*taken, *(field.name for field in found)}
    renamed = []
    for field in fields:
        name = key_name([field.name], names)
        names.add(name)
        renamed.append(replace(field, name=name))
    return renamed


def _runs(wanted: Sequence[bool]) -> list[tuple[int, int]]:
    """(start, stop) of every run of true values."""
    edges = np.flatnonzero(np.diff([False, *wanted, False]))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
