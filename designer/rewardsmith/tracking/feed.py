"""Tells a tracker what happens in a run, from a thread of its own.

A tracker may be slow, unreachable or broken: the run neither waits for it nor ends with it. What
went wrong is said once.
"""

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from rewardsmith.messages import MetricPoint
from rewardsmith.store.journal import Event
from rewardsmith.tracking.readings import design_values, evaluation_values, series_of
from rewardsmith.tracking.tracker import RunFacts, Tracker

MOST_WAITING: Final = 20_000
"""Rows that wait for a slow tracker; later ones are dropped, and counted."""
PATIENCE_S: Final = 60.0
"""Seconds that the end of a run waits for its tracker."""

Tell = Callable[[str], None]
_Task = Callable[[], None]


class Feed:
    """One tracker of one run."""

    def __init__(
        self,
        name: str,
        tracker: Tracker,
        facts: RunFacts,
        tell: Tell,
        *,
        is_measured: bool = True,
    ) -> None:
        self._name, self._tracker, self._tell = name, tracker, tell
        self._is_measured = is_measured
        self._waiting: queue.Queue[_Task | None] = queue.Queue(MOST_WAITING)
        self._n_dropped = 0
        self._n_closed = 0
        self._best: float | None = None
        self._put(lambda: tracker.start(facts))
        self._thread = threading.Thread(target=self._serve, name=f"tracker-{name}", daemon=True)
        self._thread.start()

    def event(self, event: Event) -> None:
        """Something happened in the run."""
        if event.event == "candidate_evaluated":
            values = evaluation_values(event, is_measured=self._is_measured)
            self._log(series_of(event.key), event.data["evaluation"]["step"], values)
        elif event.event == "candidate_closed":
            self._n_closed += 1
            score = event.data["result"]["score"]
            if score is not None:
                self._best = score if self._best is None else max(self._best, score)
            self._log("design", self._n_closed, design_values(event, self._best))

    def point(self, folder: str, seed: int, point: MetricPoint) -> None:
        """A training has reached a step."""
        self._log(series_of({"place": folder, "seed": seed}), point.step, point.values)

    def close(self, summary: Mapping[str, str | float], *, patience_s: float = PATIENCE_S) -> None:
        """Hand over what is left; a tracker that takes too long is left behind."""
        if self._n_dropped:
            self._tell(f"{self._name} was too slow: {self._n_dropped:,} rows were left out.")
        self._put(lambda: self._tracker.finish(summary))
        self._put(None)
        self._thread.join(patience_s)
        if self._thread.is_alive():
            self._tell(f"{self._name} did not take everything within {patience_s:.0f} s.")

    def _log(self, series: str, step: int, values: Mapping[str, float]) -> None:
        self._put(lambda: self._tracker.log(series, step, values))

    def _put(self, task: _Task | None) -> None:
        try:
            self._waiting.put_nowait(task)
        except queue.Full:
            self._n_dropped += 1

    def _serve(self) -> None:
        while (task := self._waiting.get()) is not None:
            try:
                task()
            except Exception as error:  # whatever a tracker raises is no reason to end a run
                said = " ".join(str(error).split())[:300] or type(error).__name__
                self._tell(f"{self._name} failed and is told nothing more: {said}")
                return


def facts_of(run_id: str, settings: Mapping[str, Any]) -> RunFacts:
    """Facts from settings of any kind; what is neither a number nor text is written as text."""
    plain = {
        name: value if isinstance(value, int | float | str) else str(value)
        for name, value in settings.items()
        if value is not None
    }
    return RunFacts(id=run_id, settings=plain)
