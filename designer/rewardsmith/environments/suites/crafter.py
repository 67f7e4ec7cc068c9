"""Crafter behind Gymnasium's interface: what is near, what lies ahead, what is carried.

The package's own world is stepped; its pictures, which take most of a step, are drawn only when
asked for. Policies observe the cells that a picture would show and the inventory, as one vector.
`objects` holds what a card's fields are cut from. Achievements, being a score, are in neither.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np

from rewardsmith.environments.suites.packages import package

KINDS = tuple("tree cow water lava table furnace stone coal iron diamond zombie skeleton".split())
"""What is looked for: each the nearest of its kind in view."""
ITEMS = tuple(
    "health food drink energy sapling wood stone coal iron diamond wood_pickaxe stone_pickaxe "
    "iron_pickaxe wood_sword stone_sword iron_sword".split()
)
VIEW = (9, 7)
"""Columns and rows that a picture shows, the player in the middle."""
OUT_OF_VIEW = (0.0, 0.0, 10.0)
"""Where a kind is of which there is none in view: no direction, and farther than any in view."""
N_OBJECTS = 6 + len(ITEMS) + (len(OUT_OF_VIEW) + 1) * len(KINDS)
"""Length of `objects`: position, direction, daylight, asleep; inventory; kinds; what is ahead."""

_CREATURES = ("player", "cow", "zombie", "skeleton", "arrow", "plant")
_SEEN = (*KINDS, "arrow", "plant")
"""Channels of a cell in the observation; all else can be walked on."""


class SymbolicCrafter(gymnasium.Env[np.ndarray, Any]):
    """Crafter, observed as a vector.

    Args:
        area: Columns and rows of the world.
        view: Whether the cells in view are observed, besides the nearest of every kind.
        picture: Width and height of rendered pictures.
        render_mode: `rgb_array`, or None for no pictures.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012

    def __init__(
        self,
        *,
        area: Sequence[int] = (64, 64),
        view: bool = True,
        picture: int = 384,
        render_mode: str | None = None,
    ) -> None:
        crafter = package("crafter", "Crafter")
        _quicken_drawing(package("opensimplex.internals", "Crafter"))
        self.inner: Any = crafter.Env(area=tuple(map(int, area)), size=(picture, picture), seed=0)
        """The package's environment."""
        self._draw = self.inner._obs
        self.inner._obs = lambda: None
        _order_chunks(self.inner._world, crafter.engine.World)
        self.render_mode = render_mode
        self._codes = _codes(self.inner)
        self._channels = _channels(self._codes) if view else None
        n_view = len(_SEEN) * VIEW[0] * VIEW[1] if view else 0
        self.observation_space = gymnasium.spaces.Box(
            -100.0, 100.0, (N_OBJECTS + n_view,), dtype=np.float32
        )
        self.action_space = gymnasium.spaces.Discrete(len(self.inner.action_names))
        self.objects = np.zeros(N_OBJECTS)
        """The world as numbers, shape (N_OBJECTS,); cells count from 0, x to the right, y down."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start an episode in a new world; takes a fifth of a second in one of 64 by 64 cells."""
        super().reset(seed=seed)
        if seed is not None:  # the package draws a world from its own seed and episode number
            self.inner._seed, self.inner._episode = seed, 0
        self.inner.reset()
        return self._observe(self.inner._sem_view()), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Step the world; a player without health ends the episode."""
        _, reward, done, info = self.inner.step(int(action))
        is_dead = info["discount"] == 0.0
        return self._observe(info["semantic"]), float(reward), is_dead, done and not is_dead, {}

    def render(self) -> Any:
        """Draw what the player sees, as the package does."""
        # At night it draws noise from the world's own generator, which would change the episode.
        random = self.inner._world.random
        state = random.get_state()
        picture = self._draw()
        random.set_state(state)
        return picture

    def _observe(self, semantic: np.ndarray) -> np.ndarray:
        player = self.inner._player
        x, y = int(player.pos[0]), int(player.pos[1])
        cells = _window(semantic, x, y)
        self.objects = np.array(self._describe(player, cells))
        if self._channels is None:
            return self.objects.astype(np.float32)
        return np.concatenate((self.objects, self._channels[cells].ravel()), dtype=np.float32)

    def _describe(self, player: Any, cells: np.ndarray) -> list[float]:
        """The numbers of `objects`, in its order."""
        dx, dy = player.facing
        numbers: list[float] = [*map(int, player.pos), dx, dy]
        numbers += [float(self.inner._world.daylight), float(player.sleeping)]
        numbers += [player.inventory[name] for name in ITEMS]
        near = cells.ravel()[_NEAREST_FIRST].tolist()
        near[0] = int(self.inner._world._mat_map[tuple(player.pos)])  # what the player stands on
        first = dict(zip(reversed(near), _PLACES_REVERSED, strict=True))
        for kind in KINDS:
            numbers += first.get(self._codes[kind], OUT_OF_VIEW)
        ahead = int(cells[VIEW[0] // 2 + dx, VIEW[1] // 2 + dy])
        return numbers + [float(self._codes[kind] == ahead) for kind in KINDS]


def _window(semantic: np.ndarray, x: int, y: int) -> np.ndarray:
    """Codes of the cells in view, shape VIEW; 0 beyond the world's edge."""
    half = (VIEW[0] // 2, VIEW[1] // 2)
    left, top = x - half[0], y - half[1]
    if left >= 0 and top >= 0:
        seen = semantic[left : left + VIEW[0], top : top + VIEW[1]]
        if seen.shape == VIEW:
            return seen
    padded = np.zeros(VIEW, dtype=semantic.dtype)
    inside = semantic[max(left, 0) : left + VIEW[0], max(top, 0) : top + VIEW[1]]
    column, row = max(-left, 0), max(-top, 0)
    padded[column : column + inside.shape[0], row : row + inside.shape[1]] = inside
    return padded


def _places() -> tuple[np.ndarray, list[tuple[float, float, float]]]:
    """Cells of the view by distance, nearest first: flat index, and (right, down, distance)."""
    half = (VIEW[0] // 2, VIEW[1] // 2)
    cells = [(x - half[0], y - half[1]) for x in range(VIEW[0]) for y in range(VIEW[1])]
    order = sorted(range(len(cells)), key=lambda i: abs(cells[i][0]) + abs(cells[i][1]))
    placed = [(*map(float, cells[i]), float(abs(cells[i][0]) + abs(cells[i][1]))) for i in order]
    return np.array(order), [(x, y, distance) for x, y, distance in placed]


_NEAREST_FIRST, _PLACES = _places()
_PLACES_REVERSED = _PLACES[::-1]


def _codes(inner: Any) -> Mapping[str, int]:
    """The number that stands for each material and creature in the package's semantic view."""
    materials = {name: number for name, number in inner._world._mat_ids.items() if name}
    creatures = {c.__name__.lower(): number for c, number in inner._sem_view._obj_ids.items()}
    return {**materials, **{name: creatures[name] for name in _CREATURES}}


def _channels(codes: Mapping[str, int]) -> np.ndarray:
    """Channels of a cell by its code, shape (n_codes, n_channels)."""
    table = np.zeros((max(codes.values()) + 1, len(_SEEN)))
    for channel, name in enumerate(_SEEN):
        table[codes[name], channel] = 1.0
    return table


class _Members(dict[Any, None]):
    """A set of things that is gone through in the order of their coming."""

    def add(self, thing: Any) -> None:
        self[thing] = None

    def remove(self, thing: Any) -> None:
        del self[thing]


def _order_chunks(world: Any, kind: Any) -> None:
    """Keep a chunk's creatures in order: in the package's sets it follows memory addresses.

    Which creature vanishes is drawn by its place in that order, so one seed led to two episodes.
    """

    def reset(seed: int | None = None) -> None:
        kind.reset(world, seed)
        world._chunks = defaultdict(_Members)

    world.reset = reset


def _quicken_drawing(noise: Any) -> None:
    """Give the noise that worlds are drawn from its directions as a list: a quarter of the time.

    They are cut from an array some 150,000 times a world. The numbers are the same, and so is the
    world. Where numba compiled the noise, it holds the array already.
    """
    if noise.prange is range and isinstance(noise.GRADIENTS3, np.ndarray):
        noise.GRADIENTS3 = noise.GRADIENTS3.tolist()
