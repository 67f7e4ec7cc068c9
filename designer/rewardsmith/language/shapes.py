"""Shapes of one step: broadcasting and indexing, as NumPy does them.

No axis here is an environment's.
"""

from rewardsmith.language.findings import Refusal
from rewardsmith.language.operations import Value

Shape = tuple[int, ...]


def broadcast(shapes: list[Shape]) -> Shape:
    """The shape of an elementwise operation.

    Raises:
        Refusal: They do not fit.
    """
    result: Shape = ()
    for shape in shapes:
        result = _broadcast_pair(result, shape)
    return result


def indexed(shape: Shape, items: tuple[Value, ...]) -> tuple[tuple[Value, ...], Shape]:
    """An index without ellipsis, and the shape that it picks.

    Raises:
        Refusal: It does not fit the shape, or is not constant.
    """
    full = _without_ellipsis(items, len(shape))
    if sum(item is not None for item in full) > len(shape):
        raise _bad_index(items, shape)
    picked: list[int] = []
    rest = list(shape)
    for item in full:
        if item is None:
            picked.append(1)
        elif isinstance(item, slice):
            picked.append(_sliced(item, rest.pop(0)))
        elif isinstance(item, bool) or not isinstance(item, int):
            raise Refusal("data-index", text=_index_text(items))
        elif not -rest[0] <= item < rest.pop(0):
            raise _bad_index(items, shape)
    return full, (*picked, *rest)


def is_whole(item: Value) -> bool:
    """Whether an index item is `:`."""
    return isinstance(item, slice) and item == slice(None)


def _broadcast_pair(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    rank = max(len(left), len(right))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (left, right)]
    for a, b in zip(*padded, strict=True):
        if a != b and 1 not in (a, b):
            raise Refusal("shapes-differ", left=left, right=right)
    return tuple(b if a == 1 else a for a, b in zip(*padded, strict=True))


def _without_ellipsis(items: tuple[Value, ...], rank: int) -> tuple[Value, ...]:
    at = next((i for i, item in enumerate(items) if item is Ellipsis), None)
    if at is None:
        return items
    missing = rank - sum(item is not None for item in items) + 1
    return (*items[:at], *[slice(None)] * missing, *items[at + 1 :])


def _sliced(item: slice, length: int) -> int:
    if any(isinstance(v, bool) or not isinstance(v, int | None) for v in _bounds(item)):
        raise Refusal("data-index", text=_index_text((item,)))
    if item.step is not None and item.step < 1:
        raise Refusal("negative-step")
    return len(range(*item.indices(length)))


def _bounds(item: slice) -> tuple[Value, Value, Value]:
    return item.start, item.stop, item.step


def frozen_index(item: Value) -> Value:
    """An index item that can be a key."""
    return ("slice", *_bounds(item)) if isinstance(item, slice) else item


def _bad_index(items: tuple[Value, ...], shape: Shape) -> Refusal:
    return Refusal("bad-index", text=f"[{_index_text(items)}]", shape=shape)


def _index_text(items: tuple[Value, ...]) -> str:
    return ", ".join(_item_text(item) for item in items)


def _item_text(item: Value) -> str:
    if isinstance(item, slice):
        start, stop, step = ("" if v is None else str(v) for v in _bounds(item))
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if item is Ellipsis:
        return "..."
    return repr(item) if isinstance(item, (int, float, str)) else "a computed value"
