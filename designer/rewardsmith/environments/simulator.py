"""Reads positions, contacts and attributes out of a live environment.

Each function binds once and returns a cheap getter; values are what the simulator holds after its
last step (MuJoCo's `xpos` and contacts are those of the last substep's start). Getters may return
live views: the caller copies.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.factory import Env, import_named
from rewardsmith.environments.sources import Source
from rewardsmith.errors import UsageError

Getter = Callable[[np.ndarray, Mapping[str, Any]], Any]
"""(observation, info) of one environment to the source's value, before its index."""

MAX_DISTANCE = 10.0
"""Metres beyond which `min_distance` says no more than this."""


def bind(source: Source, env: Env, card: EnvCard) -> Getter:
    """A getter for `source` in `env`.

    Raises:
        UsageError: The environment has no such array, name or attribute.
    """
    raw = env.unwrapped
    try:
        match source.kind:
            case "attr":
                return _bind_attr(raw, source.names)
            case "function":
                module, name = source.names
                function = import_named(module, name, card)
                return lambda obs, info: function(raw, obs, info)
            case "contact":
                return _bind_contact(raw, *source.names)
            case "min_distance":
                return _bind_distance(raw, *source.names)
            case _:
                return _bind_view(raw, source)
    except (AttributeError, KeyError) as error:
        reason = " ".join(str(error.args[0] if error.args else error).split())[:300]
        raise UsageError(
            f"{card.ref}: the environment has no {source.kind} {' '.join(source.names)!r}: "
            f"{reason}. Correct the field's source."
        ) from error


def _bind_view(raw: Any, source: Source) -> Getter:
    data = raw.data
    if source.kind in ("qpos", "qvel"):
        view = getattr(data, source.kind)
    else:
        name, array = source.names
        view = getattr(getattr(data, source.kind)(name), array)
    return lambda obs, info: view


def _bind_attr(raw: Any, path: tuple[str, ...]) -> Getter:
    def read(obs: np.ndarray, info: Mapping[str, Any]) -> Any:
        value = raw
        for name in path:
            value = getattr(value, name)
        return value

    read(np.empty(0), {})
    return read


def _bind_contact(raw: Any, a: str, b: str) -> Getter:
    first, second = _geoms(raw.model, a), _geoms(raw.model, b)

    def read(obs: np.ndarray, info: Mapping[str, Any]) -> bool:
        contact = raw.data.contact
        pairs = contact.geom[contact.exclude == 0].tolist()
        return any((x in first and y in second) or (y in first and x in second) for x, y in pairs)

    return read


def _bind_distance(raw: Any, a: str, b: str) -> Getter:
    import mujoco

    pairs = [(x, y) for x in sorted(_geoms(raw.model, a)) for y in sorted(_geoms(raw.model, b))]

    def read(obs: np.ndarray, info: Mapping[str, Any]) -> float:
        model, data = raw.model, raw.data
        near = [mujoco.mj_geomDistance(model, data, x, y, MAX_DISTANCE, None) for x, y in pairs]
        return float(min(near))

    return read


def _geoms(model: Any, name: str) -> frozenset[int]:
    """Ids of the geom called `name`, else of all geoms of the body called so."""
    try:
        return frozenset([int(model.geom(name).id)])
    except KeyError:
        body = int(model.body(name).id)
        return frozenset(int(g) for g in np.flatnonzero(model.geom_bodyid == body))
