"""Parses where a state field comes from: `obs[2:8]`, `body(torso).xpos`, `contact(a, b)`, ...

Pure text in, frozen values out; nothing here touches an environment. Names that hold rewards or
success are refused: a reward program never sees what judges it.
"""

import re
from dataclasses import dataclass
from typing import Literal, cast

from rewardsmith.messages import FieldSpec

SourceKind = Literal[
    "obs",
    "info",
    "qpos",
    "qvel",
    "body",
    "site",
    "geom",
    "sensor",
    "contact",
    "min_distance",
    "attr",
    "derived",
    "function",
]
Index = tuple[int | slice, ...]

BLOCKS: frozenset[str] = frozenset(("contact", "body", "site", "geom"))
"""Kinds of which several are read at once; a `Source` then has all their names in a row."""

FORMS = (
    "obs[2:8], obs[3], info.x_position, qpos[0], qvel[3:6], body(torso).xpos, body(torso).xquat, "
    "site(tip), geom(ball), sensor(touch), contact(a, b), min_distance(a, b), "
    "'attr: path.to.value', 'derived: expression', 'function: module:name'"
)
"""What a source may look like; quoted by error messages."""

_ARRAY = re.compile(r"(obs|qpos|qvel)\s*(\[.*\])?")
_INFO = re.compile(r"info\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*(\[.*\])?")
_NAMED = re.compile(r"(body|site|geom|sensor)\(\s*([^(),]+?)\s*\)(?:\.(\w+))?\s*(\[.*\])?")
_PAIR = re.compile(r"(contact|min_distance)\(\s*([^(),]+?)\s*,\s*([^(),]+?)\s*\)")
_ATTR = re.compile(r"([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)\s*(\[.*\])?")
_FUNCTION = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)")
_ITEM = re.compile(r"\s*(-?\d{1,9})?\s*(:)?\s*(-?\d{1,9})?\s*(?::\s*(-?\d{1,9}))?\s*")

_ARRAYS_OF = {
    "body": ("xpos", "xquat", "xmat", "cvel"),
    "site": ("xpos", "xmat"),
    "geom": ("xpos", "xmat"),
    "sensor": ("data",),
}
_FORBIDDEN = re.compile(
    r".*(reward|success|fitness).*|(.*_)?(scores?|returns?)|episode", re.IGNORECASE
)


class SourceError(ValueError):
    """A source does not say something valid."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} {remedy}")
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field's value is read."""

    kind: SourceKind
    names: tuple[str, ...] = ()
    """Key path of `info` and `attr`, (name, array) of a named thing, the pair, or the text."""
    index: Index = ()
    """Applied to one environment's value; () takes all of it."""

    @property
    def family(self) -> tuple[str, ...]:
        """Equal for sources whose values can be read as one block."""
        if self.kind == "contact":
            return ("contact",)
        return (self.kind, self.names[1]) if self.kind in BLOCKS else (self.kind, *self.names)

    @property
    def is_simulator(self) -> bool:
        """Whether reading it needs the environment itself, not only what its step returned."""
        return self.kind not in ("obs", "info", "derived")


def parse_source(text: str) -> Source:
    """Parse a field's source.

    >>> parse_source("obs[2:8]").index
    (slice(2, 8, None),)
    >>> parse_source("body(torso).xquat").names
    ('torso', 'xquat')

    Raises:
        SourceError: The text is in no known form, or names a reward.
    """
    text = text.strip()
    word, colon, rest = text.partition(":")
    if colon and word.strip() in ("attr", "derived", "function"):
        return _parse_worded(word.strip(), rest.strip())
    for pattern, build in (
        (_ARRAY, _build_array),
        (_INFO, _build_info),
        (_NAMED, _build_named),
        (_PAIR, _build_pair),
    ):
        match = pattern.fullmatch(text)
        if match:
            return build(match)
    raise SourceError(f"{text!r} is not a source.", f"Write one of: {FORMS}.")


def source_of(spec: FieldSpec) -> Source:
    """Where a field of a card comes from, or what a judge alone reads: `info.is_success`.

    The name of a judge's field is its source, which no card can write: names have no dots.
    """
    if spec.name.startswith("info."):
        return Source("info", (spec.name.removeprefix("info."),))
    return parse_source(spec.source)


def _parse_worded(word: str, rest: str) -> Source:
    if word == "derived":
        if not rest:
            raise SourceError("'derived:' without an expression.", "Write 'derived: a - b'.")
        return Source("derived", (rest,))
    if word == "function":
        match = _FUNCTION.fullmatch(rest)
        if not match:
            raise SourceError(f"{rest!r} is no function.", "Write 'function: module:name'.")
        return Source("function", (match[1], match[2]))
    match = _ATTR.fullmatch(rest)
    if not match or any(part.startswith("_") for part in match[1].split(".")) or "._" in rest:
        raise SourceError(
            f"{rest!r} is no attribute path.",
            "Write identifiers without a leading underscore: 'attr: goal.position[0:2]'.",
        )
    return Source("attr", _allowed(match[1].split(".")), _parse_index(match[2]))


def _build_array(match: re.Match[str]) -> Source:
    return Source(cast(SourceKind, match[1]), (), _parse_index(match[2]))


def _build_info(match: re.Match[str]) -> Source:
    return Source("info", _allowed(match[1].split(".")), _parse_index(match[2]))


def _build_named(match: re.Match[str]) -> Source:
    known = _ARRAYS_OF[match[1]]
    array = match[3] or known[0]
    if array not in known:
        raise SourceError(f"A {match[1]} has no {array!r} here.", f"Known: {', '.join(known)}.")
    return Source(cast(SourceKind, match[1]), (match[2], array), _parse_index(match[4]))


def _build_pair(match: re.Match[str]) -> Source:
    return Source(cast(SourceKind, match[1]), (match[2], match[3]))


def _allowed(path: list[str]) -> tuple[str, ...]:
    for name in path:
        if _FORBIDDEN.fullmatch(name):
            raise SourceError(
                f"{name!r} holds a reward or a verdict, by its name.",
                "State fields describe the world; take a position, speed or contact instead.",
            )
    return tuple(path)


def _parse_index(text: str | None) -> Index:
    if text is None:
        return ()
    return tuple(_parse_item(item, text) for item in text[1:-1].split(","))


def _parse_item(item: str, text: str) -> int | slice:
    match = _ITEM.fullmatch(item)
    is_index = match is not None and match[1] is not None and match[3] is None and match[4] is None
    if match is None or not (match[2] or is_index):
        raise SourceError(f"{text!r} is no index.", "Write [3], [2:8], [0::2] or [0, 1].")
    start, stop, step = (None if match[k] is None else int(match[k]) for k in (1, 3, 4))
    if match[2] is None:
        return int(match[1])
    return slice(start, stop, step)
