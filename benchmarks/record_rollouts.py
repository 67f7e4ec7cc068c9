"""Records the rollouts that a card brings along: a competent one, and exploits that are learnt.

Trains the task's expert reference with the card's preset, replays the actions of a middling episode
in an evaluator of its own, and writes `<task>.rollouts.safetensors` beside card.yaml. Exploits are
policies trained on another reward, from the same start.

    python benchmarks/record_rollouts.py Pendulum-v1 swing_up
    python benchmarks/record_rollouts.py Hopper-v5 hop_in_place \\
        --exploit stand_still=benchmarks/exploits/hopper_stand_still.py
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rewardsmith.config import load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.evaluation.jobs import evaluation_job, openings_of, read_judgement
from rewardsmith.evaluation.requests import PolicyRequest
from rewardsmith.isolation.limits import Limits
from rewardsmith.messages import CandidateId, EpisodeScore, Trajectory
from rewardsmith.session import arena_of, start_run
from rewardsmith.training.arena import Arena
from rewardsmith.training.claim import reference_contenders
from rewardsmith.training.contender import Contender, candidate_contender
from rewardsmith.training.engine import Chain, LocalEngine, insist
from rewardsmith.training.segments import Segment
from rewardsmith.training.shipped_rollouts import COMPETENT, dump_shipped, rollouts_file, rounded
from rewardsmith.training.trial import recorded_name, run_segment

N_EPISODES = 20


class Episode(NamedTuple):
    """One recorded episode of a trained policy."""

    trajectory: Trajectory
    score: EpisodeScore


def main() -> None:
    """Record the rollouts of the task that was named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("card")
    parser.add_argument("task")
    parser.add_argument("--exploit", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--replicate", type=int, default=0, help="another training seed")
    parser.add_argument("--to", type=Path, help="file to write instead of the card's")
    arguments = parser.parse_args()
    card = load_card(arguments.card)
    task = task_of(card, arguments.task)
    config = load_config(
        None,
        {
            "jobs": 1,
            "evaluation.recorded_episodes": N_EPISODES,
            "evaluation.selection_episodes": N_EPISODES,
        },
    )
    with tempfile.TemporaryDirectory() as folder, start_run(Path(folder), task, config) as run:
        arena = arena_of(run, LocalEngine(1))
        seed = arena.seed(CandidateId(888_888, 0), arguments.replicate)
        texts = {COMPETENT: _expert(arena)} | {
            name: Path(file).read_text(encoding="utf-8")
            for name, _, file in (given.partition("=") for given in arguments.exploit)
        }
        episodes = {
            name: _episodes(arena, candidate_contender(CandidateId(0, i), text), name, seed)
            for i, (name, text) in enumerate(texts.items())
        }
        chosen = _choose(episodes, arena)
        path = arguments.to or rollouts_file(card, task)
        assert path is not None
        path.write_bytes(chosen)
        print(f"{path}: {len(chosen)} bytes", flush=True)


def _expert(arena: Arena) -> str:
    (expert,) = [c for c in reference_contenders(arena) if c.name == "expert"]
    assert expert.program is not None
    return expert.program


def _episodes(arena: Arena, contender: Contender, name: str, seed: int) -> list[Episode]:
    """Episodes of a policy that was trained from scratch."""
    steps = arena.total_timesteps
    segment = Segment(start_step=0, end_step=steps, checkpoint_steps=(steps,))
    chain = run_segment(arena, contender, segment, seed=seed, seed_set="training")
    (end,) = arena.engine.run([chain])
    judged = end.evaluations[-1]
    print(
        f"{arena.card.ref} {arena.task.name} {name}: fitness {judged.fitness:.3f}, "
        f"success {judged.success_rate:.2f}, {end.training.cpu_s:.1f} CPU-seconds",
        flush=True,
    )
    key = contender.key(seed=seed, step=steps, seed_set="training")
    event = arena.run.recall("candidate_evaluated", **key)
    assert event is not None
    assert contender.candidate is not None
    recorded = arena.run.load_trajectories(
        contender.candidate, event["recorded"], name=recorded_name(seed, steps)
    )
    return [Episode(t, s) for t, s in zip(recorded, judged.episodes, strict=True)]


def _choose(episodes: dict[str, list[Episode]], arena: Arena) -> bytes:
    """A middling start whose replay does the task, and all rollouts from it.

    The best episode is often the one with the easiest start, where doing nothing is good as well.
    """
    scores = [episode.score for episode in episodes[COMPETENT]]
    done = sorted((i for i, s in enumerate(scores) if s.success), key=lambda i: scores[i].fitness)
    middle = done[len(done) // 2] if done else 0
    for i in sorted(done, key=lambda i: abs(scores[i].fitness - scores[middle].fitness)):
        seed = episodes[COMPETENT][i].trajectory.seed
        actions = {name: rounded(found[i].trajectory.actions) for name, found in episodes.items()}
        (replays,) = arena.engine.run([_replay(arena, list(actions.values()), seed)])
        told = {
            name: (episodes[name][i].score.fitness, replay.fitness)
            for name, replay in zip(actions, replays, strict=True)
        }
        print(f"  seed {seed}: {told} success {replays[0].success}", flush=True)
        if replays[0].success:
            worth = {
                name: (actions[name], replay.fitness)
                for name, replay in zip(actions, replays, strict=True)
            }
            return dump_shipped(seed, worth)
    raise SystemExit("No replay does the task: train with another --replicate.")


def _replay(arena: Arena, actions: Sequence[np.ndarray], seed: int) -> Chain[list[EpisodeScore]]:
    policies = [
        PolicyRequest(kind="cycle", seeds=(seed,), actions=tuple(map(tuple, rows.tolist())))
        for rows in actions
    ]
    job = evaluation_job(
        arena.task,
        policies,
        audit={},
        spec=None,
        tensors=[],
        limits=Limits(cpu_s=600, memory_bytes=2**32),
        openings=openings_of(arena.card),
        stall_s=300.0,
        sandbox=arena.config.require_sandbox,
    )
    end = yield from insist(job, 1)
    judgement = read_judgement(end.frames, policies)
    return [scores[0] for scores in judgement.reply.episodes]


if __name__ == "__main__":
    main()
