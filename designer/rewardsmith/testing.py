"""Parts for tests, of this project and of whoever builds on it.

`LineWorld` is a tiny environment whose best reward is known. `InProcessEngine` runs jobs in the
calling process: fast and without any isolation, so never give it a program that you have not read.
"""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from rewardsmith.isolation.frames import ARRAYS, METRIC, RESULT, TENSORS, Frame
from rewardsmith.isolation.job import Job, JobEnd
from rewardsmith.isolation.strict_json import dump_json, parse_json
from rewardsmith.isolation.tensors import Array, parse_arrays
from rewardsmith.messages import Outcome, Task
from rewardsmith.training.engine import Chain, T

LINE_CARD = """\
id: rewardsmith.testing:LineWorld
title: Line world
description: A point on a line that moves by its action.
action:
  shape: [1]
  low: -1.0
  high: 1.0
  meaning: velocity of the point
state:
  position:
    source: obs[0]
    unit: m
    range: [-3, 3]
    meaning: position of the point along the line
  goal:
    source: obs[1]
    unit: m
    range: [-3, 3]
    meaning: position of the goal along the line
start: at the origin, with the goal one metre to the left or right
episode_end: when the point leaves [-3, 3]
max_steps: 12
dt: 0.25
preset: {n_envs: 4, n_steps: 16, batch_size: 64, n_epochs: 4, learning_rate: 0.01}
tasks:
  reach:
    instruction: Reach the goal and stay there.
    fitness: -mean(abs(position - goal))
    success: abs(position - goal) < 0.3
    semantics: final
    target: 0.8
    references: {sparse: sparse}
"""


class LineWorld(gymnasium.Env[np.ndarray, np.ndarray]):
    """A point on a line; the best reward for reaching is minus the distance to the goal."""

    observation_space = gymnasium.spaces.Box(-10.0, 10.0, (2,), dtype=np.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), dtype=np.float64)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start at the origin, with the goal one metre to either side."""
        super().reset(seed=seed)
        self._position = 0.0
        self._goal = float(self.np_random.choice([-1.0, 1.0]))
        return self._obs(), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Move by a quarter of the action."""
        self._position += 0.25 * float(np.clip(action[0], -1.0, 1.0))
        reward = -abs(self._position - self._goal)
        return self._obs(), reward, abs(self._position) > 3.0, False, {}

    def _obs(self) -> np.ndarray:
        return np.array([self._position, self._goal])


def write_line_card(folder: Path) -> str:
    """Write LineWorld's card below `folder`; returns the reference that `load_card` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "card.yaml").write_text(LINE_CARD, encoding="utf-8")
    return str(folder / "card.yaml")


def toy_task() -> Task:
    """A task for what only carries tasks around."""
    return Task(
        env="LineWorld",
        name="reach",
        instruction="Reach the goal and stay there.",
        fitness="-mean(abs(position - goal))",
        success="abs(position - goal) < 0.3",
        target=0.8,
        horizon=12,
    )


class InProcessEngine:
    """Runs chains one after the other in this process, and counts what it was asked to do."""

    def __init__(self, slots: int = 1) -> None:
        self.jobs: list[Job] = []
        """Every job that was run, in order."""

    def run(self, chains: Sequence[Chain[T]]) -> list[T]:
        """Drive every chain to its end; see `training.engine.Engine`."""
        return [self._drive(chain) for chain in chains]

    def _drive(self, chain: Chain[T]) -> T:
        try:
            job = next(chain)
            while True:
                job = chain.send(self._do(job))
        except StopIteration as end:
            value: T = end.value
            return value

    def _do(self, job: Job) -> JobEnd:
        self.jobs.append(job)
        place = _Place(job)
        try:
            importlib.import_module(job.module).answer(place)
        except Exception as error:  # a job's failure is a value
            return JobEnd(outcome=Outcome.CRASHED, text=f"{type(error).__name__}: {error}")
        return JobEnd(outcome=None, frames=tuple(place.frames), cpu_s=0.01)


class _Place:
    """A `Workplace` whose answers stay here."""

    def __init__(self, job: Job) -> None:
        self.request: Any = parse_json(dump_json(job.request))
        self.frames: list[Frame] = []
        self._job = job

    def lock(self, required: str = "any") -> str:
        return "none"

    def arrays(self) -> dict[str, Array]:
        return parse_arrays(self._job.tensors) if self._job.tensors else {}

    def send_metric(self, values: Mapping[str, Any]) -> None:
        if self._job.on_metric is not None:
            self._job.on_metric(dump_json(values))
        else:
            self.frames.append(Frame(METRIC, dump_json(values)))

    def send_tensors(self, blob: bytes) -> None:
        self.frames.append(Frame(TENSORS, blob))

    def send_arrays(self, blob: bytes) -> None:
        self.frames.append(Frame(ARRAYS, blob))

    def send_result(self, content: Mapping[str, Any]) -> None:
        self.frames.append(Frame(RESULT, dump_json(content)))
