"""Reads positions, contacts and attributes out of a live environment.

Each function binds once and returns a cheap getter; values are what the simulator holds after its
last step (MuJoCo's `xpos` and contacts are those of the last substep's start). Getters may return
live views: the caller copies.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.factory import Env, import_named
from rewardsmith.environments.sources import Source
from rewardsmith.errors import UsageError


class Places(NamedTuple):
    """The same array of several bodies, sites or geoms of one simulator."""

    whole: np.ndarray
    """The simulator's own, of all that there are; shape (count, size)."""
    rows: np.ndarray
    """Which of them are wanted; shape (k,)."""


Getter = Callable[[np.ndarray, Mapping[str, Any]], Any]
"""(observation, info) of one environment to the source's value, before its index."""

MAX_DISTANCE = 10.0
"""Metres beyond which `min_distance` says no more than this."""


def bind(source: Source, env: Env, card: EnvCard) -> Getter | np.ndarray | Places:
    """A getter for `source` in `env`; where the simulator keeps the value in one place, that place.

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
                return _bind_contacts(raw, source.names)
            case "body" | "site" | "geom" if len(source.names) > 2:
                return _bind_places(raw, source)
            case "min_distance":
                return _bind_distance(raw, *source.names)
            case _:
                return _bind_view(raw, source)
    except (AttributeError, KeyError) as error:
        reason = " ".join(str(error.args[0] if error.args else error).split())[:300]
        raise UsageError(
            f"{card.ref}: the environment has no {source.kind} {_called(source)!r}: "
            f"{reason}. Correct the field's source."
        ) from error


def _called(source: Source) -> str:
    return ("." if source.kind == "attr" else " ").join(source.names)


def _bind_view(raw: Any, source: Source) -> np.ndarray:
    data = raw.data
    if source.kind in ("qpos", "qvel"):
        return np.asarray(getattr(data, source.kind))
    name, array = source.names
    return np.asarray(getattr(getattr(data, source.kind)(name), array))


def _bind_attr(raw: Any, path: tuple[str, ...]) -> Getter:
    def read(obs: np.ndarray, info: Mapping[str, Any]) -> Any:
        value = raw
        for name in path:
            value = getattr(value, name)
        return value

    read(np.empty(0), {})
    return read


def _bind_places(raw: Any, source: Source) -> Places:
    array = source.names[1]
    rows = [int(getattr(raw.model, source.kind)(name).id) for name in source.names[::2]]
    whole = getattr(raw.data, array if source.kind == "body" else f"{source.kind}_{array}")
    return Places(whole=np.asarray(whole), rows=np.array(rows))


def gathered(places: Sequence[Places]) -> np.ndarray:
    """What several simulators hold there, shape (n, k, size).

    All of it is copied at once and the rows are picked then: one by one takes four times as long.
    """
    ends = list(itertools.accumulate(len(place.whole) for place in places))
    starts = [0, *ends[:-1]]
    rows = np.concatenate([p.rows + start for p, start in zip(places, starts, strict=True)])
    picked = np.concatenate([place.whole for place in places]).take(rows, axis=0)
    return picked.reshape(len(places), -1, picked.shape[1])


def _bind_contacts(raw: Any, names: tuple[str, ...]) -> Getter:
    """Whether each pair of names touches, shape (k,)."""
    pairs = [
        (_geoms(raw.model, a), _geoms(raw.model, b))
        for a, b in zip(names[::2], names[1::2], strict=True)
    ]
    wanted: dict[tuple[int, int], list[int]] = {}
    for number, (first, second) in enumerate(pairs):
        for x, y in itertools.product(first, second):
            wanted.setdefault((x, y), []).append(number)
            wanted.setdefault((y, x), []).append(number)

    def read(obs: np.ndarray, info: Mapping[str, Any]) -> list[bool]:
        # Lists: for the few contacts there are, they take half the time of masks.
        found = [False] * len(pairs)
        data = raw.data
        if data.ncon:
            contact = data.contact
            touching = enumerate(map(tuple, contact.geom.tolist()))
            met = [(place, wanted[pair]) for place, pair in touching if pair in wanted]
            excluded = contact.exclude.tolist() if met else []
            for place, numbers in met:
                if not excluded[place]:
                    for number in numbers:
                        found[number] = True
        return found

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
