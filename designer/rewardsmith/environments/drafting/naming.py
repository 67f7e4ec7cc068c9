"""Identifiers for fields out of phrases: `velocity of the torso` becomes `torso_velocity`.

Names are those that a card accepts: short, lower case, no word of the expression language, each
used once.
"""

import re
from collections.abc import Collection, Sequence

from rewardsmith.environments.card_reading import is_field_name

MAX_LENGTH = 32
_WORD = re.compile(r"[a-z0-9]+")
_FILLERS = frozenset(
    "the a an in and to between with its value values this that for by is are be from as vs or of "
    "where one each current default along".split()
)
_DIRECTIONS = frozenset("in to from".split())
"""Fillers that say something where nothing follows: `flow in`."""
_TAIL = re.compile(r"\s(?:along|on|relative to|with respect to|attached|from|that)\s.*")
_REWRITTEN = (
    (re.compile(r"(?<=\s)\(.*?\)"), " "),
    (re.compile(r"\b([xyzw])[- ](?:coordinate|value|position|component)\b"), r"\1"),
    (re.compile(r"\b(?:co)?sine?\b(?= of)"), lambda m: "cos" if m[0].startswith("c") else "sin"),
    (re.compile(r"\b(sin|cos) of\b"), r"\1"),
    (re.compile(r"\s-\s"), " minus "),
    (re.compile(r"\brotational velocity\b"), "angular velocity"),
)
_QUANTITIES = {
    "m": "position",
    "rad": "angle",
    "m/s": "velocity",
    "rad/s": "velocity",
    "N": "force",
}


def field_name(
    phrase: str, taken: Collection[str], *, fallback: str = "field", unit: str = ""
) -> str:
    """A name for what `phrase` describes, different from `taken`.

    Args:
        phrase: A table's text, a joint's name, a key.
        taken: Names that other fields have.
        fallback: What it is called when the phrase gives nothing short enough: a name in the model.
        unit: Of the field; says what the fallback measures.

    >>> field_name("angular velocity of the torso", ())
    'torso_angular_velocity'
    >>> field_name("z-coordinate of the torso (height of hopper)", ())
    'torso_z'
    """
    words = _words_of(phrase)
    name = "_".join(words)
    if not words or len(name) > MAX_LENGTH:
        own = _WORD.findall(fallback.lower())
        kind = [] if not unit else [_QUANTITIES.get(unit, "value")]
        shorter = "_".join([*own, *(k for k in kind if k not in own)])
        name = shorter if own and len(shorter) <= MAX_LENGTH else _cut(name or shorter)
    return _free(_legal(name), taken)


def key_name(path: Sequence[str], taken: Collection[str]) -> str:
    """A name for an entry of `info` or an observation's part: its own key, spelt as an identifier.

    >>> key_name(["x_position"], ()), key_name(["Robot", "basePos"], ())
    ('x_position', 'robot_base_pos')
    """
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", " ".join(path)).lower()
    return _free(_legal(_cut("_".join(_WORD.findall(spaced.replace("_", " "))))), taken)


def _words_of(phrase: str) -> list[str]:
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", phrase).lower().replace("_", " ")
    for pattern, replacement in _REWRITTEN:
        text = pattern.sub(replacement, text)
    text = _TAIL.sub("", text)
    parts = [part.split() for part in re.split(r"\bof\b", text)]
    found: list[str] = []
    for part in reversed(parts):
        words = _WORD.findall(" ".join(part))
        for place, word in enumerate(words, start=1):
            is_last = place == len(words) > 1 and word in _DIRECTIONS
            if (is_last or word not in _FILLERS) and word not in found:
                found.append(word)
    if "angular" in found and "velocity" in found and "angle" in found:
        found.remove("angle")
    return found


def _cut(name: str) -> str:
    """The name's last words that fit: they say what is measured."""
    words = name.split("_")
    while len(words) > 1 and len("_".join(words)) > MAX_LENGTH:
        words.pop(0)
    return "_".join(words)[:MAX_LENGTH].strip("_")


def _legal(name: str) -> str:
    if not name or not name[0].isalpha():
        name = f"f_{name}".strip("_")
    name = name[:MAX_LENGTH]
    return name if is_field_name(name) else f"{name[:26]}_value"


def _free(name: str, taken: Collection[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate = f"{name[: MAX_LENGTH - 1 - len(str(number))]}_{number}"
        number += 1
    return candidate
