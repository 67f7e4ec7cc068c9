"""Pay every new tool and material on the way to a diamond once."""

CONTRACT = 1
WEIGHTS = {"materials": 0.5, "tools": 5.0, "near_ore": 0.1, "diamond": 20.0, "death": 5.0}
MEMORY = {"wood": 0.0, "stone": 0.0, "coal": 0.0, "iron": 0.0, "tools": 0.0}


def reward(state, previous, terminated, xp, *, memory):
    # The most there ever was: using something up and collecting it again earns nothing.
    most = {
        "wood": xp.maximum(memory.wood, state.wood),
        "stone": xp.maximum(memory.stone, state.stone),
        "coal": xp.maximum(memory.coal, state.coal),
        "iron": xp.maximum(memory.iron, state.iron),
        "tools": xp.maximum(
            memory.tools,
            xp.minimum(state.wood_pickaxe, 1)
            + xp.minimum(state.stone_pickaxe, 1)
            + xp.minimum(state.iron_pickaxe, 1),
        ),
    }
    gained = (
        most["wood"]
        + most["stone"]
        + most["coal"]
        + most["iron"]
        - memory.wood
        - memory.stone
        - memory.coal
        - memory.iron
    )
    return {
        "materials": gained,
        "tools": most["tools"] - memory.tools,
        "near_ore": previous.diamond_distance - state.diamond_distance,
        "diamond": state.diamond - previous.diamond,
        "death": -xp.number(terminated),
    }, most
