"""Reads a drafted card's fields from real episodes: ranges, and whether they can be read at all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.cards import parse_card
from rewardsmith.environments.drafting.card_text import CardDraft, card_text
from rewardsmith.environments.drafting.field_draft import FieldDraft, Note
from rewardsmith.environments.drafting.ranges import widened
from rewardsmith.environments.failures import blamed
from rewardsmith.environments.fields import Fields
from rewardsmith.environments.inspection import random_actions
from rewardsmith.environments.stopwatch import Stopwatch
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import ConfigError, UsageError

N_ENVS = 2
N_STARTS = 4
"""Resets before anything is played: ranges should hold at starts, too."""
N_STEPS = 500
PLAY_S = 20.0
"""Seconds after which no further timestep is played, once there are `MIN_STEPS`."""
MIN_STEPS = 20
STILL_GROWING = 0.15
"""Share of what a field went through that only the later half of play showed: one that shows more
than that is not at its ends yet."""

_PLACES = frozenset("m cm mm km rad deg".split())
"""Units of where something is: how far a policy gets with it, random play does not show."""
_PLACE_NAMES = re.compile(r"(^|_)(x|y|z|pos|position)(_|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A draft whose fields have been read."""

    draft: CardDraft
    notes: tuple[Note, ...]


@dataclass(slots=True)
class Seen:
    """What one field went through."""

    lows: list[float] = field(default_factory=list)
    """Smallest value, time by time."""
    highs: list[float] = field(default_factory=list)

    @property
    def ends(self) -> tuple[float, float]:
        """Smallest and largest value; NaN where it was not a number."""
        return float(np.min(self.lows)), float(np.max(self.highs))

    @property
    def is_settled(self) -> bool:
        """Whether it moved, and the later half of what was played hardly showed anything new."""
        half = (len(self.lows) + 1) // 2
        early = min(self.lows[:half]), max(self.highs[:half])
        low, high = self.ends
        grown = (early[0] - low) + (high - early[1])
        return low < high and grown <= STILL_GROWING * (high - low)


def with_ranges(draft: CardDraft, ref: str, *, seed: int) -> Measured:
    """The draft with ranges where it had none, and without fields that are not finite.

    Raises:
        UsageError: No field can be read.
    """
    draft, notes = _readable(draft, ref, seed)
    seen = _extremes(parse_card(card_text(draft), ref=ref), seed)
    kept = []
    for one in draft.fields:
        if not np.isfinite(seen[one.name].ends).all():
            text = f"{one.source} was not always finite and is no field"
            notes.append(Note(kind="warning", text=text))
            continue
        kept.append(_ranged(one, seen[one.name]))
    if not kept:
        raise UsageError(f"{ref}: none of its fields is finite. Correct what it observes.")
    return Measured(draft=replace(draft, fields=tuple(kept)), notes=tuple(notes))


def _readable(draft: CardDraft, ref: str, seed: int) -> tuple[CardDraft, list[Note]]:
    """The draft without the fields that cannot be read: one that fails is left out, with a note."""
    notes: list[Note] = []
    fields = list(draft.fields)
    while fields:
        attempt = replace(draft, fields=tuple(fields))
        try:
            _open(parse_card(card_text(attempt), ref=ref), seed)
        except (UsageError, ConfigError) as error:
            failed = _culprit(fields, draft, ref, seed)
            if failed is None:
                raise
            fields.remove(failed)
            notes.append(Note(kind="warning", text=f"{failed.source} is no field: {error}"))
        else:
            return attempt, notes
    raise UsageError(f"{ref}: none of its fields can be read.")


def _culprit(
    fields: Sequence[FieldDraft], draft: CardDraft, ref: str, seed: int
) -> FieldDraft | None:
    """The first field that cannot be read on its own."""
    for number, one in enumerate(fields):
        above = [f for f in fields[:number] if f.name in one.source]
        attempt = replace(draft, fields=(*above, one))
        try:
            _open(parse_card(card_text(attempt), ref=ref), seed)
        except (UsageError, ConfigError):
            return one
    return None


def _open(card: EnvCard, seed: int) -> None:
    with blamed(card.ref, "__init__"):
        vector = StateVectorEnv(card, 1)
    with blamed(card.ref, "reset() or step()"):
        vector.reset(seed)
        vector.step(random_actions(card, 1, np.random.default_rng(seed)))
        vector.close()


def _extremes(card: EnvCard, seed: int) -> dict[str, Seen]:
    """What each field went through in random play."""
    rng = np.random.default_rng(seed)
    seen = {spec.name: Seen() for spec in card.state.fields}
    watch = Stopwatch()
    with blamed(card.ref, "reset() or step()"):
        vector = StateVectorEnv(card, N_ENVS)
        for number in range(N_STARTS):
            _widen(seen, vector.reset(seed + number * N_ENVS).fields)
        for number in range(N_STEPS):
            if number >= MIN_STEPS and watch.seconds() > PLAY_S:
                break
            step = vector.step(random_actions(card, N_ENVS, rng))
            _widen(seen, step.fields)
            _widen(seen, step.start_fields)
        vector.close()
    return seen


def _widen(seen: dict[str, Seen], fields: Fields) -> None:
    for name, values in fields.items():
        numbers = values.astype(np.float64)
        seen[name].lows.append(float(numbers.min()))
        seen[name].highs.append(float(numbers.max()))


def _ranged(draft: FieldDraft, seen: Seen) -> FieldDraft:
    """The field with a range: ends that are known, else what was seen, widened, or none.

    Designers take a range's ends for limits, and the end of a drive for somewhere to go. What
    random play showed is no such thing of a place, of what stood still, of what still went further.
    """
    low, high = seen.ends
    is_low_known = draft.low is not None and draft.low <= low
    is_high_known = draft.high is not None and draft.high >= high
    if draft.kind == "bool" or draft.quaternion or (is_low_known and is_high_known):
        return draft
    is_open = _is_place(draft) or not seen.is_settled
    guess = (None, None) if is_open else widened(low, high)
    return replace(
        draft,
        low=draft.low if is_low_known else guess[0],
        high=draft.high if is_high_known else guess[1],
        seen=(low, high),
    )


def _is_place(draft: FieldDraft) -> bool:
    return draft.unit in _PLACES or (not draft.unit and bool(_PLACE_NAMES.search(draft.name)))
