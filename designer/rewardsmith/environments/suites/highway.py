"""highway-env's roads, with the traffic around the vehicle as state fields.

Dynamics, observations, reward and episode ends are the package's; its rewards in `info` are never
read. Positions are the package's own: x along the road, y to the right of it. Fields that need a
look at all vehicles share one look a step.
"""

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from rewardsmith.environments.factory import Env, make_bare
from rewardsmith.environments.suites.packages import package

Array = np.ndarray[Any, Any]

FAR = 200.0
"""Metres at which a vehicle counts as out of sight: as far as the package lets one observe."""
N_OTHERS = 4
"""Nearest vehicles that `others` tells of."""
CLEAR = 25.0
"""Metres behind a crossing at which the package counts it as passed."""
_MARGIN = 1.0
"""Metres beside a lane where a vehicle still counts as in it, as the package's own drivers do."""


class Traffic(NamedTuple):
    """Vehicles ahead and behind, in the lane to the left, the own one and the one to the right."""

    gap_ahead: Array
    gap_behind: Array
    closing_ahead: Array
    closing_behind: Array


class _Look(NamedTuple):
    """What was seen at one moment of one road."""

    road: Any
    steps: int
    traffic: Traffic


_looks: WeakKeyDictionary[Any, _Look] = WeakKeyDictionary()


def make_road(
    *, name: str, config: Mapping[str, Any] | None = None, render_mode: str | None = None
) -> Env:
    """Make one environment of the package.

    Args:
        name: Its id: `highway-v0`, `parking-v0`.
        config: Laid over the package's own, as in `{"lanes_count": 3, "vehicles_count": 20}`.
        render_mode: As Gymnasium's.

    Raises:
        UsageError: The package is missing, or has no such id.
    """
    package("highway_env", name)
    options: dict[str, Any] = {"config": dict(config or {})}
    if render_mode is not None:
        options["render_mode"] = render_mode
    with warnings.catch_warnings():
        # v0 is what published results are on; v1 differs in whom the other drivers see
        warnings.filterwarnings("ignore", message=".*out of date", category=DeprecationWarning)
        return make_bare(f"highway_env:{name}", code=None, ref=name, kwargs=options)


def lane(raw: Any, obs: Array, info: Mapping[str, Any]) -> int:
    """Number of the lane; 0 is the leftmost of its road."""
    return int(raw.vehicle.lane_index[2])


def lanes(raw: Any, obs: Array, info: Mapping[str, Any]) -> int:
    """How many lanes the road has here."""
    start, end, _ = raw.vehicle.lane_index
    return len(raw.road.network.graph[start][end])


def gap_ahead(raw: Any, obs: Array, info: Mapping[str, Any]) -> Array:
    """Metres from middle to middle to the next vehicle ahead, shape (3,), in [0, FAR]."""
    return _traffic(raw).gap_ahead


def gap_behind(raw: Any, obs: Array, info: Mapping[str, Any]) -> Array:
    """Metres from middle to middle to the next vehicle behind, shape (3,), in [0, FAR]."""
    return _traffic(raw).gap_behind


def closing_ahead(raw: Any, obs: Array, info: Mapping[str, Any]) -> Array:
    """Speed at which the gap ahead shrinks, in m/s, shape (3,); 0 where nobody is in sight."""
    return _traffic(raw).closing_ahead


def closing_behind(raw: Any, obs: Array, info: Mapping[str, Any]) -> Array:
    """Speed at which the gap behind shrinks, in m/s, shape (3,); 0 where nobody is in sight."""
    return _traffic(raw).closing_behind


def others(raw: Any, obs: Array, info: Mapping[str, Any]) -> Array:
    """The nearest vehicles as the driver sees them, shape (N_OTHERS, 4), nearest first.

    Columns: metres ahead, metres to the right, and how fast each of the two grows in m/s. Where
    there are fewer, the rest is FAR ahead and at rest.
    """
    ego = raw.vehicle
    met = [v for v in raw.road.vehicles if v is not ego]
    seen = np.tile([FAR, 0.0, 0.0, 0.0], (N_OTHERS, 1))
    if not met:
        return seen
    cos, sin = np.cos(ego.heading), np.sin(ego.heading)
    to_ego = np.array([[cos, -sin], [sin, cos]])
    away = np.array([v.position for v in met]) - ego.position
    nearest = np.argsort(np.hypot(away[:, 0], away[:, 1]))[:N_OTHERS]
    speeds = np.array([met[i].velocity for i in nearest]) - ego.velocity
    seen[: len(nearest), :2] = away[nearest] @ to_ego
    seen[: len(nearest), 2:] = speeds @ to_ego
    return np.asarray(np.clip(seen, -FAR, FAR))


def route_left(raw: Any, obs: Array, info: Mapping[str, Any]) -> float:
    """Metres along the planned route to its end; 0 once it is driven, or where there is none."""
    ego = raw.vehicle
    if not getattr(ego, "route", None):
        return 0.0
    here = ego.target_lane_index
    network = raw.road.network
    current = network.get_lane(here)
    left = current.length - current.local_coordinates(ego.position)[0]
    ahead = ((a, b, i or 0) for a, b, i in ego.route if (a, b) != here[:2])
    return max(0.0, float(left + sum(network.get_lane(index).length for index in ahead)))


def to_exit(raw: Any, obs: Array, info: Mapping[str, Any]) -> float:
    """Metres along the planned route to where a crossing counts as passed; 0 behind it."""
    route = getattr(raw.vehicle, "route", None)
    if not route:
        return 0.0
    last = raw.road.network.get_lane((route[-1][0], route[-1][1], route[-1][2] or 0))
    return max(0.0, route_left(raw, obs, info) - (float(last.length) - CLEAR))


def _traffic(raw: Any) -> Traffic:
    """What is around the vehicle on a straight road, looked at once a step."""
    known = _looks.get(raw)
    if known is None or known.road is not raw.road or known.steps != raw.steps:
        known = _Look(raw.road, raw.steps, _look(raw))
        _looks[raw] = known
    return known.traffic


def _look(raw: Any) -> Traffic:
    ego = raw.vehicle
    met = [v for v in (*raw.road.vehicles, *raw.road.objects) if v is not ego]
    places = np.array([v.position for v in met]).reshape(-1, 2)
    speeds = np.array([v.velocity[0] for v in met])
    ahead = places[:, 0] - ego.position[0]
    faster = speeds - ego.velocity[0]
    width = ego.lane.width
    start, end, own = ego.lane_index
    n_lanes = len(raw.road.network.graph[start][end])
    found = []
    for number in (own - 1, own, own + 1):
        if 0 <= number < n_lanes:
            beside = np.abs(places[:, 1] - _middle(raw, (start, end, number)))
            in_lane = beside <= width / 2 + _MARGIN
            found.append(_neighbours(ahead[in_lane], faster[in_lane]))
        else:
            found.append((0.0, 0.0, 0.0, 0.0))
    return Traffic(*np.array(found).T)


def _middle(raw: Any, index: tuple[str, str, int]) -> float:
    """Where a lane's middle lies across the road, beside the vehicle."""
    that = raw.road.network.get_lane(index)
    along = that.local_coordinates(raw.vehicle.position)[0]
    return float(that.position(along, 0.0)[1])


def _neighbours(ahead: Array, faster: Array) -> tuple[float, float, float, float]:
    """Gaps ahead and behind, and the speeds at which they shrink."""
    is_ahead = ahead >= 0.0
    front = int(np.argmin(np.where(is_ahead, ahead, np.inf))) if is_ahead.any() else None
    rear = int(np.argmax(np.where(is_ahead, -np.inf, ahead))) if not is_ahead.all() else None
    if front is not None and ahead[front] >= FAR:
        front = None
    if rear is not None and -ahead[rear] >= FAR:
        rear = None
    return (
        FAR if front is None else float(ahead[front]),
        FAR if rear is None else float(-ahead[rear]),
        0.0 if front is None else float(-faster[front]),
        0.0 if rear is None else float(faster[rear]),
    )
