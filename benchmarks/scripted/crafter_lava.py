"""A day and a night at home; then, fed and watered, to the farthest burrow that is to be had.

Cells near lava are not entered. Far from home there may be nothing to drink, so the way comes last.
"""

import math

from scripted.crafter_walk import NOTHING, Walker

NEAR = 3
"""Cells from lava that are not entered."""
DEPARTURE = 290
"""Timestep from which it gets ready."""
FARTHEST = 120
"""Cells that a way may have, which is what is left of the second day."""


def player(env):
    """The `act` of one episode."""
    walker = Walker(env)
    start = walker.place
    cells = [(x, y) for x in range(-NEAR, NEAR + 1) for y in range(-NEAR, NEAR + 1)]
    near = [(x, y) for x, y in cells if abs(x) + abs(y) <= NEAR]
    walker.shunned = {(x + dx, y + dy) for x, y in walker.cells("lava") for dx, dy in near}
    chosen = []

    def act(fields):
        if walker.env._step < DEPARTURE or not walker.has["wood_pickaxe"]:
            return walker.live() or walker.hide() or NOTHING
        needed = walker.fight() if chosen else walker.needs()
        if needed is not None:
            return needed
        for need, source in (("food", "Cow"), ("drink", "water")):
            if not chosen and walker.has[need] < 7:
                return walker.use(source) or NOTHING
        if not chosen:
            chosen.append(_far(walker, start))
        if walker.place == chosen[0]:
            chosen.append(start)
        if len(chosen) > 1:
            return walker.hide() or NOTHING
        return walker.to(lambda cell: cell == chosen[0]) or NOTHING

    return act


def _far(walker, start):
    """The door farthest from the start to which there is a way that is not too long."""
    doors = {door for door, _, _ in walker.burrows()}
    for door in sorted(doors, key=lambda door: -math.dist(door, start)):
        way = walker.way(lambda cell, door=door: cell == door)
        if way is not None and len(way) < FARTHEST:
            return door
    return walker.place
