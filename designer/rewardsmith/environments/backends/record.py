"""The parity record beside a card: what was compared, of which versions, and whether it passed.

A record speaks for one card as it was, and for the versions that were installed. It is data that a
person can read; nothing is taken from it but its verdict.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rewardsmith.environments.card_types import Backend, EnvCard
from rewardsmith.errors import UsageError

MAX_BYTES = 256 * 1024
_INNERMOST = re.compile(r"\[[^\[\]{}\"]*\]")
_PAIR = re.compile(r"\[\s*\[[^\]\"]*\],\s*\[[^\]\"]*\]\s*\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityRecord:
    """What a comparison of a backend with the card's own package came to."""

    versions: Mapping[str, str]
    """Of the backend, the package and what both stand on, by distribution name."""
    fingerprint: str
    """Of the parts of the card that were compared."""
    passed: bool
    n_episodes: int
    """Of each policy, in each implementation."""
    policies: Mapping[str, Any]
    """Policy to what both implementations gave, for people to read."""
    differences: tuple[str, ...]
    """What was too different, in words; empty when it passed."""


def record_path(card: EnvCard, name: str) -> Path | None:
    """Where the record of a card's backend lies; None for a card without a folder."""
    return card.folder / f"parity-{name}.json" if card.folder else None


def read_record(card: EnvCard, name: str) -> ParityRecord | None:
    """The record of a card's backend; None when there is none.

    Raises:
        UsageError: It is not what `dump_record` writes.
    """
    path = record_path(card, name)
    if path is None or not path.is_file():
        return None
    try:
        content = json.loads(path.read_bytes()[:MAX_BYTES])
        content["differences"] = tuple(content["differences"])
        return ParityRecord(**content)
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path}: {error}. Remove it, and compare anew.") from error


def dump_record(record: ParityRecord) -> str:
    """The text of a record's file; every list on one line."""
    text = json.dumps(asdict(record), indent=1)
    flat = _INNERMOST.sub(lambda found: " ".join(found[0].split()), text)
    return _PAIR.sub(lambda found: " ".join(found[0].split()), flat) + "\n"


def versions_of(name: str, backend: Backend) -> dict[str, str]:
    """Versions that a record speaks for; empty text for what is not installed."""
    return {d: _version(d) for d in (name, backend.package, "gymnasium", "mujoco")}


def compared(card: EnvCard, name: str) -> str:
    """A hash of the parts of a card that a comparison is about: the first 16 digits of a SHA-256.

    Words may be improved and tasks added; another source, horizon, action or kwarg is another
    environment.
    """
    fields = [
        {k: v for k, v in asdict(spec).items() if k not in ("meaning", "unit", "low", "high")}
        for spec in card.state.fields
    ]
    action = {k: v for k, v in asdict(card.state.action).items() if k != "meaning"}
    parts = [card.id, card.kwargs, card.max_steps, action, fields, asdict(card.backends[name])]
    blob = json.dumps(parts, sort_keys=True, default=str).encode()
    return hashlib.sha256(blob).hexdigest()[:16]


def why_refused(
    record: ParityRecord | None, card: EnvCard, name: str, installed: Mapping[str, str]
) -> str:
    """Why a record does not allow the backend's use, and what to do; empty when it does."""
    remedy = f"`rewardsmith envs parity {card.ref}` compares them; --backend python always works."
    if record is None:
        return f"nobody has compared it with the package yet. {remedy}"
    other = [
        f"{d} {record.versions.get(d) or 'absent'} instead of {v or 'none'}"
        for d, v in installed.items()
        if record.versions.get(d) != v
    ]
    if other:
        return f"its parity record is of {', '.join(other)}. {remedy}"
    if record.fingerprint != compared(card, name):
        return f"the card has changed since they were compared. {remedy}"
    if not record.passed:
        return f"it behaves differently: {'; '.join(record.differences)[:300]}. Use Python."
    return ""


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
