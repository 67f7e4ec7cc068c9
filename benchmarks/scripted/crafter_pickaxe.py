"""Three logs, a table on the spot, and the pickaxe beside it; then a burrow."""

from scripted.crafter_walk import NOTHING, Walker


def player(env):
    """The `act` of one episode."""
    walker = Walker(env)

    def act(fields):
        if walker.has["wood_pickaxe"]:
            return walker.live() or walker.hide() or NOTHING
        needed = walker.fight()
        return walker.make_pickaxe() if needed is None else needed

    return act
