"""Trackio, which keeps its runs on this machine; `TRACKIO_SPACE_ID` mirrors them to a Space."""

import os
from collections.abc import Mapping
from typing import Any

from rewardsmith.tracking.tracker import PROJECT, RunFacts


class TrackioTracker:
    """Feeds one Trackio run."""

    def __init__(self) -> None:
        import trackio

        self._trackio: Any = trackio
        self._run: Any = None

    def start(self, facts: RunFacts) -> None:
        """Open or continue the run of this id."""
        self._run = self._trackio.init(
            project=os.environ.get("TRACKIO_PROJECT", PROJECT),
            name=facts.id,
            space_id=os.environ.get("TRACKIO_SPACE_ID"),
            config=dict(facts.settings),
            resume="allow",
            embed=False,
        )

    def log(self, series: str, step: int, values: Mapping[str, float]) -> None:
        """Log a row."""
        self._run.log({f"{series}/{name}": v for name, v in values.items()}, step=step)

    def finish(self, summary: Mapping[str, str | float]) -> None:
        """Log what it came to, and end the run."""
        if self._run is None:
            return
        numbers = {name: value for name, value in summary.items() if not isinstance(value, str)}
        if numbers:
            self._run.log(numbers)
        self._trackio.finish()
