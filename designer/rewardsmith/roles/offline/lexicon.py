"""The words, units and body parts that tasks and state fields are described with.

Data only, plus the stemmer that makes both sides comparable. General English of motion and control;
no environment is named here.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Quantity = Literal[
    "speed",
    "height",
    "hop",
    "upright",
    "reach",
    "stay",
    "spin",
    "swing",
    "effort",
    "smooth",
    "alive",
    "still",
    "value",
]
"""What a clause of a task is about."""

Mode = Literal["more", "less", "hold", "above", "below"]
"""What is to become of a quantity."""

Axis = Literal["x", "y", "z"]
Dimension = Literal["length", "speed", "angle", "angular speed", "time", ""]


class Unit(NamedTuple):
    """A unit of measure."""

    dimension: Dimension
    factor: float
    """How many SI units one of it is."""


@dataclass(frozen=True, slots=True)
class Sense:
    """What a word says about a quantity."""

    quantity: Quantity
    mode: Mode | None = None


class Heading(NamedTuple):
    """A direction along an axis."""

    axis: Axis
    sign: int


UNITS: dict[str, Unit] = {
    "m": Unit("length", 1.0),
    "metre": Unit("length", 1.0),
    "meter": Unit("length", 1.0),
    "metres": Unit("length", 1.0),
    "meters": Unit("length", 1.0),
    "cm": Unit("length", 0.01),
    "mm": Unit("length", 0.001),
    "km": Unit("length", 1000.0),
    "m/s": Unit("speed", 1.0),
    "cm/s": Unit("speed", 0.01),
    "mm/s": Unit("speed", 0.001),
    "km/h": Unit("speed", 1.0 / 3.6),
    "rad": Unit("angle", 1.0),
    "radians": Unit("angle", 1.0),
    "deg": Unit("angle", 0.017453292519943295),
    "degree": Unit("angle", 0.017453292519943295),
    "degrees": Unit("angle", 0.017453292519943295),
    "rad/s": Unit("angular speed", 1.0),
    "deg/s": Unit("angular speed", 0.017453292519943295),
    "s": Unit("time", 1.0),
    "seconds": Unit("time", 1.0),
}

TYPICAL: dict[Dimension, float] = {
    "length": 0.5,
    "speed": 1.0,
    "angle": 0.5,
    "angular speed": 3.0,
    "time": 1.0,
    "": 1.0,
}
"""An everyday size of each dimension in SI units, where a field states no range."""

NUMBERS: dict[str, float] = {
    word: float(value)
    for value, word in enumerate("one two three four five six seven eight nine ten".split(), 1)
}
"""Numbers that a task may spell out."""

PHRASES: dict[str, str] = {
    "up and down": "hop",
    "in place": "inplace",
    "on the spot": "inplace",
    "at the origin": "inplace",
    "where it start": "inplace",
    "metres per second": "m/s",
    "metre per second": "m/s",
    "meters per second": "m/s",
    "as fast as possible": "fast",
    "as far as possible": "fast",
    "as high as possible": "high",
    "at least": "above",
    "more than": "above",
    "higher than": "high above",
    "faster than": "fast above",
    "no more than": "below",
    "at most": "below",
    "less than": "below",
    "lower than": "below",
    "slower than": "speed below",
    "tip over": "fall",
    "tipping over": "fall",
    "fall over": "fall",
    "falling over": "fall",
    "without moving(?! away)": "still",
    "not moving": "still",
}
"""Regular expressions of several words, and the one word that stands for them."""

_SENSES: dict[Sense, str] = {
    Sense(
        "speed"
    ): "run walk jog sprint move go drive travel swim crawl gallop trot velocity speed",
    Sense("speed", "more"): "fast quick rapid accelerate race dash",
    Sense("height", "more"): "lift raise elevate high tall climb height rise",
    Sense("height", "less"): "crouch duck squat low lower",
    Sense("hop", "more"): "hop bounce jump leap jumping",
    Sense("upright", "hold"): "upright balance vertical level straight stand posture tilt pitch",
    Sense("reach", "less"): (
        "reach touch approach target goal flag arrive destination deliver toward towards"
    ),
    Sense("stay", "hold"): "inplace start origin spot centre center middle",
    Sense("spin", "more"): "spin rotate turn flip somersault cartwheel twirl backflip roll",
    Sense("swing", "hold"): "swing swingup pump",
    Sense("effort", "less"): "effort energy torque gentle economical efficient force power",
    Sense("smooth", "less"): "smooth jerk jerky shake jitter calm",
    Sense("alive", "hold"): "fall survive alive crash topple collapse die",
    Sense("still", "hold"): "still rest motionless stop halt stationary",
    Sense("value", "more"): "open pull extend increase press push maximise maximize",
    Sense("value", "less"): "close shut decrease reduce minimise minimize",
}

_HEADINGS: dict[Heading, str] = {
    Heading("x", 1): "forward ahead right rightward",
    Heading("x", -1): "backward left leftward reverse",
    Heading("z", 1): "up upward",
    Heading("z", -1): "down downward",
    Heading("y", 1): "sideway sidewise lateral",
}

_MODES: dict[Mode, str] = {
    "above": "above over beyond exceed",
    "below": "below under within",
    "hold": "keep hold maintain stay remain about around roughly exactly",
}

_CONCEPTS: dict[str, str] = {
    "torso": "torso trunk body hull chassis base root cart car robot agent vehicle abdomen",
    "hand": "hand gripper tip fingertip effector finger tool end-effector tcp",
    "target": "target goal flag destination setpoint",
    "velocity": "velocity speed rate vel",
    "z": "height altitude elevation vertical z up upward",
    "x": "x forward along horizontal track longitudinal ahead",
    "y": "y lateral sideway",
    "angle": "angle pitch tilt lean inclination orientation pole",
    "front": "front fore",
    "back": "back rear hind",
    "foot": "foot feet paw toe",
    "position": "position place location coordinate",
    "distance": "distance gap",
    "object": "object puck block cube ball box",
    "offset": "offset vector difference relative displacement",
}

PARTS = frozenset(
    "hand foot front back leg thigh shin knee hip ankle joint hing shoulder elbow".split()
)
"""Concepts of limbs: a field of a limb is not the body's unless the task names the limb."""

LINKS = frozenset("while without keep stay hold remain but avoid never not maintain".split())
"""Words that open a side condition rather than the goal."""

NEGATIONS = frozenset("without avoid never not no dont".split())


def stem(word: str) -> str:
    """Cut a word to a stem that its inflections share.

    >>> [stem(w) for w in ("hopping", "hop", "moves", "speed", "swinging", "backwards")]
    ['hop', 'hop', 'mov', 'speed', 'swing', 'backward']
    """
    for suffix in ("ing", "ed", "ly", "es", "s", "e"):
        cut = word.removesuffix(suffix)
        if cut != word and len(cut) >= 3 and not word.endswith(("ss", "eed")) and _has_vowel(cut):
            word = cut
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def _has_vowel(word: str) -> bool:
    return any(letter in "aeiouy" for letter in word)


SENSES: dict[str, Sense] = {stem(w): s for s, words in _SENSES.items() for w in words.split()}
HEADINGS: dict[str, Heading] = {stem(w): h for h, ws in _HEADINGS.items() for w in ws.split()}
MODES: dict[str, Mode] = {stem(w): mode for mode, words in _MODES.items() for w in words.split()}
CONCEPTS: dict[str, str] = {stem(w): c for c, words in _CONCEPTS.items() for w in words.split()}


def unit_of(text: str) -> Unit:
    """The unit written as `text`; dimensionless when unknown.

    >>> unit_of("cm/s")
    Unit(dimension='speed', factor=0.01)
    """
    return UNITS.get(text.strip(), Unit("", 1.0))
