"""Up the tools: wood, a table and a pickaxe; stone and coal; at the iron a table and a furnace."""

from scripted.crafter_walk import (
    FURNACE,
    IRON_PICKAXE,
    NOTHING,
    STONE_PICKAXE,
    TABLE,
    Walker,
)

LOGS = 4
"""For a second table, the stone pickaxe and the iron one."""
STONES = 6
"""For the stone pickaxe and the furnace, and one to spare."""


def player(env):
    """The `act` of one episode."""
    walker = Walker(env)

    def act(fields):
        if walker.has["diamond"]:
            return walker.live() or walker.hide() or NOTHING
        needed = walker.needs()
        return (_tools(walker) or NOTHING) if needed is None else needed

    return act


def _tools(walker):
    """The next action on the way to the next tool that is missing, and to the diamond with all."""
    if walker.has["iron_pickaxe"]:
        return walker.use("diamond")
    if walker.has["stone_pickaxe"]:
        return _iron_pickaxe(walker)
    return _stone_pickaxe(walker) if walker.has["wood_pickaxe"] else walker.make_pickaxe()


def _stone_pickaxe(walker):
    has = walker.has
    if walker.is_near("table") and has["wood"] and has["stone"] > STONES - 2:
        return STONE_PICKAXE
    for kind, enough in (("tree", LOGS), ("stone", STONES), ("coal", 1)):
        if has["wood" if kind == "tree" else kind] < enough:
            return walker.use(kind)
    return walker.set_down(TABLE, beside="iron") if walker.is_near("iron") else walker.use("iron")


def _iron_pickaxe(walker):
    if not walker.has["iron"]:
        return walker.use("iron")
    if not walker.is_near("table"):
        return walker.use("table")
    if not walker.is_near("furnace"):
        return walker.set_down(FURNACE, beside="table")
    return IRON_PICKAXE
