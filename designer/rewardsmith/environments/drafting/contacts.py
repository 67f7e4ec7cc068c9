"""Which contacts of a MuJoCo model a draft offers: things that can meet, then ends on the ground.

A thing is whatever moves on its own: a robot, a ball. Contacts within one are left out: a robot's
limbs meet by the way.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from rewardsmith.environments.drafting.field_draft import FieldDraft
from rewardsmith.environments.drafting.mujoco_names import FREE, SLIDE, names_of
from rewardsmith.environments.drafting.naming import key_name

MAX_CONTACTS = 6
_PLANE = 0

Pair = tuple[int, int]
"""Two bodies, the smaller index first."""


def contact_fields(model: Any, seen: frozenset[Pair]) -> list[FieldDraft]:
    """Whether things touch each other, then whether ends of limbs touch the ground.

    Args:
        model: MuJoCo's.
        seen: Bodies that touched in random play.
    """
    names = [name if i else "" for i, name in enumerate(names_of(model, "body", model.nbody))]
    found = [_contact(names[a], names[b]) for a, b in _between_things(model, names, seen)]
    found += [_contact(names[body], ground) for body, ground in _on_grounds(model, names)]
    return found[:MAX_CONTACTS]


def touched(model: Any, watched: Sequence[dict[str, np.ndarray]]) -> frozenset[Pair]:
    """Bodies that touched at any time of the rollouts."""
    geoms = np.concatenate([w["contact"] for w in watched])
    pairs = np.unique(np.sort(model.geom_bodyid[geoms[(geoms >= 0).all(axis=1)]], axis=1), axis=0)
    return frozenset((int(a), int(b)) for a, b in pairs)


def _between_things(model: Any, names: Sequence[str], seen: frozenset[Pair]) -> list[Pair]:
    """Named bodies of different things that can touch: what a driven limb holds out first."""
    things = [_thing(model, body) for body in range(model.nbody)]
    ends = set(_ends(model))
    driven = {things[int(model.jnt_bodyid[joint])] for joint in _driven_joints(model)}
    named = [body for body in range(model.nbody) if names[body] and things[body]]
    found = []
    for a, b in combinations(named, 2):
        are_ends, is_seen = {a, b} <= ends, (a, b) in seen
        if things[a] != things[b] and (is_seen or (are_ends and _may_meet(model, a, b))):
            farthest = max(_n_joints(model, a), _n_joints(model, b))
            is_driven = bool({things[a], things[b]} & driven)
            found.append(((not is_driven, not are_ends, not is_seen, -farthest), (a, b)))
    return [pair for _, pair in sorted(found)]


def _on_grounds(model: Any, names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Ends of limbs, each with the planes by name that it can touch."""
    geoms = names_of(model, "geom", model.ngeom)
    planes = [g for g in range(model.ngeom) if int(model.geom_type[g]) == _PLANE and geoms[g]]
    for body in (b for b in _ends(model) if names[b] and int(model.body_weldid[b])):
        for plane in planes:
            if any(_collide(model, geom, plane) for geom in _geoms(model, body)):
                yield body, geoms[plane]


def _contact(one: str, other: str) -> FieldDraft:
    return FieldDraft(
        name=key_name([one, "touches", other], ()),
        source=f"contact({one}, {other})",
        kind="bool",
        meaning=f"whether {one} touches {other}",
    )


def _thing(model: Any, body: int) -> int:
    """The body that carries all of what moves together with `body`; 0 where nothing moves."""
    if int(model.body_mocapid[body]) >= 0:
        return body
    top = 0
    while body:
        moves = int(model.body_weldid[body]) != 0
        top, body = (body if moves else top), int(model.body_parentid[body])
    return top


def _n_joints(model: Any, body: int) -> int:
    """Joints between a body and the world."""
    total = 0
    while body:
        total, body = total + int(model.body_jntnum[body]), int(model.body_parentid[body])
    return total


def _ends(model: Any) -> Iterator[int]:
    """Bodies without children."""
    parents = {int(parent) for parent in model.body_parentid}
    yield from (body for body in range(1, model.nbody) if body not in parents)


def _driven_joints(model: Any) -> list[int]:
    """Joints that actuators move directly."""
    kinds = zip(model.actuator_trntype, model.actuator_trnid, strict=True)
    return [int(ids[0]) for kind, ids in kinds if int(kind) in (0, 1)]


def _may_meet(model: Any, a: int, b: int) -> bool:
    """Whether two bodies collide by their masks, and are not too far apart for ever."""
    if (a << 16) + b in {int(signature) for signature in model.exclude_signature}:
        return False
    pairs = [(g, h) for g in _geoms(model, a) for h in _geoms(model, b)]
    roots = [int(model.body_rootid[body]) for body in (a, b)]
    apart = float(np.linalg.norm(model.body_pos[roots[0]] - model.body_pos[roots[1]]))
    near = apart <= _reach(model, a) + _reach(model, b)
    return near and any(_collide(model, g, h) for g, h in pairs)


def _reach(model: Any, body: int) -> float:
    """How far a body gets from where its root stands at most; infinite where nothing holds it."""
    reach = max((_size(model, geom) for geom in _geoms(model, body)), default=0.0)
    if int(model.body_mocapid[body]) >= 0:
        return np.inf
    while body:
        first = int(model.body_jntadr[body])
        for joint in range(first, first + int(model.body_jntnum[body])):
            kind, is_limited = int(model.jnt_type[joint]), bool(model.jnt_limited[joint])
            if kind == FREE or (kind == SLIDE and not is_limited):
                return np.inf
            reach += 2 * float(np.linalg.norm(model.jnt_pos[joint]))
            reach += float(np.abs(model.jnt_range[joint]).max()) if kind == SLIDE else 0.0
        parent = int(model.body_parentid[body])
        reach += float(np.linalg.norm(model.body_pos[body])) if parent else 0.0
        body = parent
    return reach


def _size(model: Any, geom: int) -> float:
    return float(np.linalg.norm(model.geom_pos[geom])) + float(model.geom_rbound[geom])


def _geoms(model: Any, body: int) -> range:
    first = int(model.body_geomadr[body])
    return range(first, first + int(model.body_geomnum[body]))


def _collide(model: Any, a: int, b: int) -> bool:
    kinds, affinities = model.geom_contype, model.geom_conaffinity
    return bool(kinds[a] & affinities[b] or kinds[b] & affinities[a])
