"""A pickaxe, nine logs from the nearest trees, and then a burrow."""

from scripted.crafter_walk import NOTHING, Walker


def player(env):
    """The `act` of one episode."""
    walker = Walker(env)

    def act(fields):
        if walker.has["wood"] == 9:
            return walker.live() or walker.hide() or NOTHING
        needed = walker.fight()
        if needed is not None:
            return needed
        if not walker.has["wood_pickaxe"]:
            return walker.make_pickaxe()
        return walker.use("tree")

    return act
