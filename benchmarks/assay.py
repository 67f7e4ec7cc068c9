"""Assays of cards: does the reference reward reach the target where the sparse one does not?

Trains every reference of a task from scratch with the card's preset and judges it on report seeds,
as a run's final claim does. Prints a record to paste into the card.

    python benchmarks/assay.py HalfCheetah-v5 run_forward --seeds 3
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from rewardsmith.analysis.intervals import wilson
from rewardsmith.config import load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.messages import CandidateId
from rewardsmith.session import arena_of, start_run
from rewardsmith.training.arena import Arena
from rewardsmith.training.claim import reference_contenders
from rewardsmith.training.contender import Contender
from rewardsmith.training.engine import LocalEngine
from rewardsmith.training.segments import Segment
from rewardsmith.training.trial import run_segment


def main() -> None:
    """Assay the tasks that were named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("card")
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timesteps", type=int)
    arguments = parser.parse_args()
    card = load_card(arguments.card)
    for name in arguments.tasks or card.tasks:
        config = load_config(
            None,
            {
                "jobs": arguments.jobs,
                "training.total_timesteps": arguments.timesteps,
                "evaluation.report_episodes": 20,
            },
        )
        with (
            tempfile.TemporaryDirectory() as folder,
            start_run(Path(folder), task_of(card, name), config) as run,
        ):
            arena = arena_of(run, LocalEngine(arguments.jobs))
            _assay(arena, arguments.seeds)


def _assay(arena: Arena, n_seeds: int) -> None:
    sparse = Contender(name="sparse", reward="sparse", purpose="assay")
    contenders = [replace(c, purpose="assay") for c in reference_contenders(arena)] + [sparse]
    steps = arena.total_timesteps
    segment = Segment(start_step=0, end_step=steps, checkpoint_steps=(steps,))
    chains = [
        run_segment(
            arena,
            contender,
            segment,
            seed=arena.seed(CandidateId(888_888, 0), replicate),
            seed_set="report",
        )
        for contender in contenders
        for replicate in range(n_seeds)
    ]
    ends = iter(arena.engine.run(chains))
    print(f"{arena.card.ref} {arena.task.name}: {steps} steps, {n_seeds} seeds")
    for contender in contenders:
        mine = [next(ends) for _ in range(n_seeds)]
        judged = [end.evaluations[-1] for end in mine if end.evaluations]
        episodes = [episode for evaluation in judged for episode in evaluation.episodes]
        rate = wilson(sum(e.success for e in episodes), max(1, len(episodes)))
        print(
            f"  {contender.name:8s} success {[round(e.success_rate, 2) for e in judged]} "
            f"[{rate.low:.2f}, {rate.high:.2f}] fitness {[round(e.fitness, 3) for e in judged]} "
            f"CPU-s {[round(end.training.cpu_s, 1) for end in mine]} "
            f"{[end.text[-200:] for end in mine if end.outcome]}",
            flush=True,
        )


if __name__ == "__main__":
    main()
