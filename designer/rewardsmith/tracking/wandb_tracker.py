"""Weights & Biases. `WANDB_PROJECT`, `WANDB_ENTITY` and `WANDB_MODE` work as they always do."""

import os
from collections.abc import Mapping
from typing import Any

from rewardsmith.tracking.tracker import PROJECT, RunFacts


class WandbTracker:
    """Feeds one W&B run; every series has a step axis of its own."""

    def __init__(self) -> None:
        import wandb

        self._wandb: Any = wandb
        self._run: Any = None
        self._series: set[str] = set()

    def start(self, facts: RunFacts) -> None:
        """Open or continue the W&B run of this id."""
        if os.environ.get("WANDB_MODE", "online") == "online" and not self._wandb.api.api_key:
            # Its own question on the terminal would wait for an answer while the run goes on.
            raise RuntimeError("no API key: `wandb login`, or WANDB_MODE=offline")
        self._run = self._wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            id=facts.id,
            name=facts.id,
            resume="allow",
            config=dict(facts.settings),
            settings=self._wandb.Settings(console="off", disable_git=True, save_code=False),
        )

    def log(self, series: str, step: int, values: Mapping[str, float]) -> None:
        """Log a row with the series' own step."""
        axis = f"{series}/step"
        if series not in self._series:
            self._series.add(series)
            self._run.define_metric(axis, hidden=True)
            self._run.define_metric(f"{series}/*", step_metric=axis)
        self._run.log({axis: step} | {f"{series}/{name}": v for name, v in values.items()})

    def finish(self, summary: Mapping[str, str | float]) -> None:
        """Write the summary and end the W&B run."""
        if self._run is not None:
            self._run.summary.update(dict(summary))
            self._run.finish()
