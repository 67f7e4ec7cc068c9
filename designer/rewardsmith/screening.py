"""Decides without training: programs that compute what an earlier candidate already computed.

Pure; the decision is recorded by whoever asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rewardsmith.messages import CandidateId, History, Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Whether a candidate is worth training."""

    candidate: CandidateId
    reason: str = ""
    """Why it is not; empty when it is."""

    @property
    def is_screened(self) -> bool:
        """Whether it is decided without training."""
        return bool(self.reason)


def screen_duplicates(judged: Sequence[Judged], history: History) -> tuple[Screening, ...]:
    """Screen accepted candidates whose expression graph was seen before, in candidate order."""
    seen: dict[str, CandidateId] = {}
    for earlier in (j for iteration in history.iterations for j in iteration.judged):
        if earlier.verdict.ok and earlier.verdict.graph_hash:
            seen.setdefault(earlier.verdict.graph_hash, earlier.candidate.id)
    screenings = []
    for j in judged:
        twin = seen.get(j.verdict.graph_hash) if j.verdict.graph_hash else None
        reason = f"It computes the same reward as {twin}." if twin else ""
        screenings.append(Screening(candidate=j.candidate.id, reason=reason))
        if j.verdict.graph_hash and not twin:
            seen[j.verdict.graph_hash] = j.candidate.id
    return tuple(screenings)
