"""MLflow. `MLFLOW_TRACKING_URI` and `MLFLOW_EXPERIMENT_NAME` work as they always do."""

import os
import time
from collections.abc import Mapping
from typing import Any, Final

from rewardsmith.tracking.tracker import PROJECT, RunFacts

_TAG: Final = "rewardsmith.run"
_LONGEST: Final = 250
"""Characters of a parameter that every MLflow server takes."""


class MlflowTracker:
    """Feeds one MLflow run; a resumed run goes on with it."""

    def __init__(self) -> None:
        import mlflow

        self._mlflow: Any = mlflow
        self._client: Any = None
        self._run_id = ""

    def start(self, facts: RunFacts) -> None:
        """Open a run in the experiment, or find the one of this id."""
        self._client = self._mlflow.MlflowClient()
        experiment = self._experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT))
        known = self._client.search_runs([experiment], f"tags.`{_TAG}` = '{facts.id}'")
        if known:
            self._run_id = known[0].info.run_id
            return
        made = self._client.create_run(experiment, run_name=facts.id, tags={_TAG: facts.id})
        self._run_id = made.info.run_id
        for name, value in facts.settings.items():
            self._client.log_param(self._run_id, name, str(value)[:_LONGEST])

    def log(self, series: str, step: int, values: Mapping[str, float]) -> None:
        """Log metrics of one step in one request."""
        now = int(1000 * time.time())
        metrics = [
            self._mlflow.entities.Metric(f"{series}/{name}", value, now, step)
            for name, value in values.items()
        ]
        self._client.log_batch(self._run_id, metrics=metrics)

    def finish(self, summary: Mapping[str, str | float]) -> None:
        """Write numbers as metrics and words as tags, and end the run."""
        if not self._run_id:
            return
        for name, value in summary.items():
            if isinstance(value, str):
                self._client.set_tag(self._run_id, name, value)
            else:
                self._client.log_metric(self._run_id, name, value)
        self._client.set_terminated(self._run_id)

    def _experiment(self, name: str) -> str:
        known = self._client.get_experiment_by_name(name)
        return str(known.experiment_id if known else self._client.create_experiment(name))
