"""The policy that a candidate's own training ended with, read back from a run and judged again.

Judged by the locked evaluator as in the search.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardsmith.config import RunConfig, episode_seeds
from rewardsmith.environments.cards import load_card
from rewardsmith.errors import RewardsmithError
from rewardsmith.evaluation.jobs import evaluation_job, openings_of, read_judgement
from rewardsmith.evaluation.policy import PolicySpec, policy_tensors
from rewardsmith.evaluation.requests import PolicyRequest
from rewardsmith.isolation.frames import FrameError
from rewardsmith.isolation.tensors import parse_tensors
from rewardsmith.messages import CandidateId, Design, Evaluation, SeedSet, Task, Training
from rewardsmith.store.codec import load
from rewardsmith.store.events import CONCLUSION, candidate_of, is_search
from rewardsmith.store.layout import checkpoint_path
from rewardsmith.store.run import Run
from rewardsmith.training.arena import Arena
from rewardsmith.training.checkpoint import checkpoint_tensors
from rewardsmith.training.engine import Chain, insist
from rewardsmith.training.trial import evaluation_limits

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """A policy of a run."""

    candidate: CandidateId
    seed: int
    """Of its training."""
    step: int
    """Timesteps that it was trained for."""
    spec: PolicySpec
    tensors: Mapping[str, Array]
    """What acting needs, by name."""


def stored_policy(run: Run, candidate: CandidateId, spec: PolicySpec) -> StoredPolicy | None:
    """The policy at the end of the candidate's own training; None when it was never trained.

    Raises:
        StoreError: Its checkpoint is missing, or not the one that was written.
    """
    ended = [e for e in run.events("segment_ended") if candidate_of(e) == candidate]
    trainings = [load(Training, e.data["training"]) for e in ended if is_search(e)]
    saved = [training for training in trainings if training.checkpoints]
    if not saved:
        return None
    last = max(saved, key=lambda training: training.end_step)
    step, sha = last.checkpoints[-1]
    blob = run.load_artifact(checkpoint_path(candidate, last.seed, step), sha)
    tensors = parse_tensors(blob, checkpoint_tensors(spec))
    acting = {name: tensors[name] for name in policy_tensors(spec)}
    return StoredPolicy(candidate=candidate, seed=last.seed, step=step, spec=spec, tensors=acting)


def judge_policy(
    policy: StoredPolicy,
    task: Task,
    config: RunConfig,
    *,
    seed_set: SeedSet,
    seeds: tuple[int, ...],
) -> Chain[Evaluation]:
    """Roll the policy out from `seeds` and measure its fitness.

    Raises:
        RewardsmithError: The evaluator did not come to an end, or answered nonsense.
    """
    card, requests = load_card(task.env), [PolicyRequest(kind="mlp", seeds=seeds)]
    known = card.tasks.get(task.name)
    job = evaluation_job(
        task,
        requests,
        audit=known.audit if known else {},
        spec=policy.spec,
        tensors=[policy.tensors],
        limits=evaluation_limits(config.limits, task, requests),
        openings=openings_of(card),
        stall_s=config.limits.stall_s,
        sandbox=config.require_sandbox,
    )
    end = yield from insist(job, config.limits.attempts)
    if end.outcome is not None:
        last = [line for line in end.text.splitlines() if line.strip()][-1:]
        said = "".join(last) or "it said nothing"
        raise RewardsmithError(
            f"The evaluation of {policy.candidate} did not end well ({end.outcome}): {said}. "
            "`rewardsmith envs check` says whether the environment still runs."
        )
    try:
        (episodes,) = read_judgement(end.frames, requests).reply.episodes
    except FrameError as error:
        said = f"The evaluator answered nonsense: {error}. Run it again."
        raise RewardsmithError(said) from error
    return Evaluation(step=policy.step, seed_set=seed_set, episodes=episodes, cpu_s=end.cpu_s)


def judge_winner(design: Design, arena: Arena) -> Evaluation | None:
    """Judge the winner's own policy on the configured episodes, once; None without a winner.

    What a run without a claim ends with: one policy, no controls, no further trainings.
    """
    seed_set = arena.config.evaluation.conclusion
    policy = stored_policy(arena.run, design.best.id, arena.spec) if design.best else None
    if policy is None or seed_set == "claim":
        return None
    key = {
        "purpose": CONCLUSION,
        "contender": str(policy.candidate).replace("/", "-"),
        "seed": policy.seed,
        "step": policy.step,
        "seed_set": seed_set,
    }
    recalled = arena.run.recall("candidate_evaluated", **key)
    if recalled is not None:
        return load(Evaluation, recalled["evaluation"])
    seeds = episode_seeds(arena.config.seed, seed_set, arena.config.evaluation.report_episodes)
    chain = judge_policy(policy, arena.task, arena.config, seed_set=seed_set, seeds=seeds)
    (evaluation,) = arena.engine.run([chain])
    arena.run.record("candidate_evaluated", key=key, evaluation=evaluation, recorded=None)
    return evaluation
