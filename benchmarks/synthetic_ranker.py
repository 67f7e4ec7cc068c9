"""How close does selecting by comparisons come to selecting by the fitness itself?

The same search twice, offline designer, K candidates a round and nobody stopped early: once with
the task's fitness, once without one, where a synthetic ranker answers the pairs that a person would
be shown, in the person's file. It sees the two rollouts' hidden fitness and nothing else. The
winners and the sparse reward are then trained from scratch alike, with seeds that no search used.
A finished case is kept in the output folder and not done again.

    python benchmarks/synthetic_ranker.py --out rankings
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from rewardsmith.analysis.correlation import spearman
from rewardsmith.analysis.intervals import Interval, bootstrap, mean
from rewardsmith.config import RunConfig, load_config
from rewardsmith.environments.cards import ad_hoc_task, load_card, task_of
from rewardsmith.environments.fitness import compile_fitness
from rewardsmith.feedback.ranking import Pair, next_pair, ranking_of, rollout_of
from rewardsmith.feedback.selection import WaitingForPerson, open_wait
from rewardsmith.loop import design_reward
from rewardsmith.messages import BY_RANKING, CandidateId, Design, Result, Task, Trajectory
from rewardsmith.session import arena_of, finish_run, resume_run, start_run
from rewardsmith.stages import Workshop
from rewardsmith.store.comparisons import Choice, Comparison, append_comparison, read_comparisons
from rewardsmith.store.run import Run
from rewardsmith.testing import InProcessEngine
from rewardsmith.training.arena import Arena
from rewardsmith.training.claim import CLAIM_ITERATION
from rewardsmith.training.contender import Contender
from rewardsmith.training.segments import Segment
from rewardsmith.training.trial import run_segment

N_REPORT_SEEDS = 3
Hidden = Callable[[Trajectory], float]


@dataclass(frozen=True)
class Case:
    """A task of a card, cheap enough to be searched many times."""

    card: str
    task: str
    timesteps: int
    margin: float
    """Difference of hidden fitness up to which the ranker calls two rollouts equal."""


CASES = (
    Case("Pendulum-v1", "swing_up", 12_288, 0.02),
    Case("MountainCarContinuous-v0", "reach_flag", 12_288, 0.02),
)


def main() -> None:
    """Run every case that is not done, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--candidates", type=int, default=6)
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--steps", type=float, default=1.0, help="times the usual training")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for seed in range(arguments.seeds):
        for case in CASES:
            kept = arguments.out / f"{case.card}-{seed}.json"
            if not kept.exists():
                kept.write_text(json.dumps(_measure(case, seed, arguments)), encoding="utf-8")
            rows.append(json.loads(kept.read_text(encoding="utf-8")))
            print(json.dumps(rows[-1]), flush=True)
    print(tables(rows))


# --------------------------------------------------------------------- one case


def _measure(case: Case, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    began = time.process_time()
    folder = arguments.out / f"{case.card}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)  # what an interrupted call left
    config = load_config(
        None,
        {
            "search.candidates": arguments.candidates,
            "search.iterations": arguments.iterations,
            "search.rungs": [],
            "search.confirm_top": 0,
            "training.total_timesteps": round(case.timesteps * arguments.steps),
            "evaluation.selection_episodes": 4,
            "evaluation.recorded_episodes": 4,
            "evaluation.evals_per_segment": 1,
            "evaluation.report_episodes": 20,
            "seed": seed,
        },
    )
    task = _measured_task(case)
    hidden = _hidden(case, task)
    ranked, ranked_folder = _search_by_ranking(case, task, config, hidden, folder / "ranked")
    told = _search_by_fitness(task, config, folder / "fitness", ranked)
    told |= _agreement(ranked, Run.read(ranked_folder), hidden)
    return {"card": case.card, "seed": seed, **told, "cpu_s": time.process_time() - began}


def _measured_task(case: Case) -> Task:
    """The card's task without its name, so that its expert and native reward take no part."""
    card = load_card(case.card)
    known = task_of(card, case.task)
    return ad_hoc_task(
        card,
        known.instruction,
        fitness=known.fitness,
        success=known.success,
        semantics=known.semantics,
        held_steps=known.held_steps,
    )


def _hidden(case: Case, task: Task) -> Hidden:
    card = load_card(case.card)
    fitness = compile_fitness(task.fitness, card.state, horizon=task.horizon, dt=card.dt)
    return fitness.evaluate


def _search_by_ranking(
    case: Case, task: Task, config: RunConfig, hidden: Hidden, folder: Path
) -> tuple[Design, Path]:
    """A search without a fitness, whose pairs the ranker answers while it waits."""
    card = load_card(case.card)
    blind = ad_hoc_task(card, task.instruction, fitness=BY_RANKING, success="step < 0")
    run = start_run(folder, blind, config)
    for _ in range(config.search.iterations + 1):
        try:
            with run:
                return finish_run(run, engine=lambda slots: InProcessEngine()).design, run.folder
        except WaitingForPerson:
            _answer(run.folder, hidden, case.margin)
            run = resume_run(run.folder)
    raise RuntimeError("the search waits for ever")


def _answer(folder: Path, hidden: Hidden, margin: float) -> None:
    run = Run.read(folder)
    while open_wait(run) is not None:
        ranking = ranking_of(run)
        pair = next_pair(ranking, int(run.manifest.config["seed"]))
        assert pair is not None, "a run that waits has a pair to show"
        entrants = [ranking.entrant(side) for side in (pair.left, pair.right)]
        left, right = (hidden(rollout_of(run, one, pair.seed)) for one in entrants if one)
        append_comparison(folder, _compared(pair, _choice(left, right, margin)))


def _choice(left: float, right: float, margin: float) -> Choice:
    if abs(left - right) <= margin:
        return "tie"
    return "left" if left > right else "right"


def _compared(pair: Pair, choice: Choice) -> Comparison:
    return Comparison(
        left=pair.left, right=pair.right, seed=pair.seed, choice=choice, source="synthetic"
    )


def _search_by_fitness(
    task: Task, config: RunConfig, folder: Path, ranked: Design
) -> dict[str, Any]:
    """A search by the fitness; its winner, the ranked one and the sparse reward from scratch."""
    with start_run(folder, task, config) as run:
        arena = arena_of(run, InProcessEngine())
        design = design_reward(arena.task, Workshop(arena=arena).stages(), run)
        first = replace(design.history, iterations=design.history.iterations[:1]).best
        rewards = {"sparse": None, "first": first, "fitness": design.best, "ranked": ranked.best}
        found = {name: _from_scratch(name, winner, arena) for name, winner in rewards.items()}
        return {**found, "steps": arena.total_timesteps}


def _from_scratch(name: str, winner: Result | None, arena: Arena) -> list[float]:
    """Fitness on report episodes of trainings with seeds that no search used."""
    contender = Contender(name=name, reward="sparse", purpose="report")
    if winner is not None:
        text = winner.judged.candidate.text
        contender = replace(contender, reward="program", program=text)
    steps = arena.total_timesteps
    whole = Segment(start_step=0, end_step=steps, checkpoint_steps=(steps,))
    seeds = [arena.seed(CandidateId(CLAIM_ITERATION, 0), i) for i in range(N_REPORT_SEEDS)]
    chains = [run_segment(arena, contender, whole, seed=seed, seed_set="report") for seed in seeds]
    return [end.evaluations[-1].fitness for end in arena.engine.run(chains)]


def _agreement(design: Design, run: Run, hidden: Hidden) -> dict[str, Any]:
    """How the ranking stands to what the hidden fitness says of the same policies."""
    ranking = ranking_of(run)
    worth = {
        one.id: fmean(hidden(rollout_of(run, one, seed)) for seed in one.seeds)
        for one in ranking.entrants
    }
    strengths = {id_: found.estimate for id_, found in ranking.intervals.items()}
    assert design.best is not None, "somebody won"
    standing = read_comparisons(run.folder).standing
    order = sorted(worth, key=lambda id_: -worth[id_])
    return {
        "comparisons": len(standing),
        "ties": sum(c.choice == "tie" for c in standing),
        "candidates": len(worth),
        "correlation": spearman(list(strengths.values()), [worth[id_] for id_ in strengths]),
        "place": 1 + order.index(design.best.id),
    }


# ----------------------------------------------------------------------- tables


def tables(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: what was measured, and the ranking's place between the two anchors."""
    parts = [_measured_table(rows), ""]
    strata: dict[str, list[float]] = {}
    for card in dict.fromkeys(row["card"] for row in rows):
        mine = [row for row in rows if row["card"] == card]
        low = fmean(fmean(row["sparse"]) for row in mine)
        high = fmean(fmean(row["fitness"]) for row in mine)
        strata[card] = [(fmean(row["ranked"]) - low) / (high - low) for row in mine]
    parts += ["| task | normalised score of the ranked search | seeds |", "|---|---|---|"]
    for card, values in strata.items():
        parts.append(
            f"| {card} | {_interval([values])} | {', '.join(f'{v:.2f}' for v in values)} |"
        )
    parts.append(f"| both | {_interval(list(strata.values()))} | |")
    return "\n".join(parts)


def _measured_table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| task | seed | sparse | iteration 0 | by fitness | by ranking | comparisons (ties) "
        "| rank correlation | place of its winner | CPU |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        rho = "-" if row["correlation"] is None else f"{row['correlation']:.2f}"
        scores = [f"{fmean(row[k]):.3f}" for k in ("sparse", "first", "fitness", "ranked")]
        lines.append(
            f"| {row['card']} | {row['seed']} | {' | '.join(scores)} "
            f"| {row['comparisons']} ({row['ties']}) | {rho} "
            f"| {row['place']} of {row['candidates']} | {row['cpu_s']:.0f} s |"
        )
    return "\n".join(lines)


def _interval(strata: list[list[float]]) -> Interval:
    return bootstrap(strata, np.random.default_rng(0), statistic=mean)


if __name__ == "__main__":
    main()
