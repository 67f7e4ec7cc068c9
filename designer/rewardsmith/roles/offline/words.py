"""Reads a task's words into intents: what is wanted of which quantity.

Clause by clause, with a lexicon and no grammar: a clause is cut at punctuation and connectives, its
quantity is looked up, its direction, number and mode are attached. Words that the lexicon does not
know become the subject, which `matching` compares with the fields' own words.
"""

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from rewardsmith.roles.offline.lexicon import (
    CONCEPTS,
    HEADINGS,
    LINKS,
    MODES,
    NEGATIONS,
    NUMBERS,
    PARTS,
    PHRASES,
    SENSES,
    UNITS,
    Dimension,
    Heading,
    Mode,
    Quantity,
    stem,
    unit_of,
)

_TOKEN = re.compile(r"-?\d+(?:\.\d+)?|[a-z]+/[a-z]+|[a-z]+(?:-[a-z]+)*")
_CUT = re.compile(r"[;:,()!?]|\.(?!\d)|\b(?:and|while|then|but|so)\b|\b(?=without\b)")
_STOP = frozenset(
    "the a an it its to of in on at as is be by with for from that this "
    "there possible long off".split()
)
_STOP_STEMS = frozenset(stem(w) for w in _STOP)
_DIMENSION_OF: dict[Quantity, Dimension] = {
    "speed": "speed",
    "height": "length",
    "hop": "length",
    "upright": "angle",
    "reach": "length",
    "stay": "length",
    "spin": "angular speed",
    "swing": "angle",
}
_QUANTITY_OF: dict[Dimension, Quantity] = {
    "speed": "speed",
    "angular speed": "spin",
    "angle": "upright",
    "length": "height",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number with a unit, as the task states it."""

    value: float
    """In SI units."""
    dimension: Dimension


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One thing the task asks for."""

    quantity: Quantity
    mode: Mode
    heading: Heading | None = None
    amount: Amount | None = None
    subject: frozenset[str] = frozenset()
    """Concepts and unknown stems of the clause: what the quantity belongs to."""
    is_constraint: bool = False
    """True for a side condition (`while staying upright`), False for the goal."""


@dataclass(frozen=True, slots=True)
class _Clause:
    tokens: tuple[str, ...]
    is_side: bool


def read_intents(instruction: str) -> tuple[Intent, ...]:
    """What `instruction` asks for, goals before side conditions.

    >>> [(i.quantity, i.mode, i.is_constraint) for i in read_intents("Run forward without falling")]
    [('speed', 'more', False), ('alive', 'hold', True)]
    """
    found: list[Intent] = []
    for clause in _clauses(instruction):
        for intent in _intents_of(clause):
            _merge(found, intent)
    named = {intent.quantity for intent in found}
    if "hop" in named:
        found = _settle_hop(found)
    if "swing" in named:
        found = [i for i in found if i.quantity not in {"upright", "still"}]
    if found and all(intent.is_constraint for intent in found):
        found = _promote(found)
    return tuple(sorted(found, key=lambda intent: intent.is_constraint))


def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words, in order; names are split at underscores."""
    return tuple(stem(w) for w in re.findall(r"[a-z]+", text.lower()))


def _clauses(text: str) -> list[_Clause]:
    """Cut at punctuation and connectives; a clause without a quantity joins its predecessor."""
    lowered = " " + " ".join(text.lower().split()) + " "
    for phrase, word in PHRASES.items():
        lowered = re.sub(rf"\b{phrase}\b", word, lowered)
    clauses: list[_Clause] = []
    is_side = False
    for piece, link in _pieces(lowered):
        tokens = tuple(_TOKEN.findall(piece))
        if not tokens:
            continue
        opening = NEGATIONS if not clauses else LINKS
        starts_side = link == "while" or stem(tokens[0]) in opening
        is_side = starts_side or (is_side and link in {"and", ","})
        if clauses and not _names_quantity(tokens):
            clauses[-1] = replace(clauses[-1], tokens=clauses[-1].tokens + tokens)
        else:
            clauses.append(_Clause(tokens, is_side))
    return clauses


def _pieces(text: str) -> list[tuple[str, str]]:
    """(piece, the connective before it)."""
    cuts = [*_CUT.finditer(text)]
    starts = [0, *(c.end() for c in cuts)]
    ends = [*(c.start() for c in cuts), len(text)]
    links = ["", *(c.group() for c in cuts)]
    return [(text[a:b], link) for a, b, link in zip(starts, ends, links, strict=True)]


def _names_quantity(tokens: tuple[str, ...]) -> bool:
    return any(stem(t) in SENSES or stem(t) in HEADINGS for t in tokens)


def _intents_of(clause: _Clause) -> list[Intent]:
    cut = [stem(t) for t in clause.tokens]
    amount = _amount(clause.tokens)
    heading = _heading(cut)
    is_negative = any(s in NEGATIONS for s in cut)
    is_side = clause.is_side or is_negative
    if _stands_on_limb(cut):
        return [Intent(quantity="height", mode="less", subject=_subject(cut), is_constraint=True)]
    intents = []
    found = _quantities(cut, heading, amount)
    if is_negative and "speed" in found:
        found = {"stay": "hold", **{q: m for q, m in found.items() if q != "speed"}}
    for quantity, sense_mode in found.items():
        fitting = amount if _fits(quantity, amount) else None
        intents.append(
            Intent(
                quantity=quantity,
                mode=_settle(quantity, _mode(cut, fitting), sense_mode),
                heading=heading,
                amount=fitting,
                subject=_subject(cut),
                is_constraint=quantity in _ALWAYS_SIDE
                or (is_side and not _is_second_goal(quantity, heading)),
            )
        )
    return intents


_ALWAYS_SIDE = frozenset({"alive", "effort", "smooth", "stay"})


def _is_second_goal(quantity: Quantity, heading: Heading | None) -> bool:
    """Whether a `while` clause asks for behaviour: `while moving backward`."""
    return quantity == "speed" and heading is not None


def _heading(cut: list[str]) -> Heading | None:
    """The clause's direction; a horizontal one is more telling than `up`."""
    found = [HEADINGS[s] for s in cut if s in HEADINGS]
    return next((h for h in found if h.axis != "z"), found[0] if found else None)


def _stands_on_limb(cut: list[str]) -> bool:
    """Whether the clause says `stand on the front foot`: that limb stays down."""
    pairs = pairwise(cut)
    return ("stand", "on") in pairs and bool(_subject(cut) & PARTS)


def _quantities(
    cut: list[str], heading: Heading | None, amount: Amount | None
) -> dict[Quantity, Mode | None]:
    """Quantities that a clause names, without those that another word already explains."""
    found: dict[Quantity, Mode | None] = {}
    for sense in (SENSES[s] for s in cut if s in SENSES):
        if found.get(sense.quantity) is None:
            found[sense.quantity] = sense.mode
    if amount is not None and amount.dimension in _QUANTITY_OF and not _explains(found, amount):
        found.setdefault(_QUANTITY_OF[amount.dimension], "hold")
    if not found and heading is not None:
        found["height" if heading.axis == "z" else "speed"] = "more"
    for quantity, others in _YIELDS.items():
        if quantity in found and others & found.keys():
            del found[quantity]
    return found


_YIELDS: dict[Quantity, set[Quantity]] = {
    "speed": {"reach", "hop", "spin", "still", "value", "smooth", "effort"},
    "height": {"hop", "reach"},
    "upright": {"swing"},
    "value": {"reach"},
}
"""A motion verb says nothing new beside a more telling word: `move to the target` is a reach."""


def _explains(found: dict[Quantity, Mode | None], amount: Amount) -> bool:
    return any(_DIMENSION_OF.get(q) == amount.dimension for q in found)


def _fits(quantity: Quantity, amount: Amount | None) -> bool:
    if amount is None:
        return False
    return quantity == "value" or _DIMENSION_OF.get(quantity) == amount.dimension


def _settle(quantity: Quantity, mode: Mode | None, sense: Mode | None) -> Mode:
    """The clause's own mode where it has a number for it, else the word's, else `more`."""
    if mode in {"above", "below"}:
        return mode
    if mode == "hold" and quantity in {"speed", "height", "spin", "reach", "value"}:
        return sense if quantity == "reach" and sense else "hold"
    return sense or "more"


def _mode(cut: list[str], amount: Amount | None) -> Mode | None:
    if amount is None:
        return None
    stated = [MODES[s] for s in cut if s in MODES]
    return next((m for m in stated if m != "hold"), "hold")


def _amount(tokens: tuple[str, ...]) -> Amount | None:
    for here, after in zip(tokens, (*tokens[1:], ""), strict=True):
        unit = unit_of(after)
        number = _number(here, spelled=after in UNITS)
        if number is not None and unit.dimension != "time":
            return Amount(value=number * unit.factor, dimension=unit.dimension)
    return None


def _number(token: str, *, spelled: bool) -> float | None:
    """A number; words are one only before a unit, where `one` is no pronoun."""
    if re.fullmatch(r"-?\d+(?:\.\d+)?", token):
        return float(token)
    return NUMBERS.get(token) if spelled else None


def _subject(cut: list[str]) -> frozenset[str]:
    known = _STOP_STEMS | LINKS | NEGATIONS | UNITS.keys() | MODES.keys()
    words = (CONCEPTS.get(s, s) for s in cut if s not in known and s.isalpha())
    return frozenset(w for w in words if w in CONCEPTS.values() or w not in SENSES)


def _merge(found: list[Intent], new: Intent) -> None:
    """Join an intent with an earlier one of its quantity, keeping what either states."""
    for i, old in enumerate(found):
        if old.quantity == new.quantity and not _differ(old, new):
            found[i] = replace(
                old,
                mode=new.mode if new.amount else old.mode,
                heading=old.heading or new.heading,
                amount=old.amount or new.amount,
                subject=old.subject | new.subject,
            )
            return
    found.append(new)


def _differ(old: Intent, new: Intent) -> bool:
    """Whether two intents of one quantity speak of different things."""
    if old.quantity in {"height", "value", "reach"}:
        return bool(new.subject - old.subject) and bool(old.subject - new.subject)
    return old.heading is not None and new.heading is not None and old.heading != new.heading


def _settle_hop(found: list[Intent]) -> list[Intent]:
    """Hopping is about height already; hopping somewhere is also moving there."""
    kept = [i for i in found if i.quantity != "height" or i.amount or i.subject & PARTS]
    heading = next((i.heading for i in kept if i.quantity == "hop"), None)
    if heading and heading.axis != "z" and all(i.quantity != "speed" for i in kept):
        kept.insert(0, Intent(quantity="speed", mode="more", heading=heading))
    return kept


def _promote(found: list[Intent]) -> list[Intent]:
    """With side conditions only, the first that describes behaviour is the goal."""
    telling = [i for i in found if i.quantity not in {"effort", "smooth", "alive"}] or found
    return [replace(i, is_constraint=False) if i is telling[0] else i for i in found]
