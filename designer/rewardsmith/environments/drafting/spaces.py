"""What an environment's spaces say: where each part of an observation lies, what may be done.

The order is that of `gymnasium.spaces.flatten`, which is what policies see.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces

from rewardsmith.environments.factory import choices_of
from rewardsmith.errors import UsageError
from rewardsmith.messages import ActionSpec

LeafKind = Literal["numbers", "one_hot", "binary", "image"]
Space = gymnasium.Space[Any]

IMAGE_SIZE = 1024
"""Elements from which an array of bytes with two or three axes is a picture."""
OBSERVATIONS = "Box, Discrete, MultiBinary, MultiDiscrete, and Dict or Tuple of these"
WRAPPED = "A function that returns the wrapped environment works as well: `--env module:function`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One part of an observation."""

    path: tuple[str, ...]
    """Keys that lead to it; empty when it is the whole observation."""
    offset: int
    """Index of its first element in the flattened observation."""
    size: int
    kind: LeafKind
    low: tuple[float, ...] = ()
    """Of each element; infinite where the space does not say."""
    high: tuple[float, ...] = ()
    start: int = 0
    """Of a one-hot: the choice that its first element stands for."""


def leaves_of(space: Space) -> list[Leaf]:
    """The parts of an observation, in the order in which they are flattened.

    Raises:
        UsageError: It holds a space that cannot be flattened to numbers.
    """
    found: list[Leaf] = []
    for path, part in _walk(space, ()):
        offset = found[-1].offset + found[-1].size if found else 0
        found += _leaves(part, path, offset)
    return found


def action_of(space: Space, ref: str) -> ActionSpec:
    """What a policy may do.

    Raises:
        UsageError: The space is none that policies here can act in; says which are.
    """
    if isinstance(space, spaces.Discrete):
        return ActionSpec(shape=(), kind="discrete", n=int(space.n))
    if len(space.shape or ()) not in (1, 2):
        raise UsageError(
            f"{ref}: actions are {_short(space)}; policies here act in Discrete, or in a bounded "
            "Box, a MultiDiscrete or a MultiBinary of one or two axes. Wrap it: a Dict or Tuple "
            f"as one Box or one MultiDiscrete. {WRAPPED}"
        )
    if isinstance(space, spaces.MultiDiscrete | spaces.MultiBinary):
        return ActionSpec(shape=space.shape, kind="multi_discrete", nvec=choices_of(space))
    assert isinstance(space, spaces.Box)
    low, high = (_shortest(end) for end in (space.low, space.high))
    endless = np.flatnonzero(~np.isfinite(low) | ~np.isfinite(high))
    if len(endless):
        raise UsageError(
            f"{ref}: dimension {endless[0]} of the action has no bounds, so a policy cannot know "
            f"how large an action may be. Give the action space finite bounds. {WRAPPED}"
        )
    if not np.issubdtype(space.dtype, np.floating):
        raise UsageError(
            f"{ref}: actions are a Box of {space.dtype}; policies act in real numbers. Make it "
            f"float32, or Discrete. {WRAPPED}"
        )
    return ActionSpec(shape=space.shape, low=tuple(low.tolist()), high=tuple(high.tolist()))


def _walk(space: Space, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Space]]:
    if isinstance(space, spaces.Dict):
        for key, part in space.spaces.items():
            yield from _walk(part, (*path, str(key)))
    elif isinstance(space, spaces.Tuple):
        for number, part in enumerate(space.spaces):
            yield from _walk(part, (*path, str(number)))
    else:
        yield path, space


def _leaves(space: Space, path: tuple[str, ...], offset: int) -> list[Leaf]:
    match space:
        case spaces.Box():
            low, high = (tuple(_shortest(end).tolist()) for end in (space.low, space.high))
            kind: LeafKind = "image" if _is_image(space) else "numbers"
            size = prod(space.shape)
            return [Leaf(path=path, offset=offset, size=size, kind=kind, low=low, high=high)]
        case spaces.Discrete():
            n = int(space.n)
            return [Leaf(path=path, offset=offset, size=n, kind="one_hot", start=int(space.start))]
        case spaces.MultiBinary():
            return [Leaf(path=path, offset=offset, size=prod(space.shape), kind="binary")]
        case spaces.MultiDiscrete():
            return _choices(space, path, offset)
    where = f" at {'.'.join(path)!r}" if path else ""
    raise UsageError(
        f"Observations hold {_short(space)}{where}, which is no fixed number of numbers; "
        f"supported: {OBSERVATIONS}. Leave it out (gymnasium.wrappers.FilterObservation). "
        f"{WRAPPED}"
    )


def _choices(space: spaces.MultiDiscrete, path: tuple[str, ...], offset: int) -> list[Leaf]:
    found = []
    starts = np.ravel(space.start).tolist()
    for number, (n, start) in enumerate(zip(np.ravel(space.nvec).tolist(), starts, strict=True)):
        place = (*path, str(number))
        found.append(Leaf(path=place, offset=offset, size=n, kind="one_hot", start=start))
        offset += n
    return found


def _is_image(space: spaces.Box) -> bool:
    is_picture = space.dtype == np.uint8 or len(space.shape) == 3
    return len(space.shape) in (2, 3) and is_picture and prod(space.shape) >= IMAGE_SIZE


def _shortest(values: np.ndarray) -> np.ndarray:
    """Bounds as they were written: 0.4 in float32 is not 0.4000000059604645."""
    return np.array([float(str(value)) for value in np.ravel(values)])


def _short(space: Space) -> str:
    text = " ".join(str(space).split())
    return text if len(text) <= 80 else f"{text[:77]}..."
