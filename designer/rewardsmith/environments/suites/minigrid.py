"""MiniGrid as objects and their relations: where they are, how far, in what state.

The package's own environment is stepped unchanged. Its picture of the world is replaced by one
vector: the objects, seen whole, and, where asked for, what the agent's own view of 7 by 7 cells
shows. `objects` holds the first part, which a card's fields are cut from.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

import gymnasium
import numpy as np

from rewardsmith.environments.suites.packages import package

KINDS = ("key", "door", "other_door", "goal", "box", "ball", "lava")
"""The nearest of each kind; `door` is the locked one, `other_door` the nearest of the others."""
MISSING = (0.0, -1.0, -1.0, 0.0, 0.0, 50.0)
"""What a kind shows of which there is nothing: absent, beside the grid, and far beyond it."""
N_OBJECTS = 6 + len(MISSING) * len(KINDS) + 12
"""Length of `objects`: position, direction and cell sizes; the kinds; states and neighbours."""

_DIRECTIONS = ((1, 0), (0, 1), (-1, 0), (0, -1))
_MOVABLE = ("key", "box", "ball")
_VIEW_CHANNELS = (("unseen",), ("wall",), ("lava",), ("goal",), ("key", "box", "ball"), ("door",))


class Place(NamedTuple):
    """The agent's cell and where it faces."""

    x: int
    y: int
    dx: int
    dy: int


class SymbolicMiniGrid(gymnasium.Env[np.ndarray, Any]):
    """One of MiniGrid's environments, observed as a vector.

    Args:
        name: The package's id, as in `MiniGrid-DoorKey-6x6-v0`.
        view: Whether the agent also observes its view, six channels for each of its cells.
        options: For the package's own constructor, as in `{"size": 8}`.
        render_mode: As the package's.
    """

    def __init__(
        self,
        name: str,
        *,
        view: bool = False,
        options: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
    ) -> None:
        package("minigrid", name)
        made = gymnasium.make(
            name,
            max_episode_steps=-1,
            disable_env_checker=True,
            render_mode=render_mode,
            **(options or {}),
        )
        self.inner = cast(Any, made.unwrapped)
        """The package's environment."""
        self.render_mode = render_mode
        self.metadata = self.inner.metadata
        self.action_space = gymnasium.spaces.Discrete(int(self.inner.action_space.n))
        self._channels = _channels() if view else None
        n_view = len(_VIEW_CHANNELS) * self.inner.agent_view_size**2 if view else 0
        self.observation_space = gymnasium.spaces.Box(
            -100.0, 100.0, (N_OBJECTS + n_view,), dtype=np.float32
        )
        self.objects = np.zeros(N_OBJECTS)
        """The world as numbers, shape (N_OBJECTS,); cells count from 0, x to the right, y down."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start an episode in a new grid."""
        super().reset(seed=seed)
        seen, info = self.inner.reset(seed=seed, options=options)
        self._scene = _Scene(self.inner)
        return self._observe(seen), info

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Step the package's environment."""
        seen, reward, terminated, truncated, info = self.inner.step(action)
        return self._observe(seen), float(reward), terminated, truncated, info

    def render(self) -> Any:
        """Draw the grid as the package does."""
        return self.inner.render()

    def close(self) -> None:
        """Close the package's environment."""
        self.inner.close()

    def _observe(self, seen: Mapping[str, Any]) -> np.ndarray:
        self.objects = np.array(self._scene.describe())
        if self._channels is None:
            return self.objects.astype(np.float32)
        image = seen["image"]
        view = self._channels[image[..., 0], image[..., 2]].ravel()
        return np.concatenate((self.objects, view), dtype=np.float32)


class _Scene:
    """What there is in one episode's grid, found once: things move, but none appear."""

    def __init__(self, env: Any) -> None:
        self._env = env
        cells = [(x, y, env.grid.get(x, y)) for x in range(env.width) for y in range(env.height)]
        found = {kind: [c for c in cells if c[2] and c[2].type == kind] for kind in KINDS}
        doors = sorted(found["door"], key=lambda cell: not cell[2].is_locked)
        found["door"], found["other_door"] = doors[:1], doors[1:]
        self._still = {kind: found[kind] for kind in KINDS if kind not in _MOVABLE}
        self._movable = {kind: [cell[2] for cell in found[kind]] for kind in _MOVABLE}

    def describe(self) -> list[float]:
        """The numbers of `objects`, in its order."""
        env = self._env
        dx, dy = _DIRECTIONS[env.agent_dir]
        me = Place(int(env.agent_pos[0]), int(env.agent_pos[1]), dx, dy)
        numbers: list[float] = [*me, env.width, env.height]
        doors: dict[str, Any] = {}
        for kind in KINDS:
            if kind in self._movable:
                cells = self._where(kind, me)
            else:
                cells = self._still[kind]
            nearest = min(cells, key=lambda c: abs(c[0] - me.x) + abs(c[1] - me.y), default=None)
            numbers += _relation(me, nearest[0], nearest[1]) if nearest else MISSING
            doors[kind] = nearest[2] if nearest else None
        return numbers + _states(doors, env.carrying) + self._neighbours(me)

    def _where(self, kind: str, me: Place) -> list[tuple[int, int, Any]]:
        """Cells of things that can be carried; a carried one is where the agent is."""
        env, found = self._env, []
        for thing in self._movable[kind]:
            if env.carrying is thing:
                found.append((me.x, me.y, thing))
            else:
                x, y = int(thing.cur_pos[0]), int(thing.cur_pos[1])
                if env.grid.get(x, y) is thing:  # a box that was opened is gone
                    found.append((x, y, thing))
        return found

    def _neighbours(self, me: Place) -> list[float]:
        """Whether the cells to the left, ahead and to the right block the way, and hold lava."""
        beside = ((me.dy, -me.dx), (me.dx, me.dy), (-me.dy, me.dx))
        cells = [self._cell(me.x + dx, me.y + dy) for dx, dy in beside]
        blocked = [float(cell is not None and not cell.can_overlap()) for cell in cells]
        return blocked + [float(cell is not None and cell.type == "lava") for cell in cells]

    def _cell(self, x: int, y: int) -> Any:
        grid = self._env.grid
        return grid.get(x, y) if 0 <= x < grid.width and 0 <= y < grid.height else None


def _relation(me: Place, x: int, y: int) -> tuple[float, ...]:
    """A thing's numbers: present, position, cells ahead and to the right, cells away."""
    east, south = x - me.x, y - me.y
    ahead, right = east * me.dx + south * me.dy, south * me.dx - east * me.dy
    return 1.0, x, y, ahead, right, abs(east) + abs(south)


def _states(nearest: Mapping[str, Any], carrying: Any) -> list[float]:
    """Whether the door is open, locked, the other one open; what is carried."""
    door, other = nearest["door"], nearest["other_door"]
    doors = [
        float(door is not None and door.is_open),
        float(door is not None and door.is_locked),
        float(other is not None and other.is_open),
    ]
    kind = carrying.type if carrying is not None else None
    return doors + [float(kind == movable) for movable in _MOVABLE]


def _channels() -> np.ndarray:
    """Channels of a cell by its type and state, shape (n_types, 3, n_channels)."""
    types: Mapping[str, int] = package("minigrid.core.constants", "MiniGrid").OBJECT_TO_IDX
    table = np.zeros((len(types), 4, len(_VIEW_CHANNELS)))
    for number, names in enumerate(_VIEW_CHANNELS):
        _mark(table, [types[name] for name in names], number)
    table[types["door"], 0] = 0.0  # an open door is a way like any other
    return table


def _mark(table: np.ndarray, rows: Iterable[int], channel: int) -> None:
    for row in rows:
        table[row, :, channel] = 1.0
