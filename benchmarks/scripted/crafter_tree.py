"""A pickaxe for the night's burrow; by day beside a tree, but for drinking, eating and fights."""

from scripted.crafter_walk import Walker, keeper


def player(env):
    """The `act` of one episode."""
    walker = Walker(env)
    return keeper(walker, lambda: walker.quiet(walker.cells("tree")))
