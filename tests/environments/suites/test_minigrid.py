"""MiniGrid's objects are what the package's grid holds, and its tasks can be done."""

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.shipped import tried

from rewardsmith.environments.cards import EnvCard, card_names, load_card, task_of
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.fields import FieldReader
from rewardsmith.environments.fitness import compile_fitness, compile_success
from rewardsmith.environments.inspection import check_card
from rewardsmith.environments.suites.minigrid import N_OBJECTS, SymbolicMiniGrid
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import UsageError
from rewardsmith.messages import Trajectory

CARDS = [name for name in card_names() if name.startswith("MiniGrid-")]
DOORKEY = "MiniGrid-DoorKey-6x6-v0"
LEFT, RIGHT, FORWARD, PICK_UP, DROP, TOGGLE = range(6)
TURNS = ((1, 0), (0, 1), (-1, 0), (0, -1))


def read(env: SymbolicMiniGrid, card: EnvCard) -> dict[str, np.ndarray]:
    return FieldReader(card, env).read(np.zeros(N_OBJECTS), {}, at_start=True)


def cells(env: SymbolicMiniGrid, kind: str) -> list[tuple[int, int]]:
    """Where the package's own grid has things of a kind."""
    grid = env.inner.grid
    everywhere = [(x, y) for x in range(grid.width) for y in range(grid.height)]
    return [c for c in everywhere if grid.get(*c) is not None and grid.get(*c).type == kind]


def made(name: str) -> tuple[SymbolicMiniGrid, EnvCard]:
    card = load_card(name)
    env = make_env(card)
    assert isinstance(env, SymbolicMiniGrid)
    return env, card


@pytest.mark.parametrize("name", ["MiniGrid", *map(tried, CARDS)])
def test_card_and_environment_agree_along_random_play(name: str) -> None:
    assert check_card(load_card(name), n_steps=40).problems == ()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["MiniGrid-KeyCorridorS3R3-v0", "MiniGrid-LavaCrossingS9N1-v0"])
def test_fields_equal_what_the_grid_itself_holds(name: str, seed: int) -> None:
    env, _ = made(name)
    env.reset(seed=seed)
    for action in np.random.default_rng(seed).integers(6, size=30):
        if env.step(int(action))[2]:
            break
    fields, me = read(env, load_card("MiniGrid")), np.array(env.inner.agent_pos)
    assert (fields["agent_position"] == me).all()
    assert (fields["facing"] == TURNS[env.inner.agent_dir]).all()
    for kind in ("key", "goal", "box", "ball", "lava"):
        places = cells(env, kind)
        if not places or getattr(env.inner.carrying, "type", "") == kind:
            continue
        away = min(abs(x - me[0]) + abs(y - me[1]) for x, y in places)
        assert fields[f"{kind}_distance"] == away
        assert tuple(fields[f"{kind}_position"].astype(int)) in places


def test_door_is_the_locked_one_and_keeps_its_place_once_it_is_open() -> None:
    env, _ = made("MiniGrid-KeyCorridorS3R3-v0")
    env.reset(seed=1)
    generic = load_card("MiniGrid")
    (locked,) = [c for c in cells(env, "door") if env.inner.grid.get(*c).is_locked]
    before = read(env, generic)
    assert tuple(before["door_position"]) == locked
    assert before["door_locked"]
    assert tuple(before["other_door_position"]) != locked
    door = env.inner.grid.get(*locked)
    door.is_locked, door.is_open = False, True
    env.step(LEFT)
    after = read(env, generic)
    assert tuple(after["door_position"]) == locked
    assert after["door_open"]
    assert not after["door_locked"]


def test_what_there_is_none_of_has_the_documented_constants() -> None:
    env, _ = made(DOORKEY)
    env.reset(seed=0)
    fields = read(env, load_card("MiniGrid"))
    for kind in ("other_door", "box", "ball", "lava"):
        assert fields[f"{kind}_position"].tolist() == [-1.0, -1.0]
        assert fields[f"to_{kind}"].tolist() == [0.0, 0.0]
        assert fields[f"{kind}_distance"] == 50.0


def test_relations_are_seen_from_where_the_agent_faces() -> None:
    env, card = made(DOORKEY)
    env.reset(seed=0)
    for _ in range(4):
        fields = read(env, card)
        ahead, right = fields["to_goal"]
        facing = fields["facing"]
        aside = np.array([-facing[1], facing[0]])
        found = fields["agent_position"] + ahead * facing + right * aside
        assert found.tolist() == fields["goal_position"].tolist()
        env.step(RIGHT)


def test_box_that_was_opened_is_gone() -> None:
    env, card = made("MiniGrid-UnlockPickup-v0")
    env.reset(seed=0)
    (place,) = cells(env, "box")
    assert tuple(read(env, card)["box_position"]) == place
    env.inner.grid.get(*place).toggle(env.inner, place)
    env.step(LEFT)
    assert read(env, card)["box_distance"] == 50.0


def test_a_carried_key_is_where_the_agent_is_and_a_dropped_one_where_it_lies() -> None:
    env, card = made(DOORKEY)
    env.reset(seed=3)
    for action in route(env, cells(env, "key")[0]):
        env.step(action)
    env.step(PICK_UP)
    held = read(env, card)
    assert held["carrying_key"]
    assert held["key_distance"] == 0.0
    assert held["key_position"].tolist() == held["agent_position"].tolist()
    env.step(DROP)
    lying = read(env, card)
    assert not lying["carrying_key"]
    assert lying["to_key"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("name", [tried(name) for name in CARDS])
def test_same_seed_is_the_same_episode(name: str) -> None:
    card = load_card(name)
    actions = np.random.default_rng(0).integers(card.state.action.n, size=(30, 2))
    played = []
    for _ in range(2):
        vector = StateVectorEnv(card, 2)
        vector.reset(5)
        played.append(np.concatenate([vector.step(a).next_obs for a in actions]))
    assert np.array_equal(played[0], played[1])


def test_the_view_shows_lava_where_the_grid_has_it() -> None:
    env, _ = made("MiniGrid-LavaGapS5-v0")
    obs, _ = env.reset(seed=0)
    view = obs[N_OBJECTS:].reshape(7, 7, -1)
    gap = tuple(map(int, env.inner.gap_pos))
    for cell in [(gap[0], y) for y in range(1, 4)]:
        seen = env.inner.relative_coords(*cell)  # the agent's own frame, and the package's
        assert bool(view[seen][2]) == (cell != gap)


def test_picture_is_the_packages() -> None:
    env = make_env(load_card(DOORKEY), render_mode="rgb_array")
    env.reset(seed=0)
    picture: Any = env.render()
    assert picture.shape == (192, 192, 3)
    assert picture.std() > 0
    env.close()


def test_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "minigrid", None)
    with pytest.raises(UsageError, match=r'pip install "rewardsmith\[minigrid\]"'):
        make_env(load_card(DOORKEY))


# ------------------------------------------------------------- tasks, done by a script


def free(env: SymbolicMiniGrid, cell: tuple[int, int]) -> bool:
    """Whether one can walk on a cell and live, once a door there is opened."""
    thing = env.inner.grid.get(*cell)
    if thing is not None and thing.type == "door":
        return not thing.is_locked
    return thing is None or (thing.can_overlap() and thing.type != "lava")


def route(env: SymbolicMiniGrid, target: tuple[int, int]) -> list[int]:
    """Actions that lead to a cell from which `target` lies ahead, by breadth-first search."""
    x, y = map(int, env.inner.agent_pos)
    start = (x, y, int(env.inner.agent_dir))
    came: dict[tuple[int, int, int], tuple[tuple[int, int, int], int]] = {start: (start, -1)}
    queue = deque([start])
    while queue:
        at = queue.popleft()
        ahead = (at[0] + TURNS[at[2]][0], at[1] + TURNS[at[2]][1])
        if ahead == target:
            return list(actions_to(at, came))[::-1]
        turned = [(*at[:2], (at[2] - 1) % 4), (*at[:2], (at[2] + 1) % 4)]
        onward = [(*ahead, at[2])] if free(env, ahead) else []
        for action, to in zip((LEFT, RIGHT, FORWARD), turned + onward, strict=False):
            if to not in came:
                came[to] = (at, action)
                queue.append(to)
    raise AssertionError(f"no way to {target}")


def actions_to(
    state: tuple[int, int, int],
    came: dict[tuple[int, int, int], tuple[tuple[int, int, int], int]],
) -> Iterator[int]:
    while came[state][1] >= 0:
        state, action = came[state]
        yield action


class Player:
    """Plays one scripted episode and keeps it."""

    def __init__(self, name: str, seed: int) -> None:
        self.env, self.card = made(name)
        self.env.reset(seed=seed)
        self.reader = FieldReader(self.card, self.env)
        self.rows = [self.reader.read(np.zeros(N_OBJECTS), {}, at_start=True)]
        self.actions: list[int] = []
        self.reward, self.terminated = 0.0, False

    def act(self, *actions: int) -> None:
        for action in actions:
            _, reward, self.terminated, _, _ = self.env.step(action)
            self.reward += reward
            self.actions.append(action)
            self.rows.append(self.reader.read(np.zeros(N_OBJECTS), {}))

    @property
    def ahead(self) -> Any:
        """What the agent faces."""
        return self.env.inner.grid.get(*map(int, self.env.inner.front_pos))

    def walk(self, target: tuple[int, int], *then: int) -> None:
        """Go to where `target` lies ahead, through doors that are not locked."""
        for action in route(self.env, target):
            if action == FORWARD and self.ahead is not None and not self.ahead.can_overlap():
                self.act(TOGGLE)
            self.act(action)
        self.act(*then)

    def go(self, kind: str, *then: int) -> None:
        self.walk(cells(self.env, kind)[0], *then)

    def unlock(self) -> None:
        self.go("key", PICK_UP)
        doors = [c for c in cells(self.env, "door") if self.env.inner.grid.get(*c).is_locked]
        self.walk(doors[0], TOGGLE)

    def drop(self) -> None:
        """Put the key down beside or behind the agent, where it blocks no door."""
        self.act(LEFT)
        while self.ahead is not None:
            self.act(LEFT)
        self.act(DROP)

    def judged(self) -> tuple[float, bool]:
        task = task_of(self.card)
        fields = {k: np.stack([row[k] for row in self.rows]) for k in self.rows[0]}
        actions = np.array(self.actions)
        episode = Trajectory(seed=0, fields=fields, actions=actions, terminated=self.terminated)
        fitness = compile_fitness(task.fitness, self.card.state, horizon=task.horizon, dt=None)
        success = compile_success(
            task.success,
            self.card.state,
            semantics=task.semantics,
            held_steps=task.held_steps,
            horizon=task.horizon,
            dt=None,
        )
        return fitness.evaluate(episode), success.evaluate(episode)


def doorkey(player: Player) -> None:
    player.unlock()
    player.act(FORWARD, FORWARD)
    player.go("goal", FORWARD)


def unlock_pickup(player: Player) -> None:
    player.unlock()
    player.drop()
    player.go("box", PICK_UP)


def key_corridor(player: Player) -> None:
    player.unlock()
    player.drop()
    player.go("ball", PICK_UP)


def lava(player: Player) -> None:
    player.go("goal", FORWARD)


SCRIPTS = {
    "MiniGrid-DoorKey-5x5-v0": doorkey,
    DOORKEY: doorkey,
    "MiniGrid-DoorKey-8x8-v0": doorkey,
    "MiniGrid-UnlockPickup-v0": unlock_pickup,
    "MiniGrid-LavaGapS5-v0": lava,
    "MiniGrid-LavaGapS7-v0": lava,
    "MiniGrid-LavaCrossingS9N1-v0": lava,
    "MiniGrid-KeyCorridorS3R3-v0": key_corridor,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_task_done_by_a_script_succeeds_as_the_package_says(name: str) -> None:
    for seed in range(3):
        player = Player(name, seed)
        start = len(player.actions)
        SCRIPTS[name](player)
        fitness, success = player.judged()
        assert player.reward > 0  # the package's own verdict
        assert player.terminated
        assert success
        assert fitness > 0.9
        assert len(player.actions) > start


def test_stepping_into_lava_ends_the_episode_without_success() -> None:
    player = Player("MiniGrid-LavaGapS5-v0", 0)
    player.go("lava", FORWARD)
    fitness, success = player.judged()
    assert player.terminated
    assert player.rows[-1]["lava_distance"] == 0.0
    assert not success
    assert fitness < fitness_of_turning("MiniGrid-LavaGapS5-v0")


def fitness_of_turning(name: str) -> float:
    player = Player(name, 0)
    player.act(*[LEFT] * player.card.max_steps)
    return player.judged()[0]
