"""Records rollouts for a person to label before a task has a fitness.

Of all that a policy may turn out to do: nothing, chance, held and swinging actions, and policies
from the beginning of trainings on rewards of any kind. Nothing is measured: the evaluator records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardsmith.config import episode_seeds
from rewardsmith.errors import RewardsmithError
from rewardsmith.evaluation.jobs import evaluation_job, openings_of, read_judgement
from rewardsmith.evaluation.requests import PolicyRequest
from rewardsmith.isolation.frames import FrameError
from rewardsmith.messages import CandidateId, Trajectory
from rewardsmith.training.arena import Arena
from rewardsmith.training.contender import Contender
from rewardsmith.training.engine import Chain, insist
from rewardsmith.training.reference_rollouts import extreme_actions
from rewardsmith.training.segments import Segment
from rewardsmith.training.stored_policy import StoredPolicy
from rewardsmith.training.trial import evaluation_limits, load_checkpoint, run_segment

Array = np.ndarray[Any, Any]

PURPOSE = "clips"
EARLY_SHARES = (0.1, 0.3)
"""Shares of a full training after which its policy is shown."""
N_RANDOM, N_HELD, N_EARLY = 2, 2, 2
"""Episodes of chance; held actions, one episode each; episodes of every early policy."""
CLIPS_ITERATION = 777_777
"""One that no search reaches: training seeds of their own."""
N_SHOWN = 3
"""Rollouts of the winner that its last question is about."""
SHOWN_SALT = 60_000
SALT = 7
"""Start states of their own: the probe's are seen by programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One rollout to be labelled."""

    kind: str
    """`do nothing`, `random`, `hold`, `oscillate`, `early`."""
    rollout: Trajectory


def record_clips(arena: Arena, programs: Sequence[str]) -> tuple[Clip, ...]:
    """Twelve to twenty rollouts, with three programs.

    Args:
        arena: The conditions.
        programs: Reward programs that are trained a little.

    Raises:
        RewardsmithError: The environment does not run.
    """
    chains = [_early(arena, number, text) for number, text in enumerate(programs)]
    found = arena.engine.run([_aimless(arena), *chains])
    return tuple(clip for clips in found for clip in clips)


def record_winner(arena: Arena, policy: StoredPolicy) -> tuple[Trajectory, ...]:
    """Three rollouts of a policy, from start states that nothing was ever judged on.

    Raises:
        RewardsmithError: The environment does not run.
    """
    seeds = episode_seeds(arena.config.seed, "later", N_SHOWN, salt=SHOWN_SALT)
    asked = [PolicyRequest(kind="mlp", seeds=seeds, record=N_SHOWN)]
    (rollouts,) = arena.engine.run([_acting(arena, asked, [policy.tensors])])
    return rollouts


def _aimless(arena: Arena) -> Chain[tuple[Clip, ...]]:
    action = arena.card.state.action
    seeds = episode_seeds(arena.config.seed, "training", N_RANDOM + N_HELD + 2, salt=SALT)
    extremes = extreme_actions(action)
    asked = [
        ("do nothing", PolicyRequest(kind="constant", seeds=seeds[:1], record=1)),
        ("random", PolicyRequest(kind="uniform", seeds=seeds[:N_RANDOM], record=N_RANDOM)),
    ]
    for held, seed in zip(extremes[:N_HELD], seeds[1:], strict=False):
        asked.append(
            ("hold", PolicyRequest(kind="cycle", seeds=(seed,), actions=(held,), record=1))
        )
    if len(extremes) > 1:
        swing = PolicyRequest(kind="cycle", seeds=seeds[-1:], actions=extremes[:2], record=1)
        asked.append(("oscillate", swing))
    recorded = yield from _recorded(arena, [policy for _, policy in asked], ())
    kinds = [kind for kind, policy in asked for _ in policy.seeds]
    return tuple(Clip(kind=k, rollout=r) for k, r in zip(kinds, recorded, strict=True))


def _early(arena: Arena, number: int, program: str) -> Chain[tuple[Clip, ...]]:
    """What the policies at the beginning of a training on one program do."""
    steps = sorted({arena.preset.rounded(arena.total_timesteps * s) for s in EARLY_SHARES})
    segment = Segment(start_step=0, end_step=steps[-1], checkpoint_steps=tuple(steps))
    contender = Contender(
        name=f"early-{number}", reward="program", program=program, purpose=PURPOSE
    )
    seed = arena.seed(CandidateId(CLIPS_ITERATION, number))
    end = yield from run_segment(arena, contender, segment, seed=seed, seed_set="training")
    saved = end.training.checkpoints
    first = N_EARLY * number
    n = first + N_EARLY
    seeds = episode_seeds(arena.config.seed, "training", n, salt=SALT)[first:]
    asked = [PolicyRequest(kind="mlp", seeds=seeds, record=N_EARLY) for _ in saved]
    if not asked:
        return ()
    recorded = yield from _recorded(arena, asked, [(contender, seed, *one) for one in saved])
    return tuple(Clip(kind="early", rollout=rollout) for rollout in recorded)


def _recorded(
    arena: Arena,
    policies: Sequence[PolicyRequest],
    checkpoints: Sequence[tuple[Contender, int, int, str]],
) -> Chain[tuple[Trajectory, ...]]:
    """The episodes of `policies`; networks come from (contender, seed, step, SHA-256)."""
    tensors = [load_checkpoint(arena, *one) for one in checkpoints]
    return (yield from _acting(arena, policies, tensors))


def _acting(
    arena: Arena, policies: Sequence[PolicyRequest], tensors: Sequence[Mapping[str, Array]]
) -> Chain[tuple[Trajectory, ...]]:
    job = evaluation_job(
        arena.task,
        policies,
        audit={},
        spec=arena.spec if tensors else None,
        tensors=tensors,
        limits=evaluation_limits(arena.config.limits, arena.task, policies),
        openings=openings_of(arena.card),
        stall_s=arena.config.limits.stall_s,
        sandbox=arena.config.require_sandbox,
    )
    end = yield from insist(job, arena.config.limits.attempts)
    if end.outcome is not None:
        raise RewardsmithError(
            f"The environment {arena.card.id!r} does not run in the evaluator: {end.text}. "
            "`rewardsmith envs check` says more."
        )
    try:
        return read_judgement(end.frames, policies).recorded
    except FrameError as error:
        raise RewardsmithError(f"The evaluator answered nonsense: {error}. Resume.") from error
