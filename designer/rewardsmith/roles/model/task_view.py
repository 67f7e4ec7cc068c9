"""A task as a model may see it: words, typed fields, and how the policy is trained.

Invariant: a `TaskView` has no attribute that holds the fitness, the success criterion, the target,
an audit metric, the environment's own reward or any reference, so no prompt can show them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.messages import ActionSpec, FieldSpec, StateSpec, Task, Trajectory
from rewardsmith.rewards.goal_relabelling import goal_fields
from rewardsmith.roles.model.formats import listed, number, percent
from rewardsmith.training.preset import Preset, is_relabelled


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One state field."""

    name: str
    type: str
    """`float`, `bool`, `Vector[3]`, `Array[4, 3]`, ..."""
    unit: str
    low: float | None
    high: float | None
    meaning: str
    constant: str = ""
    quaternion: str = ""
    idle: str = ""
    """Values while doing nothing, as in `1.1 .. 1.25`; empty when unknown."""
    random: str = ""
    """Values under random actions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """What a policy may do."""

    type: str
    low: str = ""
    high: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingView:
    """How a policy is trained on a program."""

    algorithm: str
    """As people write it: PPO, SAC."""
    gamma: float
    n_envs: int
    total_timesteps: int
    noise: float | None
    """Standard deviation of the first actions, over half their range; None for discrete ones."""
    rungs: tuple[int, ...] = ()
    """Timesteps after which the worse half of a round is stopped."""
    goal_fields: tuple[str, ...] = ()
    """All that a program may read where goals are relabelled; empty where they are not."""

    @property
    def reach(self) -> int | None:
        """Timesteps after which a reward counts a third: 1 / (1 - gamma); None for gamma 1."""
        return round(1.0 / (1.0 - self.gamma)) if self.gamma < 1.0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """Everything a role on a model may know of a task."""

    title: str
    description: str
    instruction: str
    horizon: int
    """Timesteps after which an episode is truncated."""
    dt: float | None
    """Seconds per timestep."""
    start: str
    episode_end: str
    exploits: tuple[str, ...]
    fields: tuple[FieldView, ...]
    action: ActionView
    training: TrainingView
    idle_end: str = ""
    """How the do-nothing episode ended: `step 48 of 1000`; empty when it lasted or is unknown."""
    random_ends: tuple[int, ...] = ()
    """Timesteps after which random episodes were terminated."""
    hidden_fields: tuple[str, ...] = ()
    """Fields that are no part of the observation."""
    is_ranked: bool = False
    """Whether people's comparisons judge, and nothing is measured."""
    state: StateSpec
    """For computations; prompts show `fields`."""


def task_view(
    task: Task,
    card: EnvCard,
    *,
    preset: Preset,
    total_timesteps: int,
    do_nothing: Trajectory | None = None,
    random: Sequence[Trajectory] = (),
    rungs: Sequence[int] = (),
) -> TaskView:
    """Take from a task and its card what a model may see.

    Args:
        task: Only its instruction and horizon are read, and whether people judge it.
        card: Its words, fields and clock.
        preset: How policies are trained.
        total_timesteps: Of one full training.
        do_nothing: The reference rollout of no action.
        random: Reference rollouts of random actions.
        rungs: Timesteps after which the worse half of a round is stopped.
    """
    idle = [do_nothing] if do_nothing is not None else []
    is_discrete = bool(card.state.action.choices)
    return TaskView(
        title=card.title,
        description=card.description,
        instruction=task.instruction,
        horizon=task.horizon,
        dt=card.dt,
        start=card.start,
        episode_end=card.episode_end,
        exploits=card.known_exploits,
        fields=tuple(_field(spec, idle, random) for spec in card.state.fields),
        action=_action(card.state.action),
        training=TrainingView(
            algorithm=preset.algorithm.upper(),
            gamma=preset.gamma,
            n_envs=preset.n_envs,
            total_timesteps=total_timesteps,
            noise=None if is_discrete else preset.first_noise,
            rungs=tuple(rungs),
            goal_fields=_goal_fields(card, preset),
        ),
        hidden_fields=_hidden(card.state),
        idle_end=_end(do_nothing, task.horizon),
        random_ends=tuple(t.length for t in random if t.terminated),
        is_ranked=task.is_ranked,
        state=card.state,
    )


def _goal_fields(card: EnvCard, preset: Preset) -> tuple[str, ...]:
    known = goal_fields(card.state, card.goal_dim) if is_relabelled(preset) else ()
    return tuple(spec.name for spec in card.state.fields if spec.name in known)


def _hidden(state: StateSpec) -> tuple[str, ...]:
    """Fields read from elsewhere than the observation; derived ones may be either."""
    seen = ("obs", "derived")
    return tuple(f.name for f in state.fields if f.source and not f.source.startswith(seen))


def _field(spec: FieldSpec, idle: Sequence[Trajectory], random: Sequence[Trajectory]) -> FieldView:
    is_constant = spec.constant is not None
    return FieldView(
        name=spec.name,
        type=_type(spec.kind, spec.shape),
        unit=spec.unit,
        low=spec.low,
        high=spec.high,
        meaning=spec.meaning,
        constant=_constant(spec) if is_constant else "",
        quaternion=spec.quaternion or "",
        idle="" if is_constant else typical(spec, idle),
        random="" if is_constant else typical(spec, random),
    )


def typical(spec: FieldSpec, rollouts: Sequence[Trajectory]) -> str:
    """The values of a field over rollouts: lowest and highest, or how often it is true."""
    seen = [np.asarray(t.fields[spec.name]) for t in rollouts if spec.name in t.fields]
    values = np.concatenate([v.reshape(-1) for v in seen]) if seen else np.zeros(0)
    if not values.size:
        return ""
    if spec.kind == "bool":
        return f"true {percent(float(values.mean()))}"
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return number(low) if number(low) == number(high) else f"{number(low)} .. {number(high)}"


def _action(spec: ActionSpec) -> ActionView:
    if spec.kind == "discrete":
        return ActionView(type=f"int in [0, {spec.n - 1}]", meaning=spec.meaning)
    if spec.choices:
        ends = sorted({n - 1 for n in spec.choices})
        highest = f"{ends[0]}" if len(ends) == 1 else listed([n - 1.0 for n in spec.choices])
        return ActionView(
            type=f"{_type('int', spec.shape)} of ints in [0, {highest}]", meaning=spec.meaning
        )
    same = len(set(spec.low)) == 1 and len(set(spec.high)) == 1
    low, high = (spec.low[:1], spec.high[:1]) if same else (spec.low, spec.high)
    return ActionView(
        type=_type("float", spec.shape), low=listed(low), high=listed(high), meaning=spec.meaning
    )


def _type(kind: str, shape: tuple[int, ...]) -> str:
    if not shape:
        return kind
    sizes = ", ".join(str(n) for n in shape)
    return f"{'Vector' if len(shape) == 1 else 'Array'}[{sizes}]"


def _constant(spec: FieldSpec) -> str:
    if isinstance(spec.constant, tuple):
        return f"({', '.join(number(v) for v in spec.constant)})"
    return number(spec.constant)


def _end(do_nothing: Trajectory | None, horizon: int) -> str:
    if do_nothing is None or not do_nothing.terminated:
        return ""
    return f"step {do_nothing.length} of {horizon}"
