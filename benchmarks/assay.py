"""Assays of cards: does the reference reward reach the target where the sparse one does not?

Trains every reference of a task from scratch with the card's preset and judges it on report seeds,
as a run's final claim does. Prints a record to paste into the card.

    python benchmarks/assay.py HalfCheetah-v5 run_forward --seeds 3
"""

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from rewardsmith.analysis.intervals import Interval, wilson
from rewardsmith.config import load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.messages import CandidateId
from rewardsmith.session import arena_of, start_run, versions
from rewardsmith.training.arena import Arena
from rewardsmith.training.claim import reference_contenders
from rewardsmith.training.contender import Contender
from rewardsmith.training.engine import LocalEngine
from rewardsmith.training.segments import Segment
from rewardsmith.training.trial import SegmentEnd, run_segment


def main() -> None:
    """Assay the tasks that were named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("card")
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timesteps", type=int)
    parser.add_argument("--backend", default="python", help="who steps the trainings")
    arguments = parser.parse_args()
    card = load_card(arguments.card)
    for name in arguments.tasks or card.tasks:
        config = load_config(
            None,
            {
                "jobs": arguments.jobs,
                "training.total_timesteps": arguments.timesteps,
                "training.backend": arguments.backend,
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
    results = {c.name: _result([next(ends) for _ in range(n_seeds)]) for c in contenders}
    print(f"# {arena.card.ref} {arena.task.name}")
    print(f"    assay:\n      steps: {steps}\n      seeds: {n_seeds}")
    for name, result in results.items():
        print(f"      {name}: {result}")
    if arena.backend != "python":
        print(f"      backend: {arena.backend}")
    print(f"      verdict: {_verdict(results, arena.task.target)}")
    print(f"      gymnasium: {versions()['gymnasium']}\n      mujoco: {versions()['mujoco']}")
    print(flush=True)


@dataclass(frozen=True, slots=True)
class _Result:
    """What the trainings of one reward reached."""

    rates: tuple[float, ...]
    fitness: tuple[float, ...]
    cpu_s: float
    """CPU-seconds of one training, on average."""
    n_episodes: int
    outcomes: tuple[str, ...]

    def __str__(self) -> str:
        rates, fitness = ([round(v, 3) for v in values] for values in (self.rates, self.fitness))
        failed = f", failed: [{', '.join(self.outcomes)}]" if self.outcomes else ""
        return f"{{success: {rates}, fitness: {fitness}, cpu_s: {self.cpu_s:.1f}{failed}}}"


def _result(ends: list[SegmentEnd]) -> _Result:
    judged = [end.evaluations[-1] for end in ends if end.evaluations]
    return _Result(
        rates=tuple(e.success_rate for e in judged),
        fitness=tuple(e.fitness for e in judged),
        cpu_s=mean(end.training.cpu_s for end in ends),
        n_episodes=sum(len(e.episodes) for e in judged),
        outcomes=tuple(end.outcome for end in ends if end.outcome),
    )


def _verdict(results: Mapping[str, _Result], target: float) -> str:
    """Whether a reference reaches the target where sparse does not.

    The intervals of the pooled episodes have to be apart, and, since seeds and not episodes are
    what is independent, the reference's worst seed has to beat sparse's best.
    """
    sparse = results["sparse"]
    if any(result.outcomes for result in results.values()) or mean(sparse.rates) >= target:
        return "unverified"
    for name, result in results.items():
        is_apart = _interval(result).low > _interval(sparse).high
        is_better = min(result.rates) > max(sparse.rates)
        if name != "sparse" and mean(result.rates) >= target and is_apart and is_better:
            return "separates"
    return "unverified"


def _interval(result: _Result) -> Interval:
    return wilson(round(mean(result.rates) * result.n_episodes), result.n_episodes)


if __name__ == "__main__":
    main()
