"""Trains one segment inside a locked worker.

Order matters: the environment is made and one tiny rollout and update run without any reward before
the lock, so that every lazy import has happened; then the process locks itself; only then is the
reward program read. Nothing of the warm-up survives. A backend's threads are started under Landlock
already, which they inherit.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from rewardsmith.environments.backends.choice import PYTHON, make_vector
from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.fitness import compile_success
from rewardsmith.environments.inspection import goal_problem
from rewardsmith.environments.judging import judging_card
from rewardsmith.environments.sparse import SparseReward
from rewardsmith.environments.vector import Start, StateVectorEnv, VectorEnv, VectorStep
from rewardsmith.errors import ConfigError
from rewardsmith.language.expressions import CompiledExpression
from rewardsmith.messages import Task
from rewardsmith.rewards.composition import RewardStream
from rewardsmith.rewards.contract import RewardProgram, require_program
from rewardsmith.rewards.goal_relabelling import follows_from_goals, relabelling_findings
from rewardsmith.training.hindsight import Hindsight
from rewardsmith.training.learner import Learner, RolloutStats
from rewardsmith.training.ppo import PpoLearner
from rewardsmith.training.preset import (
    PpoPreset,
    Preset,
    SacPreset,
    is_relabelled,
    resolve_preset,
)
from rewardsmith.training.requests import METRIC_NAMES, TrainRequest
from rewardsmith.training.rewarded import (
    NativeReward,
    NoReward,
    RewardedVectorEnv,
    RewardSource,
)
from rewardsmith.training.sac import SacLearner

Array = np.ndarray[Any, Any]

MAX_METRIC_POINTS = 200
"""Points of a segment's curves; longer segments average several rollouts into one."""


class Sink(Protocol):
    """Where a training's results go."""

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        """One point of the curves."""

    def checkpoint(self, step: int, tensors: Mapping[str, Array]) -> None:
        """The training's state at `step`."""

    def experience(self, tensors: Mapping[str, Array]) -> None:
        """What a next segment needs beside the last checkpoint."""


class ProgramReward:
    """Pays what a compiled reward program says."""

    def __init__(self, stream: RewardStream) -> None:
        self._stream = stream
        self.fields = stream.fields

    @property
    def program(self) -> RewardProgram:
        """What it pays."""
        return self._stream.program

    def begin(self, start: Start) -> None:
        """Episodes of all rows start."""
        self._stream.begin(start.fields)

    def pay(self, actions: Array, step: VectorStep) -> tuple[Array, Mapping[str, Array]]:
        """Rewards and components; rows that ended begin anew from `start_fields`."""
        paid = self._stream.step(
            actions, step.fields, terminated=step.terminated, truncated=step.truncated
        )
        done = step.terminated | step.truncated
        if done.any():
            self._stream.begin(step.start_fields, done)
        return paid.total, paid.components

    def repay(self, fields: Mapping[str, Array], n: int) -> Array:
        """Rewards (n,) of single states, if the program reads nothing but them."""
        return np.asarray(self._stream.of_states(fields, n))


class SparsePay:
    """Pays 1 at the first step at which the task's success holds."""

    def __init__(self, sparse: SparseReward, fields: tuple[str, ...]) -> None:
        self._sparse = sparse
        self.fields = fields

    def begin(self, start: Start) -> None:
        """Episodes of all rows start."""
        self._sparse.begin(start.fields)

    def pay(self, actions: Array, step: VectorStep) -> tuple[Array, Mapping[str, Array]]:
        """Rewards; there are no components."""
        paid = self._sparse.step(
            actions, step.fields, terminated=step.terminated, truncated=step.truncated
        )
        done = step.terminated | step.truncated
        if done.any():
            self._sparse.begin(step.start_fields, done)
        return paid, {}


class SuccessPay:
    """Pays 1 at every step after which the task's condition of steps holds.

    Where goals are relabelled the sparse reward is this one: whether an episode met its criterion
    before cannot be said of single states.
    """

    def __init__(self, condition: CompiledExpression, fields: tuple[str, ...]) -> None:
        self._condition = condition
        self.fields = fields

    def begin(self, start: Start) -> None:
        """Nothing to keep."""

    def pay(self, actions: Array, step: VectorStep) -> tuple[Array, Mapping[str, Array]]:
        """Rewards; there are no components."""
        return self.repay(step.fields, len(step.obs)), {}

    def repay(self, fields: Mapping[str, Array], n: int) -> Array:
        """Rewards (n,) of single states."""
        inputs = {f"state.{name}": values for name, values in fields.items()}
        with np.errstate(all="ignore"):
            holds = self._condition.evaluate(np, inputs) > 0
        return np.broadcast_to(holds, (n,)).astype(np.float64)


def train_segment(
    request: TrainRequest,
    tensors: Mapping[str, Array] | None,
    sink: Sink,
    *,
    lock: Callable[[], object],
    confine: Callable[[], object] = lambda: None,
) -> None:
    """Train from `start_step` to `end_step`, handing out curves and checkpoints.

    Args:
        request: What to train; `program` has passed the driver's static check.
        tensors: The checkpoint at `start_step`, with its experience; None at 0.
        sink: Receives points and checkpoints in the order of their steps.
        lock: Called once, after the warm-up and before the program is read.
        confine: Called before that, where the environment has to start threads.
    """
    preset = resolve_preset(request.preset)
    card = load_card(request.task.env)
    if request.reward == "sparse":  # no program runs here, so what judges may be read
        card = judging_card(card, request.task.success)
    if request.backend != PYTHON:
        confine()
    env = make_vector(request.backend, card, preset.n_envs)
    if is_relabelled(preset):
        _require_goals(env)
    _warm_up(env, preset, request.device)
    env.prepare(request.seed)
    lock()
    source = reward_source(request, card, preset)
    rewarded = RewardedVectorEnv(env.reading(source.fields), source)
    learner = make_learner(
        rewarded,
        preset,
        seed=request.seed,
        device=request.device,
        hindsight=hindsight_of(source, card, preset),
    )
    if tensors is not None:
        learner.load(tensors)
    _run(learner, preset, request, sink)
    if request.goes_on and (experience := learner.experience()):
        sink.experience(experience)


def make_learner(
    env: RewardedVectorEnv,
    preset: PpoPreset | SacPreset,
    *,
    seed: int,
    device: str,
    hindsight: Hindsight | None = None,
) -> Learner:
    """The preset's algorithm on `env`."""
    if isinstance(preset, SacPreset):
        return SacLearner(env, preset, seed=seed, device=device, hindsight=hindsight)
    return PpoLearner(env, preset, seed=seed, device=device)


def hindsight_of(source: RewardSource, card: EnvCard, preset: Preset) -> Hindsight | None:
    """What pays for other goals, where the preset asks for them; None where nothing can.

    The driver refuses a candidate that does not fit; what is left are a card's own references, and
    they are trained without.
    """
    if not is_relabelled(preset):
        return None
    if isinstance(source, SuccessPay):
        return Hindsight(card, source)
    if isinstance(source, ProgramReward):
        found = relabelling_findings(source.program, card.state, card.goal_dim)
        return None if found else Hindsight(card, source)
    return None


def reward_source(request: TrainRequest, card: EnvCard, preset: Preset) -> RewardSource:
    """What pays this training."""
    if request.reward == "native":
        return NativeReward()
    if request.reward == "sparse":
        return _sparse(request.task, card, preset)
    program = require_program(request.program or "", card.state)
    return ProgramReward(RewardStream(program, card.state, preset.n_envs, gamma=preset.gamma))


def _sparse(task: Task, card: EnvCard, preset: Preset) -> SparsePay | SuccessPay:
    success = compile_success(
        task.success,
        card.state,
        semantics=task.semantics,
        held_steps=task.held_steps,
        horizon=task.horizon,
        dt=card.dt,
        home=card.home,
    )
    condition = success.condition
    if condition is not None and is_relabelled(preset):
        if follows_from_goals(condition.reads, card.state, card.goal_dim):
            return SuccessPay(condition, success.fields)
    return SparsePay(SparseReward(success, card.state, preset.n_envs), success.fields)


def _require_goals(env: VectorEnv) -> None:
    """Refuse to swap parts of an observation that are no goals."""
    problem = goal_problem(env.card, env.envs[0]) if isinstance(env, StateVectorEnv) else None
    if problem is not None:
        raise ConfigError(str(problem))


def _warm_up(env: VectorEnv, preset: PpoPreset | SacPreset, device: str) -> None:
    rewarded = RewardedVectorEnv(env, NoReward())
    learner = make_learner(rewarded, preset.tiny(), seed=0, device=device)
    learner.rollout()
    learner.update()
    learner.tensors()
    learner.experience()


def _run(learner: Learner, preset: Preset, request: TrainRequest, sink: Sink) -> None:
    n_rollouts = (request.end_step - request.start_step) // preset.rollout_size
    per_point = max(1, -(-n_rollouts // MAX_METRIC_POINTS))
    pending: list[dict[str, float]] = []
    step = request.start_step
    for number in range(1, n_rollouts + 1):
        stats = learner.rollout()
        learner.update()
        step += preset.rollout_size
        pending.append(_metrics(stats) | learner.training_metrics())
        if number % per_point == 0 or number == n_rollouts:
            sink.metric(step, _averaged(pending))
            pending = []
        if step in request.checkpoint_steps:
            sink.checkpoint(step, learner.tensors())


def _metrics(stats: RolloutStats) -> dict[str, float]:
    values = {"rollout/reward_mean": stats.reward_mean}
    if stats.episode_returns:
        values["rollout/ep_rew_mean"] = float(np.mean(stats.episode_returns))
        values["rollout/ep_len_mean"] = float(np.mean(stats.episode_lengths))
    return values | {f"reward/{name}": mean for name, mean in stats.components.items()}


def _averaged(points: list[dict[str, float]]) -> dict[str, float]:
    """Means of what is known and finite: the driver refuses anything else."""
    names = dict.fromkeys(name for point in points for name in point)
    names = {n: None for n in names if n in METRIC_NAMES or n.startswith("reward/")}
    means = {n: float(np.mean([p[n] for p in points if n in p])) for n in names}
    return {name: value for name, value in means.items() if np.isfinite(value)}
