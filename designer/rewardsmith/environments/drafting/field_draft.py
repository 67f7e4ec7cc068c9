"""What a field of a drafted card will say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rewardsmith.messages import FieldKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDraft:
    """One state field, before it is written down."""

    name: str
    source: str
    shape: tuple[int, ...] = ()
    kind: FieldKind = "float"
    unit: str = ""
    unit_remark: str = ""
    """A comment beside it, or instead of it: that it is a guess, why there is none."""
    low: float | None = None
    high: float | None = None
    meaning: str = ""
    """Empty when nothing says what it is."""
    at_start: float | None = None
    """Value where `reset` does not give it; None when it does."""
    quaternion: Literal["wxyz", "xyzw"] | None = None
    remark: str = ""
    """A comment beside it: where this was found, what to check."""
    seen: tuple[float, float] | None = None
    """Smallest and largest value in the rollouts, where an end of its range is no more than that:
    widened, or left open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody says of fields that nothing in the environment explains."""

    author: str = ""
    """A model's name; it stands in the card."""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """Field name to one phrase."""
    units: Mapping[str, str] = field(default_factory=dict)
    action: str = ""
    """What an action does; empty where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing a person should know of a draft."""

    kind: Literal["assumption", "warning"]
    text: str
