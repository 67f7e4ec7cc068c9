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
    has = walker.has

    def act(fields):
        if has["diamond"]:
            return walker.live() or walker.hide() or NOTHING
        needed = walker.needs()
        return (_next() or NOTHING) if needed is None else needed

    def _next():
        if has["iron_pickaxe"]:
            return walker.use("diamond")
        if not has["wood_pickaxe"]:
            return walker.make_pickaxe()
        if has["stone_pickaxe"]:
            return _iron_pickaxe()
        if walker.is_near("table") and has["wood"] and has["stone"] > STONES - 2:
            return STONE_PICKAXE
        if has["wood"] < LOGS:
            return walker.use("tree")
        for material, enough in (("stone", STONES), ("coal", 1)):
            if has[material] < enough:
                return walker.use(material)
        if walker.is_near("iron"):
            return walker.set_down(TABLE, beside="iron")
        return walker.use("iron")

    def _iron_pickaxe():
        if not has["iron"]:
            return walker.use("iron")
        if walker.is_near("table") and walker.is_near("furnace"):
            return IRON_PICKAXE
        if walker.is_near("table"):
            return walker.set_down(FURNACE, beside="table")
        return walker.use("table")

    return act
