"""Rollouts that no reward shaped: doing nothing, acting at random, always the same extreme action.

Recorded once per run by the evaluator, on training seeds. They are the real transitions that every
program is probed on, and show what standing still or ending early would earn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rewardsmith.config import RunConfig, episode_seeds
from rewardsmith.environments.cards import load_card
from rewardsmith.errors import RewardsmithError, StoreError
from rewardsmith.evaluation.jobs import evaluation_job, openings_of, read_judgement
from rewardsmith.evaluation.requests import PolicyRequest
from rewardsmith.isolation.frames import FrameError
from rewardsmith.isolation.limits import Limits
from rewardsmith.isolation.tensors import dump_tensors, parse_arrays
from rewardsmith.isolation.trajectories import from_arrays, to_arrays
from rewardsmith.messages import Task, Trajectory
from rewardsmith.store.run import Run
from rewardsmith.training.engine import Chain, Engine, insist

FILE = "reference_rollouts.safetensors"
N_RANDOM = 4
CPU_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRollouts:
    """Recorded once per run."""

    trajectories: tuple[Trajectory, ...]
    """In the order of `_policies`: doing nothing, random ones, extreme actions."""
    obs_dim: int
    """Length of an observation, as policies see it."""
    sandbox: str
    """Level of isolation that processes reach on this machine."""

    @property
    def named(self) -> Mapping[str, Trajectory]:
        """`do_nothing`, and `early_end` where any episode was terminated."""
        ended = [t for t in self.trajectories if t.terminated]
        early = {"early_end": min(ended, key=_length)} if ended else {}
        return {"do_nothing": self.trajectories[0], **early}


def record_references(run: Run, engine: Engine, task: Task, config: RunConfig) -> ReferenceRollouts:
    """Record the rollouts, or read those this run has recorded before.

    Raises:
        RewardsmithError: The environment itself does not work.
        StoreError: The run cannot be read or written.
    """
    recalled = run.recall("references_recorded")
    if recalled is not None:
        return ReferenceRollouts(
            trajectories=_load(run, recalled["sha"]),
            obs_dim=recalled["obs_dim"],
            sandbox=recalled["sandbox"],
        )
    rollouts = engine.run([reference_chain(task, config)])[0]
    sha = run.save_artifact(FILE, dump_tensors(to_arrays(rollouts.trajectories)))
    run.record("references_recorded", sha=sha, obs_dim=rollouts.obs_dim, sandbox=rollouts.sandbox)
    return rollouts


def reference_chain(task: Task, config: RunConfig) -> Chain[ReferenceRollouts]:
    """Record the rollouts, without a run to keep them in."""
    policies = _policies(config.seed)
    job = evaluation_job(
        task,
        policies,
        audit={},
        spec=None,
        tensors=[],
        limits=Limits(cpu_s=CPU_S, memory_bytes=config.limits.memory_mb * 1024 * 1024),
        openings=openings_of(load_card(task.env)),
        stall_s=config.limits.stall_s,
        sandbox=config.require_sandbox,
    )
    end = yield from insist(job, config.limits.attempts)
    if end.outcome is not None:
        raise RewardsmithError(
            f"The environment {task.env!r} does not run in the evaluator ({end.outcome}).\n"
            f"{end.text}"
        )
    try:
        judgement = read_judgement(end.frames, policies)
    except FrameError as error:
        raise RewardsmithError(f"The evaluator of {task.env!r} answered: {error}.") from error
    return ReferenceRollouts(
        trajectories=judgement.recorded,
        obs_dim=judgement.reply.obs_dim,
        sandbox=judgement.reply.sandbox,
    )


def _load(run: Run, sha: str) -> tuple[Trajectory, ...]:
    try:
        return from_arrays(parse_arrays(run.load_artifact(FILE, sha)))
    except ValueError as error:
        raise StoreError(f"{FILE} is from another version: {error}. Start a new run.") from error


def _policies(run_seed: int) -> tuple[PolicyRequest, ...]:
    seeds = episode_seeds(run_seed, "training", N_RANDOM + 3)
    return (
        PolicyRequest(kind="constant", seeds=seeds[:1], record=1),
        PolicyRequest(kind="uniform", seeds=seeds[1 : N_RANDOM + 1], record=N_RANDOM),
        PolicyRequest(kind="constant", value=1.0, seeds=seeds[-2:-1], record=1),
        PolicyRequest(kind="constant", value=-1.0, seeds=seeds[-1:], record=1),
    )


def _length(trajectory: Trajectory) -> int:
    return trajectory.length
