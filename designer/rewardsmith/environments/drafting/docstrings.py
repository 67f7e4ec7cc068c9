"""Reads what an environment's docstring says of observations, actions, start and end.

Pure text in, frozen values out. Whatever stands under a heading about rewards is never looked at,
and prose is taken sentence by sentence: one that speaks of rewards, or is a formula, is left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rewardsmith.environments.drafting.prose import cleaned, first_sentences
from rewardsmith.environments.drafting.tables import DocTable, read_tables

_HEADING = re.compile(r"\s*(#{1,6})\s+(.+?)\s*#*\s*")
_UNDERLINE = re.compile(r"\s*([=\-~^])\1{2,}\s*")
_COLON_HEADING = re.compile(
    r"\s*\**((?:description|observations?|actions?|states?|start|starting|initial|reset|episode|end|"
    r"terminat\w+|truncat\w+|args?|arguments|attributes|parameters|raises|example|notes?|version|"
    r"references|(?:[a-z]+ )*\w*(?:reward|return|score|fitness|success|metric)\w*)(?: [a-z]+){0,3})"
    r"\**:\s*",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"reward|return|score|fitness|success|metric", re.IGNORECASE)
_PART = re.compile(r"\s*[-*]\s+\*?`?([\w()]+)`?\s*\((\d+) elements?\b[^)]*\):?\*?:?\s*(.*)")
_FENCE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1[ \t]*$", re.MULTILINE | re.DOTALL)
_CHOICE = re.compile(r"\s*[-*]\s+`?(\d{1,3})`?\s*[:=]\s*(.+)")
_COLON_LEVEL = 9
"""Level of a heading that is a word and a colon: below all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of observation elements that the docstring only counts: `cinert (130 elements)`."""

    name: str
    size: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvDoc:
    """What a docstring says, without its rewards."""

    description: str = ""
    start: str = ""
    episode_end: str = ""
    observations: tuple[DocTable, ...] = ()
    parts: tuple[Part, ...] = ()
    """In order; all of the observation where their sizes add up to it."""
    actions: tuple[DocTable, ...] = ()
    choices: tuple[str, ...] = ()
    """What each discrete action does, where that is a list."""


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and the lines below it, up to the next heading."""

    level: int
    title: str
    lines: tuple[str, ...]

    @property
    def body(self) -> str:
        """Its lines as one text."""
        return "\n".join(self.lines)


def read_docstring(text: str) -> EnvDoc:
    """Read an environment's docstring.

    >>> read_docstring("A cart on a rail. Its reward is 1 - x. It is pushed.").description
    'A cart on a rail. It is pushed.'
    """
    sections = visible_sections(_FENCE.sub("", text))
    observing = _titled(sections, "observation", "state space")
    acting = _titled(sections, "action")
    tables = read_tables("\n".join(s.body for s in (observing or sections)))
    moves = read_tables("\n".join(s.body for s in (acting or sections)))
    return EnvDoc(
        description=_prose([s for s in sections if s.title in ("", "description")]),
        start=_prose(_titled(sections, "start", "initial state", "reset")),
        episode_end=_prose(_titled(sections, "end", "terminat")),
        observations=tuple(t for t in tables if t.subject != "action"),
        parts=tuple(_parts(observing)),
        actions=tuple(t for t in moves if t.subject == "action" or acting),
        choices=tuple(_choices(acting)),
    )


def visible_sections(text: str) -> list[Section]:
    """The docstring's sections, without those about rewards and everything below them."""
    hidden_level = None
    found = []
    for section in _sections(text.expandtabs().splitlines()):
        if hidden_level is not None and section.level > hidden_level:
            continue
        hidden_level = section.level if _HIDDEN.search(section.title) else None
        if hidden_level is None:
            found.append(section)
    return found


def _sections(lines: Sequence[str]) -> Iterator[Section]:
    starts = [(0, 0, 0, "")]
    for number, line in enumerate(lines):
        match = _HEADING.fullmatch(line)
        colon = _COLON_HEADING.fullmatch(line)
        if match:
            starts.append((number, number + 1, len(match[1]), match[2]))
        elif _UNDERLINE.fullmatch(line) and number and lines[number - 1].strip():
            starts.append(
                (number - 1, number + 1, 1 + "=-~^".index(line.strip()[0]), lines[number - 1])
            )
        elif colon:
            starts.append((number, number + 1, _COLON_LEVEL, colon[1]))
    for (_, first, level, title), (end, *_rest) in pairwise([*starts, (len(lines), 0, 0, "")]):
        yield Section(level, cleaned(title).lower(), tuple(lines[first:end]))


def _titled(sections: Sequence[Section], *words: str) -> list[Section]:
    return [s for s in sections if any(word in s.title for word in words)]


def _prose(sections: Sequence[Section]) -> str:
    return first_sentences("\n\n".join(section.body for section in sections))


def _parts(sections: Sequence[Section]) -> Iterator[Part]:
    for section in sections:
        for line in section.lines:
            match = _PART.fullmatch(line)
            if match:
                yield Part(
                    name=match[1], size=int(match[2]), text=first_sentences(match[3]).rstrip(",.;")
                )


def _choices(sections: Sequence[Section]) -> Iterator[str]:
    """Texts of a list `- 0: ...`, as long as its numbers count up from 0."""
    expected = 0
    for line in (line for section in sections for line in section.lines):
        match = _CHOICE.fullmatch(line)
        if match and int(match[1]) == expected:
            expected += 1
            yield first_sentences(match[2]) or f"choice {match[1]}"
