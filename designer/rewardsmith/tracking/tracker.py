"""What an experiment tracker is to a run: something that is told what it started, saw and came to.

A tracker may raise whatever it likes at any time: `feed` says so once, and the run goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, get_args

TrackerName = Literal["wandb", "mlflow", "trackio"]
TRACKERS: Final[tuple[TrackerName, ...]] = get_args(TrackerName)

PROJECT: Final = "rewardsmith"
"""Under which all runs are filed, unless the tracker's own environment variables say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What a tracker is told of a run when it starts."""

    id: str
    settings: Mapping[str, str | int | float]
    """Environment, task, and what the search was started with; no secrets, no program texts."""


class Tracker(Protocol):
    """One experiment tracker, called from one thread only.

    Series of one run have steps of their own: `000-1/eval/fitness` at 4,096 steps may come after
    `000-0/eval/fitness` at 100,000.
    """

    def start(self, facts: RunFacts) -> None:
        """Open the run, or go on with the one of this id."""

    def log(self, series: str, step: int, values: Mapping[str, float]) -> None:
        """Add values at `step` of a series: `000-1` for a candidate, `design` for the search."""

    def finish(self, summary: Mapping[str, str | float]) -> None:
        """Say what the run came to so far, and close it."""
