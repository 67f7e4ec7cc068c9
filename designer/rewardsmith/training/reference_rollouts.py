"""Rollouts that no reward of the search shaped: doing nothing, acting at random, known exploits.

Recorded once per run by the evaluator. They are the real transitions that every program is probed
on, and show what not doing the task would earn. Where the card brings a competent rollout along, it
is replayed here, and the exploits start from the same seed: else from training seeds.
"""

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardsmith.config import RunConfig, episode_seeds
from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.failures import place_in
from rewardsmith.errors import RewardsmithError, StoreError
from rewardsmith.evaluation.jobs import (
    MAX_RECORDED_STEPS,
    Judgement,
    evaluation_job,
    openings_of,
    read_judgement,
)
from rewardsmith.evaluation.requests import PolicyRequest
from rewardsmith.isolation.frames import FrameError
from rewardsmith.isolation.limits import Limits
from rewardsmith.isolation.tensors import dump_tensors, parse_arrays
from rewardsmith.isolation.trajectories import from_arrays, to_arrays
from rewardsmith.messages import ActionSpec, Task, Trajectory
from rewardsmith.rewards.exploits import Lineup
from rewardsmith.store.run import Run
from rewardsmith.training.engine import Chain, Engine, insist
from rewardsmith.training.shipped_rollouts import COMPETENT, ShippedRollouts, load_shipped

Array = np.ndarray[Any, Any]

FILE = "reference_rollouts.safetensors"
N_RANDOM = 4
N_EXTREMES = 6
"""Rollouts of one extreme action held, at most: both ends of all dimensions, then mixed ones."""
REPLAY_TOLERANCE = 0.02
"""Difference from the fitness written down, relative to it or to 1, up to which a replay counts."""

EXTREME, RANDOM = "extreme", "random"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRollouts:
    """Recorded once per run."""

    trajectories: tuple[Trajectory, ...]
    """In the order of `reference_policies`; the first one is doing nothing."""
    obs_dim: int
    """Length of an observation, as policies see it."""
    sandbox: str
    """Level of isolation that processes reach on this machine."""
    kinds: tuple[str, ...] = ()
    """What each is: `do_nothing`, `random`, `extreme`, `oscillate`, `repeat`, `competent`, ...;
    empty in runs of versions that did not say it."""
    fitness: tuple[float | None, ...] = ()
    """By the task's own measure, in their order; None when it is not finite. For the driver only:
    it never stands in a finding or a prompt."""
    distrust: str = ""
    """Why the card's competent rollout does not count; empty when it does, or there is none."""

    @property
    def named(self) -> Mapping[str, Trajectory]:
        """`do_nothing`, and `early_end` where any episode was terminated."""
        early = self._early_end
        found = {} if early is None else {"early_end": self.trajectories[early]}
        return {"do_nothing": self.trajectories[0], **found}

    @property
    def chance(self) -> tuple[tuple[Trajectory, float], ...]:
        """Rollouts of random actions and their fitness, where it is finite."""
        told = zip(self.kinds, self.trajectories, self.fitness, strict=False)
        return tuple((t, f) for kind, t, f in told if kind == RANDOM and f is not None)

    def lineup(self, best: tuple[Trajectory, float] | None = None) -> Lineup:
        """The rollouts with what is known of them, for the probe.

        Args:
            best: The best rollout of the search so far and its fitness. It stands in for a card's
                competent one, if it does the task better than every exploit.
        """
        if not self.kinds:
            return Lineup(trajectories=self.trajectories)
        plain = {kind: i for i, kind in enumerate(self.kinds)}
        for kind in (EXTREME, RANDOM):
            plain.pop(kind, None)
        known = plain.pop(COMPETENT, None)
        more = {"early_end": self._early_end, "leave": self._leave}
        exploits = plain | {name: i for name, i in more.items() if i is not None}
        if known is not None and not self.distrust:
            return Lineup(
                trajectories=self.trajectories,
                fitness=self.fitness,
                exploits=exploits,
                competent=known,
            )
        worth = [self.fitness[i] for i in exploits.values()]
        if best is not None and all(w is None or w < best[1] for w in worth):
            return Lineup(
                trajectories=(*self.trajectories, best[0]),
                fitness=(*self.fitness, best[1]),
                exploits=exploits,
                competent=len(self.trajectories),
                whose="the best rollout so far",
            )
        return Lineup(
            trajectories=self.trajectories,
            fitness=self.fitness,
            exploits=exploits,
            unknown=self.distrust or "no competent rollout is known",
        )

    @property
    def _early_end(self) -> int | None:
        """The shortest episode that was terminated, doing the task aside."""
        ended = [
            i
            for i, trajectory in enumerate(self.trajectories)
            if trajectory.terminated and self.kinds[i : i + 1] != (COMPETENT,)
        ]
        return min(ended, key=lambda i: self.trajectories[i].length, default=None)

    @property
    def _leave(self) -> int | None:
        """The extreme action that gets away from the start furthest, and soonest."""
        extremes = [i for i, kind in enumerate(self.kinds) if kind == EXTREME]
        away = departures([self.trajectories[i] for i in extremes])
        return max(zip(away, extremes, strict=True))[1] if extremes else None


def departures(trajectories: Sequence[Trajectory]) -> list[float]:
    """How far each rollout gets from its start, on average over steps and fields, in [0, 1].

    1 is the furthest that any of the rollouts ever gets from its own start in that field.
    """
    sums = [0.0 for _ in trajectories]
    names = trajectories[0].fields if trajectories else ()
    for name in names:
        moved = [_distances(t.fields[name]) for t in trajectories]
        furthest = max(float(d.max(initial=0.0)) for d in moved)
        if furthest > 0.0 and math.isfinite(furthest):
            sums = [s + float(d.mean()) / furthest for s, d in zip(sums, moved, strict=True)]
    return [value / max(1, len(names)) for value in sums]


def _distances(values: Array) -> Array:
    """Distance from the first row, shape (n_steps,)."""
    away = values[1:].astype(np.float64) - values[:1].astype(np.float64)
    return np.asarray(np.linalg.norm(away.reshape(len(away), -1), axis=1))


def record_references(run: Run, engine: Engine, task: Task, config: RunConfig) -> ReferenceRollouts:
    """Record the rollouts, or read those this run has recorded before.

    Raises:
        RewardsmithError: The environment itself does not work.
        StoreError: The run cannot be read or written.
    """
    recalled = run.recall("references_recorded")
    if recalled is not None:
        return _recall(run, recalled)
    rollouts = engine.run([reference_chain(task, config)])[0]
    sha = run.save_artifact(FILE, dump_tensors(to_arrays(rollouts.trajectories)))
    run.record(
        "references_recorded",
        sha=sha,
        obs_dim=rollouts.obs_dim,
        sandbox=rollouts.sandbox,
        kinds=list(rollouts.kinds),
        fitness=list(rollouts.fitness),
        distrust=rollouts.distrust,
    )
    return rollouts


def reference_chain(task: Task, config: RunConfig) -> Chain[ReferenceRollouts]:
    """Record the rollouts, without a run to keep them in.

    Raises:
        ConfigError: What the card brings along is not what it should be.
        RewardsmithError: The environment does not run, or its state stops being finite.
    """
    card = load_card(task.env)
    shipped = load_shipped(card, task)
    asked = reference_policies(card.state.action, config.seed, shipped)
    judgement = yield from behaviour_chain(card, task, [policy for _, policy in asked], config)
    rollouts = _rollouts([kind for kind, _ in asked], judgement, shipped)
    _require_finite(card, rollouts)
    return rollouts


def behaviour_chain(
    card: EnvCard, task: Task, policies: Sequence[PolicyRequest], config: RunConfig
) -> Chain[Judgement]:
    """Have the evaluator roll out behaviour that nobody trained, and measure it.

    Raises:
        RewardsmithError: The environment does not run, or the evaluator answers nonsense.
    """
    limits = config.limits
    job = evaluation_job(
        task,
        policies,
        audit={},
        spec=None,
        tensors=[],
        limits=Limits(
            cpu_s=max(1, round(limits.rollouts_cpu_s)), memory_bytes=limits.memory_mb * 1024 * 1024
        ),
        openings=openings_of(card),
        stall_s=limits.stall_s,
        sandbox=config.require_sandbox,
    )
    end = yield from insist(job, limits.attempts)
    if end.outcome is not None:
        raise RewardsmithError(
            f"The environment {card.called!r} does not run in the evaluator ({end.outcome}): "
            f"{_last_words(end.text, card)}"
        )
    try:
        return read_judgement(end.frames, policies)
    except FrameError as error:
        raise RewardsmithError(f"The evaluator of {card.called!r} answered: {error}.") from error


def _last_words(text: str, card: EnvCard) -> str:
    """What the evaluator said at its end; an error of our own also says what to do."""
    last = "".join([line for line in text.splitlines() if line.strip()][-1:])
    own = re.match(rf"{RewardsmithError.__module__}\.\w+: (.+)", last)
    if own:
        return own[1]
    said = last.rstrip(".") or "it said nothing"
    check = f"rewardsmith envs check {shlex.quote(card.ref)}"
    return f"{said}{place_in(text)}. `{check}` says more."


def reference_policies(
    action: ActionSpec, run_seed: int, shipped: ShippedRollouts | None = None
) -> tuple[tuple[str, PolicyRequest], ...]:
    """Who acts: the kind of rollout, and its policy. The first one does nothing."""
    seeds = episode_seeds(run_seed, "training", N_RANDOM + 1)
    start = (seeds[0] if shipped is None else shipped.seed,)
    extremes = extreme_actions(action)
    known = shipped.rollouts if shipped else {}
    repeated = _random_action(action, np.random.default_rng(start[0]))
    return (
        ("do_nothing", PolicyRequest(kind="constant", seeds=start, record=1)),
        (RANDOM, PolicyRequest(kind="uniform", seeds=seeds[1:], record=N_RANDOM)),
        *((EXTREME, _cycle(start, one)) for one in extremes),
        ("oscillate", _cycle(start, *extremes[:2])),
        ("repeat", _cycle(start, repeated)),
        *((name, _cycle(start, *rollout.actions)) for name, rollout in known.items()),
    )


def extreme_actions(action: ActionSpec) -> tuple[tuple[float, ...], ...]:
    """Corners of the action space, at most `N_EXTREMES`: all high, all low, then mixed ones."""
    if action.kind == "discrete":
        choices = [action.n - 1, *range(action.n - 1)]
        return tuple((float(choice),) for choice in choices[:N_EXTREMES])
    low, high = _ends(action)
    rng = np.random.default_rng(0)
    signs = [np.ones(len(low)), -np.ones(len(low))]
    signs += list(rng.choice([-1.0, 1.0], size=(4 * N_EXTREMES, len(low))))
    found = [np.where(sign > 0, high, low) for sign in signs]
    return tuple(dict.fromkeys(tuple(corner.tolist()) for corner in found))[:N_EXTREMES]


def _random_action(action: ActionSpec, rng: np.random.Generator) -> tuple[float, ...]:
    if action.choices:
        return tuple(rng.integers(action.choices).astype(np.float64).tolist())
    return tuple(rng.uniform(action.low, action.high).tolist())


def _ends(action: ActionSpec) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Lowest and highest number of every element, flat."""
    if action.choices:
        return (0.0,) * len(action.choices), tuple(n - 1.0 for n in action.choices)
    return action.low, action.high


def _cycle(seeds: tuple[int, ...], *actions: tuple[float, ...]) -> PolicyRequest:
    return PolicyRequest(kind="cycle", seeds=seeds, actions=actions, record=1)


def _rollouts(
    asked: Sequence[str], judgement: Judgement, shipped: ShippedRollouts | None
) -> ReferenceRollouts:
    told = [
        (kind, score.fitness if math.isfinite(score.fitness) else None)
        for kind, scores in zip(asked, judgement.reply.episodes, strict=True)
        for score in scores
    ]
    return ReferenceRollouts(
        trajectories=judgement.recorded,
        obs_dim=judgement.reply.obs_dim,
        sandbox=judgement.reply.sandbox,
        kinds=tuple(kind for kind, _ in told),
        fitness=tuple(fitness for _, fitness in told),
        distrust=_distrust(dict(told), shipped),
    )


def _require_finite(card: EnvCard, rollouts: ReferenceRollouts) -> None:
    """Say that it is the environment: every program would be refused for what it reads there."""
    for kind, trajectory in zip(rollouts.kinds, rollouts.trajectories, strict=True):
        for name, values in trajectory.fields.items():
            rows = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
            if rows.any():
                raise RewardsmithError(
                    f"The environment {card.id!r} does not stay finite: its state field {name!r} "
                    f"is {_broken(values)} at timestep {int(rows.argmax())} of an episode of "
                    f"{kind.replace('_', ' ')!r}. Find where it comes from (a division by 0, a "
                    f"square root, a simulation that blew up), or correct the field's source."
                )


def _broken(values: Array) -> float:
    """The first value that is not finite."""
    return float(values[~np.isfinite(values)][0])


def _distrust(fitness: Mapping[str, float | None], shipped: ShippedRollouts | None) -> str:
    """Why the competent rollout does not count, if it was brought along and does not."""
    if shipped is None or COMPETENT not in shipped.rollouts:
        return ""
    recorded, replayed = shipped.rollouts[COMPETENT].fitness, fitness[COMPETENT]
    tolerance = REPLAY_TOLERANCE * max(1.0, abs(recorded))
    if replayed is not None and abs(replayed - recorded) <= tolerance:
        return ""
    return "the card's competent rollout does not do the task when it is replayed here"


def _recall(run: Run, recalled: Mapping[str, Any]) -> ReferenceRollouts:
    blob = run.load_artifact(FILE, recalled["sha"])
    try:
        arrays = parse_arrays(blob, max_bytes=len(blob), max_rows=MAX_RECORDED_STEPS)
        trajectories = from_arrays(arrays)
    except ValueError as error:
        raise StoreError(f"{FILE} is from another version: {error}. Start a new run.") from error
    return ReferenceRollouts(
        trajectories=trajectories,
        obs_dim=recalled["obs_dim"],
        sandbox=recalled["sandbox"],
        kinds=tuple(recalled.get("kinds", ())),
        fitness=tuple(recalled.get("fitness", ())),
        distrust=recalled.get("distrust", ""),
    )
