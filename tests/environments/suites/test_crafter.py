"""Crafter's fields are what its world holds; its old interface and its chance are mended."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, load_card, task_of
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.fields import FieldReader
from rewardsmith.environments.fitness import compile_fitness
from rewardsmith.environments.suites.crafter import KINDS, VIEW, SymbolicCrafter
from rewardsmith.environments.suites.packages import package
from rewardsmith.errors import UsageError
from rewardsmith.messages import Trajectory

NOTHING, WALK_LEFT, WALK_RIGHT, WALK_UP, WALK_DOWN, USE, SLEEP, PLACE_STONE, PLACE_TABLE = range(9)
MAKE_WOOD_PICKAXE = 11
SMALL = (20, 20)  # a tenth of the usual time to draw a world


class World:
    """A small world that is read as its card says."""

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        self.env = SymbolicCrafter(area=SMALL, **kwargs)
        self.env.reset(seed=seed)
        self.card: EnvCard = load_card("Crafter")
        self._reader = FieldReader(self.card, self.env)

    @property
    def fields(self) -> dict[str, np.ndarray]:
        return self._reader.read(np.zeros(1), {}, at_start=True)

    def put(self, right: int, down: int, material: str) -> None:
        """Change a cell beside the player."""
        x, y = self.env.inner._player.pos
        self.env.inner._world[x + right, y + down] = material

    def clear(self) -> None:
        """Grass all round, and no creature."""
        for thing in self.env.inner._world.objects:
            if thing is not self.env.inner._player:
                self.env.inner._world.remove(thing)
        for x in range(SMALL[0]):
            for y in range(SMALL[1]):
                self.env.inner._world[x, y] = "grass"


@pytest.fixture(scope="module")
def shared() -> World:
    """One world for tests that rebuild it."""
    return World()


def test_fields_are_what_the_world_holds(shared: World) -> None:
    env = shared.env
    for action in np.random.default_rng(0).integers(5, size=25):
        env.step(int(action))
        inner, fields = env.inner, shared.fields
        assert (fields["position"] == inner._player.pos).all()
        assert (fields["facing"] == inner._player.facing).all()
        for item, amount in inner._player.inventory.items():
            assert fields[item] == amount
        material, creature = inner._world[inner._player.pos + np.array(inner._player.facing)]
        ahead = type(creature).__name__.lower() if creature else material
        assert [kind for kind in KINDS if fields[f"faces_{kind}"]] == [ahead] * (ahead in KINDS)


def test_nearest_of_a_kind_is_the_nearest_in_view(shared: World) -> None:
    shared.clear()
    shared.put(3, -2, "tree")
    shared.put(-2, 1, "tree")
    shared.put(0, 4, "lava")  # a row below what a picture shows
    shared.env.step(NOTHING)
    fields = shared.fields
    assert fields["to_tree"].tolist() == [-2.0, 1.0]
    assert fields["tree_distance"] == 3.0
    assert fields["lava_distance"] == 10.0
    assert fields["to_lava"].tolist() == [0.0, 0.0]


def test_observation_shows_the_cells_in_view(shared: World) -> None:
    shared.clear()
    shared.put(2, -1, "water")
    obs = shared.env.step(NOTHING)[0]
    view = obs[len(shared.env.objects) :].reshape(*VIEW, -1)
    seen = np.argwhere(view[:, :, KINDS.index("water")])
    assert seen.tolist() == [[VIEW[0] // 2 + 2, VIEW[1] // 2 - 1]]


def test_beyond_the_worlds_edge_there_is_nothing(shared: World) -> None:
    shared.clear()
    player, world = shared.env.inner._player, shared.env.inner._world
    world.move(player, (0, 0))
    shared.put(1, 0, "tree")
    obs = shared.env.step(WALK_UP)[0]
    view = obs[len(shared.env.objects) :].reshape(*VIEW, -1)
    assert shared.fields["to_tree"].tolist() == [1.0, 0.0]
    assert view[: VIEW[0] // 2].sum() == view[:, : VIEW[1] // 2].sum() == 0.0
    world.move(player, (SMALL[0] // 2, SMALL[1] // 2))


def test_wood_table_and_pickaxe_come_one_after_the_other(shared: World) -> None:
    shared.clear()
    env = shared.env
    for _ in range(9):
        shared.put(1, 0, "tree")
        env.step(WALK_RIGHT)
        env.step(USE)
    wood = int(shared.fields["wood"])
    assert wood > 3
    shared.put(1, 0, "grass")
    env.step(PLACE_TABLE)
    assert shared.fields["faces_table"]
    assert shared.fields["wood"] < wood
    env.step(MAKE_WOOD_PICKAXE)
    assert shared.fields["wood_pickaxe"] == 1


def test_lava_ends_the_episode_and_time_does_not() -> None:
    world = World(seed=1)
    world.clear()
    world.put(0, 1, "lava")
    *_, terminated, truncated, info = world.env.step(WALK_DOWN)
    assert terminated
    assert not truncated
    assert world.fields["health"] == 0
    assert world.fields["lava_distance"] == 0.0  # the player stands on it
    assert info == {}  # no achievements, no reward


def test_time_limit_of_the_package_is_a_truncation() -> None:
    world = World(seed=1)
    world.env.inner._length = 3
    endings = [world.env.step(NOTHING)[2:4] for _ in range(3)]
    assert endings == [(False, False), (False, False), (False, True)]


def test_a_seed_is_one_episode_and_the_next_reset_another() -> None:
    def played(env: SymbolicCrafter) -> np.ndarray:
        env.reset(seed=7)
        actions = np.random.default_rng(0).integers(17, size=40)
        return np.stack([env.step(int(a))[0] for a in actions])

    first, second = SymbolicCrafter(area=SMALL), SymbolicCrafter(area=SMALL)
    clutter = [object() for _ in range(1000)]  # moves what comes later to other addresses
    assert np.array_equal(played(first), played(second))
    assert len(clutter) == 1000
    assert not np.array_equal(first.reset()[0], first.reset()[0])


def test_quicker_drawing_draws_the_packages_own_world(monkeypatch: pytest.MonkeyPatch) -> None:
    env = SymbolicCrafter(area=SMALL)
    noise = package("opensimplex.internals", "Crafter")
    env.reset(seed=5)
    quick = env.inner._world._mat_map.copy()
    as_shipped = package("opensimplex.constants", "Crafter").GRADIENTS3
    assert isinstance(as_shipped, np.ndarray)
    monkeypatch.setattr(noise, "GRADIENTS3", as_shipped)
    env.reset(seed=5)
    assert np.array_equal(quick, env.inner._world._mat_map)


def test_creatures_of_a_chunk_are_gone_through_in_the_order_of_their_coming(shared: World) -> None:
    shared.clear()
    world, player = shared.env.inner._world, shared.env.inner._player
    cow_of = package("crafter.objects", "Crafter").Cow
    cows = [cow_of(world, (x, y)) for x in range(4) for y in range(4)]
    for cow in cows[::2] + cows[1::2]:
        world.add(cow)
    members = world.chunks[world.chunk_key(cows[0].pos)]
    assert [one for one in members if one is not player] == cows[::2] + cows[1::2]


def test_pictures_change_no_episode() -> None:
    plain, drawn = World(seed=2).env, World(seed=2, render_mode="rgb_array").env
    for env in (plain, drawn):
        env.inner._step = 250  # dusk, when a picture draws noise from the world's own generator
    for _ in range(12):
        picture = drawn.render()
        assert np.array_equal(plain.step(WALK_LEFT)[0], drawn.step(WALK_LEFT)[0])
    assert picture.shape == (384, 384, 3)
    assert picture.dtype == np.uint8


def test_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "crafter", None)
    with pytest.raises(UsageError, match=r'pip install "rewardsmith\[crafter\]"'):
        make_env(load_card("Crafter"))


def judged(name: str, rows: Mapping[str, np.ndarray], *, terminated: bool) -> float:
    card = load_card("Crafter")
    task = task_of(card, name)
    n_steps = len(next(iter(rows.values()))) - 1
    fields = {f.name: np.zeros((n_steps + 1, *f.shape)) for f in card.state.fields} | dict(rows)
    actions = np.zeros(n_steps)
    episode = Trajectory(seed=0, fields=fields, actions=actions, terminated=terminated)
    fitness = compile_fitness(task.fitness, card.state, horizon=task.horizon, dt=None)
    return fitness.evaluate(episode)


@pytest.mark.parametrize(
    ("task", "field", "worst"),
    [("approach_tree", "tree_distance", -8.0), ("find_cow", "cow_distance", -10.0)],
)
def test_dying_early_is_worth_no_more_than_never_getting_near(
    task: str, field: str, worst: float
) -> None:
    n_rows = load_card("Crafter").max_steps + 1
    beside = judged(task, {field: np.ones(n_rows)}, terminated=False)
    far = judged(task, {field: np.full(n_rows, 10.0)}, terminated=False)
    died = judged(task, {field: np.full(11, 10.0)}, terminated=True)
    assert beside == -1.0
    assert far == died == worst
