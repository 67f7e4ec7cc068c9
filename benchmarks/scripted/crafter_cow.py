"""A pickaxe for the night's burrow; by day beside a cow, but for drinking, eating and fights."""

from scripted.crafter_walk import NOTHING, Walker, keeper


def player(env):
    """The `act` of one episode."""
    walker = Walker(env)
    return keeper(walker, lambda: walker.beside(walker.cells("Cow"), NOTHING))
