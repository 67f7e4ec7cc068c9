"""Reads a drafted card's fields from real episodes: ranges, and whether they can be read at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.cards import parse_card
from rewardsmith.environments.drafting.card_text import CardDraft, card_text
from rewardsmith.environments.drafting.field_draft import FieldDraft, Note
from rewardsmith.environments.drafting.ranges import widened
from rewardsmith.environments.failures import blamed
from rewardsmith.environments.fields import Fields
from rewardsmith.environments.inspection import random_actions
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import ConfigError, UsageError

N_ENVS = 2
N_STEPS = 200
RESET_EVERY = 50
"""Timesteps after which fresh episodes begin: ranges should hold at starts, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A draft whose fields have been read."""

    draft: CardDraft
    notes: tuple[Note, ...]


@dataclass(slots=True)
class Seen:
    """What one field went through."""

    low: float = np.inf
    high: float = -np.inf
    fastest: float = 0.0
    """Largest change in one timestep."""


def with_ranges(draft: CardDraft, ref: str, *, seed: int) -> Measured:
    """The draft with ranges where it had none, and without fields that are not finite.

    Raises:
        UsageError: No field can be read.
    """
    draft, notes = _readable(draft, ref, seed)
    seen = _extremes(parse_card(card_text(draft), ref=ref), seed)
    kept = []
    for field in draft.fields:
        if not np.isfinite([seen[field.name].low, seen[field.name].high]).all():
            text = f"{field.source} was not always finite and is no field"
            notes.append(Note(kind="warning", text=text))
            continue
        kept.append(_ranged(field, seen[field.name], draft.max_steps))
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
    for number, field in enumerate(fields):
        above = [f for f in fields[:number] if f.name in field.source]
        attempt = replace(draft, fields=(*above, field))
        try:
            _open(parse_card(card_text(attempt), ref=ref), seed)
        except (UsageError, ConfigError):
            return field
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
    with blamed(card.ref, "reset() or step()"):
        vector = StateVectorEnv(card, N_ENVS)
        for number in range(N_STEPS):
            if number % RESET_EVERY == 0:
                before = vector.reset(seed + number).fields
                _widen(seen, before, None)
            step = vector.step(random_actions(card, N_ENVS, rng))
            _widen(seen, step.fields, before)
            before = step.start_fields
        vector.close()
    return seen


def _widen(seen: dict[str, Seen], fields: Fields, before: Fields | None) -> None:
    for name, values in fields.items():
        numbers = values.astype(np.float64)
        one = seen[name]
        one.low = float(np.minimum(one.low, numbers.min()))
        one.high = float(np.maximum(one.high, numbers.max()))
        if before is not None:
            moved = np.abs(numbers - before[name].astype(np.float64)).max()
            one.fastest = float(np.maximum(one.fastest, moved))


def _ranged(field: FieldDraft, seen: Seen, max_steps: int) -> FieldDraft:
    """The field with a range: what is known, else what was seen, widened."""
    low, high = seen.low, seen.high
    is_known = field.low is not None and field.high is not None
    if field.kind == "bool" or field.quaternion or (is_known and _holds(field, low, high)):
        return field
    wide = widened(low, high)
    if field.travels:
        reach = max(abs(low), abs(high)) + max_steps * seen.fastest
        wide = widened(-reach / 3, reach / 3)
    ends = (
        wide[0] if field.low is None or low < field.low else field.low,
        wide[1] if field.high is None or high > field.high else field.high,
    )
    return replace(field, low=ends[0], high=ends[1], seen=(low, high))


def _holds(field: FieldDraft, low: float, high: float) -> bool:
    return (
        field.low is not None and field.high is not None and field.low <= low and high <= field.high
    )
