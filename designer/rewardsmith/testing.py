"""Parts for tests, of this project and of whoever builds on it.

`LineWorld` is a tiny environment whose best reward is known. `InProcessEngine` runs jobs in the
calling process: fast and without any isolation, so never give it a program that you have not read.
`ScriptedEngine` trains nothing: what every program is worth stands in a table. `ScriptedModel`
answers like a language model, `ScriptedProvider` like a provider behind the gateway; in `StillTime`
waiting takes no time.
"""

import importlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from rewardsmith.evaluation.policy import PolicySpec
from rewardsmith.evaluation.requests import (
    EvaluationReply,
    EvaluationRequest,
    decode_request,
    encode_reply,
)
from rewardsmith.isolation.frames import ARRAYS, METRIC, RESULT, TENSORS, Frame
from rewardsmith.isolation.job import Job, JobEnd
from rewardsmith.isolation.strict_json import dump_json, parse_json
from rewardsmith.isolation.tensors import Array, dump_tensors, parse_arrays
from rewardsmith.isolation.trajectories import to_arrays
from rewardsmith.llm.scripted import ScriptedModel as ScriptedModel
from rewardsmith.llm.scripted import ScriptedProvider as ScriptedProvider
from rewardsmith.llm.scripted import StillTime as StillTime
from rewardsmith.messages import EpisodeScore, Outcome, Task, Trajectory
from rewardsmith.training.checkpoint import checkpoint_tensors, experience_tensors
from rewardsmith.training.engine import Chain, T
from rewardsmith.training.preset import resolve_preset
from rewardsmith.training.requests import TrainRequest
from rewardsmith.training.requests import decode as decode_job
from rewardsmith.training.trial import WORKER

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


class ScriptedEngine(InProcessEngine):
    """Answers trainings and evaluations from a table; no environment, no network.

    Args:
        worth: A word of a program's text, or the name of a built-in reward, to what becomes of its
            trainings: the fitness that all their evaluations show, or how they end. Of several, the
            first is for the first training from scratch, and so on; the last one stays.
        spec: Shape of the policies.
        judged: A word as above to how its evaluations end, where they do not end well.
    """

    def __init__(
        self,
        worth: Mapping[str, Sequence[float | JobEnd]],
        spec: PolicySpec,
        judged: Mapping[str, JobEnd] | None = None,
    ) -> None:
        super().__init__()
        self._worth, self._spec, self._judged = worth, spec, judged or {}
        self._n_trainings: Counter[str] = Counter()
        self._told: list[tuple[str, float]] = []

    def _do(self, job: Job) -> JobEnd:
        self.jobs.append(job)
        if job.module != WORKER:
            return self._evaluate(job, decode_request(job.request))
        request = decode_job(job.request)
        assert isinstance(request, TrainRequest)
        return self._train(job, request)

    def _train(self, job: Job, request: TrainRequest) -> JobEnd:
        text = request.program or request.reward
        word = next(word for word in self._worth if word in text)
        self._n_trainings[word] += request.start_step == 0
        worth = self._worth[word]
        told = worth[min(self._n_trainings[word], len(worth)) - 1]
        if isinstance(told, JobEnd):
            return told
        self._told.append((word, told))
        tensors = {
            name: np.ones(spec.shape, np.float32 if spec.dtype == "F32" else np.float64)
            for name, spec in checkpoint_tensors(self._spec).items()
        }
        tensors["actor.0.bias"][0] = len(self._told) - 1
        blobs = [dump_tensors(tensors) for _ in request.checkpoint_steps]
        if request.goes_on and (experience := self._experience(request)):
            blobs.append(dump_tensors(experience))
        return JobEnd(outcome=None, frames=tuple(Frame(TENSORS, b) for b in blobs), cpu_s=1.0)

    def _experience(self, request: TrainRequest) -> dict[str, Array]:
        """Transitions in which nothing happens."""
        preset = resolve_preset(request.preset)
        expected = experience_tensors(self._spec, preset, request.end_step)
        return {
            name: np.zeros(spec.shape, bool if spec.dtype == "BOOL" else np.float32)
            for name, spec in expected.items()
        }

    def _evaluate(self, job: Job, request: EvaluationRequest) -> JobEnd:
        tensors = parse_arrays(job.tensors)
        policies = range(len(request.policies))
        told = [self._told[int(tensors[f"{i}/actor.0.bias"][0])] for i in policies]
        if told[0][0] in self._judged:
            return self._judged[told[0][0]]
        episodes = tuple(
            tuple(_episode(seed, fitness) for seed in policy.seeds)
            for policy, (_, fitness) in zip(request.policies, told, strict=True)
        )
        reply = EvaluationReply(episodes=episodes, obs_dim=self._spec.obs_dim, sandbox="none")
        recorded = [
            Frame(ARRAYS, dump_tensors(to_arrays([_rollout(s) for s in p.seeds[: p.record]])))
            for p in request.policies
            if p.record
        ]
        result = Frame(RESULT, dump_json(encode_reply(reply)))
        return JobEnd(outcome=None, frames=(*recorded, result), cpu_s=1.0)


def _episode(seed: int, fitness: float) -> EpisodeScore:
    return EpisodeScore(seed=seed, fitness=fitness, success=fitness > 0, length=1, terminated=False)


def _rollout(seed: int) -> Trajectory:
    fields = {"position": np.zeros(2), "goal": np.ones(2)}
    return Trajectory(seed=seed, fields=fields, actions=np.zeros((1, 1)), terminated=False)


class _Place:
    """A `Workplace` whose answers stay here."""

    def __init__(self, job: Job) -> None:
        self.request: Any = parse_json(dump_json(job.request))
        self.frames: list[Frame] = []
        self._job = job

    def confine(self) -> None:
        pass

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
