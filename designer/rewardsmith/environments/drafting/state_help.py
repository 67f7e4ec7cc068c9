"""Words what a person does about an environment whose observations are pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rewardsmith.environments.drafting.pay import names_reward
from rewardsmith.environments.drafting.spaces import Leaf

MAX_LISTED = 8
MAX_ELEMENTS = 16


def needs_state_fields(ref: str, env: Any, leaves: Sequence[Leaf]) -> str:
    """What to write when nothing that an environment shows can be a field."""
    found = numeric_attributes(env.unwrapped)
    listed = ", ".join(f"'attr: {name}'" for name in found[:MAX_LISTED])
    example = listed or "'attr: position', info.position"
    what = "pictures" if any(leaf.kind == "image" for leaf in leaves) else "no numbers"
    return (
        f"{ref} needs state fields: it shows {what}, and a reward program reads numbers that "
        "mean something. Put them into info, or write a card whose fields read attributes "
        f"({example}) or a function of yours ('function: module:name', called with the "
        "environment, observation and info); docs/cards.md shows one."
    )


def numeric_attributes(raw: Any) -> list[str]:
    """Public attributes of an environment that hold a few numbers, by name; none that pays."""
    held = getattr(raw, "__dict__", {})
    return [
        name
        for name, value in held.items()
        if not name.startswith("_") and not names_reward([name]) and _is_small(value)
    ]


def _is_small(value: Any) -> bool:
    if isinstance(value, bool | str) or value is None:
        return False
    if isinstance(value, int | float | np.ndarray | np.number):
        array = np.asarray(value)
        return array.dtype.kind in "iuf" and array.size <= MAX_ELEMENTS
    return False
