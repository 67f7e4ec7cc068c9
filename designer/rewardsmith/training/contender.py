"""Whoever is trained: a candidate of the search, or a control beside it.

A contender knows what pays it and how its events are keyed; nothing else tells candidates and
controls apart, so both are trained and judged by the same code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewardsmith.messages import CandidateId, RewardKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Something to train: a reward, and a place in the run."""

    name: str
    """For people: `002/1`, `native`, `sparse`, `final`."""
    reward: RewardKind
    program: str | None = None
    """Text of the reward program; None for a built-in reward."""
    candidate: CandidateId | None = None
    """None for a control or a claim."""
    purpose: str | None = None
    """`confirm`, `claim` or `assay`; None within the search proper."""

    def __post_init__(self) -> None:
        if (self.reward == "program") != (self.program is not None):
            raise ValueError("a program is given exactly when the reward is one")

    def key(self, **more: Any) -> dict[str, Any]:
        """Key of this contender's events."""
        who: Mapping[str, Any] = (
            {"candidate": self.candidate}
            if self.purpose is None
            else {"purpose": self.purpose, "contender": self.name}
        )
        return {**who, **more}

    @property
    def folder(self) -> str:
        """Where its checkpoints and curves lie in the run folder."""
        if self.purpose is None and self.candidate is not None:
            return f"iterations/{self.candidate.iteration:03d}/candidates/{self.candidate.number}"
        return f"{self.purpose}/{self.name}"


def confirmation(candidate: CandidateId, program: str) -> Contender:
    """A candidate once more, with another training seed and other episodes."""
    return Contender(
        name=str(candidate).replace("/", "-"),
        reward="program",
        program=program,
        candidate=candidate,
        purpose="confirm",
    )


def candidate_contender(candidate: CandidateId, program: str) -> Contender:
    """The contender that a candidate of the search is."""
    return Contender(name=str(candidate), reward="program", program=program, candidate=candidate)
