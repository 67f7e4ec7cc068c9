"""A Crafter player's legs and hands: ways over the world's own map, fights, food, drink and sleep.

The players of the single tasks are made of it. It sees the whole map, which policies do not.
"""

import heapq

import numpy as np

NOTHING, USE, SLEEP, STONE, TABLE, FURNACE = 0, 5, 6, 7, 8, 9
WOOD_PICKAXE, STONE_PICKAXE, IRON_PICKAXE = 11, 12, 13
WALK = {(-1, 0): 1, (1, 0): 2, (0, -1): 3, (0, 1): 4}
OPEN = ("grass", "sand", "path")
TOOLS = {
    "stone": "wood_pickaxe",
    "coal": "wood_pickaxe",
    "iron": "stone_pickaxe",
    "diamond": "iron_pickaxe",
}
"""What is in the way and can be taken, by the tool that it takes; trees need none."""

LATE = 420
"""Timestep of 500 after which nothing is done for later."""
ARROW = 6
"""Cells that a place should be away from tunnels."""


class Walker:
    """One player in one episode."""

    def __init__(self, env):
        self.env = env.unwrapped.inner
        self.world, self.body = self.env._world, self.env._player
        self.errand = None
        self.burrow = None
        self.shunned = set()
        self.tunnels = np.array(sorted(self.cells("path"))).reshape(-1, 2)

    @property
    def has(self):
        """The inventory, with health, food, drink and energy."""
        return self.body.inventory

    @property
    def place(self):
        """Column and row."""
        return tuple(map(int, self.body.pos))

    def live(self):
        """The action that staying alive takes now, or None by day when nothing is needed."""
        needed = self.needs()
        if needed is not None:
            return needed
        if self.is_hidden and self.has["energy"] < 9:
            return SLEEP
        is_hurt = self.has["health"] < (8 if self.is_hidden else 5)
        is_out = (self.is_dusk or self.is_night) and not self.is_late
        return self.hide() if is_out or is_hurt else None

    def needs(self):
        """The action against a foe, thirst and hunger, or None."""
        fight = self.fight()
        if fight is not None or self.body.sleeping:
            return SLEEP if fight is None else fight
        urgent = 1 if self.is_hidden else 3
        for need, source in (("drink", "water"), ("food", "Cow")):
            if not self.is_late and self.has[need] < (7 if self.is_dusk else urgent):
                self.errand = need, source
        if self.errand is not None:
            need, source = self.errand
            if self.has[need] < 8 and (found := self.use(source)) is not None:
                return found
            self.errand = None
        return None

    @property
    def is_late(self):
        """Whether what is eaten and drunk lasts for the rest of the episode."""
        return self.env._step > LATE

    @property
    def is_dusk(self):
        """Whether it is time to get ready for the night."""
        return 100 <= self.hour < 150

    @property
    def is_night(self):
        """Whether zombies come out on the grass."""
        return self.hour >= 150

    @property
    def hour(self):
        """Timesteps of the present day, of 300."""
        return self.env._step % 300

    @property
    def is_hidden(self):
        """Whether the burrow is closed, with the player in it."""
        if self.burrow is None or self.place not in self.burrow[1:]:
            return False
        return not any(
            self.world[cell][0] in OPEN
            for inside in self.burrow[1:]
            for cell in around(inside)
            if cell not in self.burrow[1:]
        )

    def hide(self):
        """The next action on the way into a burrow in the rock, or in making the pickaxe for it."""
        if not self.has["wood_pickaxe"]:
            return self.make_pickaxe()
        if self.is_hidden:
            return NOTHING
        if self.burrow is None or self.place not in self.burrow or not self.is_sound(*self.burrow):
            found = {burrow[0]: burrow for burrow in self.burrows()}
            if self.place not in found:
                return self.to(lambda cell: cell in found)
            self.burrow = found[self.place]
        door, room, end = self.burrow
        if self.place == door:
            return self._follow([room])
        if self.place == end:
            return self._follow([room])
        if self.ahead == door:
            return STONE
        return self._follow([end])

    def burrows(self):
        """Door, room and its end: three cells in a row, where only the door would be open."""
        rock = self.cells("stone") - self.shunned
        for room in rock:
            for dx, dy in WALK:
                door, end = (room[0] - dx, room[1] - dy), (room[0] + dx, room[1] + dy)
                is_shut = end in rock and self.world[door][0] in OPEN
                if is_shut and self.is_sound(door, room, end):
                    yield door, room, end

    def is_sound(self, door, room, end):
        """Whether a burrow would be closed but for its door."""
        walls = {*around(room), *around(end)} - {door, room, end}
        return not any(self.world[cell][0] in OPEN for cell in walls)

    def make_pickaxe(self):
        """The next action on the way to a wood pickaxe."""
        if self.is_near("table") and self.has["wood"]:
            return WOOD_PICKAXE
        return self.use("tree") if self.has["wood"] < 3 else self.set_down(TABLE)

    def fight(self):
        """The action against a zombie or skeleton beside the player, or None."""
        foes = self.creatures("Zombie", 1) + self.creatures("Skeleton", 1)
        if not foes:
            return None
        step = tuple(int(n) for n in foes[0].pos - self.body.pos)
        return USE if step == tuple(self.body.facing) else WALK.get(step)

    def creatures(self, kind, reach=100):
        """Creatures of a kind within so many cells."""
        met = [o for o in self.world.objects if type(o).__name__ == kind]
        return [o for o in met if self.body.distance(o) <= reach]

    def cells(self, kind):
        """The cells of a material, or of creatures."""
        if kind[0].isupper():
            return {tuple(map(int, o.pos)) for o in self.creatures(kind)}
        found = np.argwhere(self.world._mat_map == self.world._mat_ids[kind])
        return set(map(tuple, found.tolist()))

    def quiet(self, cells):
        """Those of some cells that no tunnel is near, where skeletons shoot; all if none is."""
        return {c for c in cells if (abs(self.tunnels - c).sum(axis=1) > ARROW).all()} or cells

    def use(self, kind):
        """The next action on the way to using the nearest of a kind; None where there is none."""
        return self.beside(self.cells(kind), USE)

    def beside(self, cells, then):
        """The next action on the way to facing the nearest of some cells, and that behind it."""
        if self.ahead in cells:
            return then
        return self._follow(self.way(lambda cell: cell in cells))

    def to(self, is_goal):
        """The next action on the way to the nearest open cell of a kind; None if none is known."""
        if is_goal(self.place):
            return NOTHING
        return self._follow(self.way(lambda cell: is_goal(cell) and self.cost(cell) < np.inf))

    @property
    def ahead(self):
        """The cell that the player faces."""
        return tuple(int(n) for n in self.body.pos + self.body.facing)

    def way(self, is_goal):
        """Cells of the cheapest way to a goal, the first one next to the player; None without."""
        best, before, queue = {self.place: 0.0}, {}, [(0.0, self.place)]
        while queue:
            spent, cell = heapq.heappop(queue)
            if cell != self.place and is_goal(cell):
                found = [cell]
                while before[found[-1]] != self.place:
                    found.append(before[found[-1]])
                return found[::-1]
            if spent > best[cell] or (cell != self.place and self.cost(cell) == np.inf):
                continue
            for dx, dy in WALK:
                near = (cell[0] + dx, cell[1] + dy)
                price = 1.0 if is_goal(near) else self.cost(near)
                if is_goal(near) or price < np.inf:
                    total = spent + price
                    if total < best.get(near, np.inf):
                        best[near], before[near] = total, cell
                        heapq.heappush(queue, (total, near))
        return None

    def cost(self, cell):
        """Timesteps that entering a cell takes; infinite where the player must not go."""
        material, creature = self.world[cell]
        if cell in self.shunned:
            return np.inf
        if creature is not None and creature is not self.body:
            return 6.0
        if material in OPEN:
            return 1.0
        if self.can_take(cell):
            return 2.5
        return 4.0 if material == "water" and self.has["stone"] > 2 else np.inf

    def set_down(self, what, beside=None):
        """The next action on the way to placing something ahead, with a material staying near."""
        if self.is_free(self.ahead):
            return what
        if self.can_take(self.ahead):
            return USE
        for step, turn in WALK.items():
            if self.can_take((self.place[0] + step[0], self.place[1] + step[1])):
                return turn
        for step, walk in WALK.items():
            cell = (self.place[0] + step[0], self.place[1] + step[1])
            if self.is_free(cell) and (beside is None or self.is_near(beside, cell)):
                return walk
        return NOTHING

    def is_near(self, material, cell=None):
        """Whether a material is near enough for making things, here or seen from a cell."""
        x, y = self.place if cell is None else cell
        return bool(self.world.mask(x - 1, x + 2, y - 1, y + 2, material).any())

    def is_free(self, cell):
        """Whether a cell can be walked on, with nobody in it."""
        material, creature = self.world[cell]
        return creature is None and material in OPEN

    def can_take(self, cell):
        """Whether what fills a cell can be taken away with the tools at hand."""
        material, creature = self.world[cell]
        if creature is not None:
            return False
        return material == "tree" or (material in TOOLS and self.has[TOOLS[material]] > 0)

    def _follow(self, way):
        """The action that follows a way, and clears it."""
        if way is None:
            return None
        step = (way[0][0] - self.place[0], way[0][1] - self.place[1])
        if tuple(self.body.facing) != step:
            return WALK[step]
        if self.is_free(way[0]):
            return WALK[step]
        return STONE if way[0] in self.cells("water") else USE


def keeper(walker, keep):
    """The `act` of who makes a pickaxe for the night, and by day does what `keep()` says."""

    def act(fields):
        needed = walker.live()
        if needed is not None:
            return needed
        if not walker.has["wood_pickaxe"]:
            return walker.make_pickaxe()
        return keep() or NOTHING

    return act


def around(cell):
    """The four cells beside one."""
    return [(cell[0] + dx, cell[1] + dy) for dx, dy in WALK]
