"""A pickaxe for the night's burrow; by day two cells from a tree, but for needs and fights."""

import numpy as np
from scripted.crafter_walk import Walker, keeper

DISTANCE = 2
"""Cells along the grid."""
STEPS = [
    (dx, dy)
    for dx in range(-DISTANCE, DISTANCE + 1)
    for dy in range(-DISTANCE, DISTANCE + 1)
    if abs(dx) + abs(dy) == DISTANCE
]


def player(env):
    """The `act` of one episode."""
    walker = Walker(env)

    def keep():
        places = walker.quiet(_around(walker.cells("tree")))
        return walker.to(lambda cell: cell in places)

    return keeper(walker, keep)


def _around(trees):
    """Cells whose nearest tree is `DISTANCE` away."""
    taken = np.array(sorted(trees))
    near = {(x + dx, y + dy) for x, y in trees for dx, dy in STEPS}
    return {cell for cell in near if np.abs(taken - cell).sum(axis=1).min() == DISTANCE}
