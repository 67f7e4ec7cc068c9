"""A pickaxe for the night's burrow; by day beside a cow, but for drinking, eating and fights."""

from scripted.crafter_walk import NOTHING, Walker


def player(env):
    """The `act` of one episode."""
    walker = Walker(env)

    def act(fields):
        needed = walker.live()
        if needed is not None:
            return needed
        if not walker.has["wood_pickaxe"]:
            return walker.make_pickaxe()
        return walker.beside(walker.cells("Cow"), NOTHING) or NOTHING

    return act
