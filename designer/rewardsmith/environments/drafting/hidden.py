"""Fields for what a MuJoCo model holds and an observation hides."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rewardsmith.environments.drafting.contacts import Pair, contact_fields
from rewardsmith.environments.drafting.field_draft import FieldDraft
from rewardsmith.environments.drafting.grouping import fields_of
from rewardsmith.environments.drafting.mujoco_names import FREE, Simulation, names_of
from rewardsmith.environments.drafting.naming import key_name
from rewardsmith.environments.drafting.sensor_units import sensor_unit

MAX_BODIES = 16


def hidden_fields(
    simulation: Simulation,
    shown: frozenset[tuple[str, int]],
    taken: Sequence[str],
    touched: frozenset[Pair],
) -> list[FieldDraft]:
    """Fields for what the observation does not show: joints, sites, bodies, sensors, contacts."""
    rows = simulation.rows()
    found: list[FieldDraft] = []
    shown = shown | _said_elsewhere(simulation.model, shown)
    for array in ("qpos", "qvel"):
        for start, stop in _runs([(array, i) not in shown for i in range(len(rows[array]))]):
            found += _renamed(
                fields_of(rows[array][start:stop], array=array, offset=start), taken, found
            )
    for make in (_sites, _bodies, _sensors):
        found += _renamed(make(simulation.model, shown), taken, found)
    return found + _renamed(contact_fields(simulation.model, touched), taken, found)


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
    shows in part, the body has the whole; one that it shows as a body is there already.
    """
    listed = {field.source for field in _bodies(model, shown)}
    found: set[tuple[str, int]] = set()
    for joint in range(model.njnt):
        body = int(model.jnt_bodyid[joint])
        if int(model.jnt_type[joint]) != FREE:
            continue
        start = int(model.jnt_qposadr[joint])
        places = {("qpos", start + axis) for axis in range(3)}
        as_body = {("body", 3 * body + axis) for axis in range(3)}
        if as_body <= shown:
            found |= places
        elif f"body({model.body(body).name})" in listed:
            found |= places if places & shown else as_body
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
                name=key_name([name, "sensor"], ()),
                source=source,
                shape=shape,
                unit=sensor_unit(model, i),
                meaning=meaning,
            )
        )
    return found


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
