"""What the lock costs: CPU-seconds of locking, and a locked training against an unlocked one.

Both are the worker's own job on HalfCheetah-v5 with the card's expert program, in fresh processes
on one core, interleaved; imports and warm-up lie before the clock. Prints medians and a bootstrap
interval of the ratio unlocked / locked, which is the locked worker's share of the speed.
"""

import argparse
import json
import os
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.isolation.frames import RESULT
from rewardsmith.isolation.launch import encode_job, spawn
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.isolation.running import collect
from rewardsmith.training.preset import resolve_preset
from rewardsmith.training.requests import TrainRequest, encode

CARD = load_card("HalfCheetah-v5")
CHILDREN = str(Path(__file__).parent / "children")


def measure(*, locked: bool, steps: int) -> dict[str, float]:
    """One training of `steps` timesteps in a fresh process."""
    expert = CARD.tasks["run_forward"].references["expert"]
    preset = resolve_preset()
    train = TrainRequest(
        task=task_of(CARD, "run_forward"),
        reward="program",
        program=expert.read_text(encoding="utf-8"),  # type: ignore[union-attr]
        preset={},
        seed=0,
        start_step=0,
        end_step=preset.rounded(steps),
        checkpoint_steps=(preset.rounded(steps),),
        device="cpu",
        sandbox="any",
    )
    child = spawn(
        "timed_training",
        job=encode_job({"locked": locked, "train": encode(train)}),
        limits=Limits(cpu_s=600),
        cpu=min(os.sched_getaffinity(0)),
        openings=Openings(import_paths=(CHILDREN,)),
    )
    frames, status = collect(child, stall_s=300)
    if status.reason != "ok":
        raise SystemExit(f"The training ended: {status.reason}.\n{child.stderr_text}")
    result: dict[str, float] = json.loads(next(f.payload for f in frames if f.kind == RESULT))
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--steps", type=int, default=40_960)
    arguments = parser.parse_args()
    pairs: list[tuple[dict[str, float], dict[str, float]]] = []
    for number in range(arguments.pairs):
        order = (True, False) if number % 2 else (False, True)
        found = {locked: measure(locked=locked, steps=arguments.steps) for locked in order}
        pairs.append((found[True], found[False]))
    _report(pairs, arguments.steps)


def _report(pairs: list[tuple[dict[str, float], dict[str, float]]], steps: int) -> None:
    locked, unlocked = zip(*pairs, strict=True)
    for name, found in (("locked", locked), ("unlocked", unlocked)):
        rate = steps / median(one["train_cpu_s"] for one in found)
        print(f"{name:20s} {rate:8.0f} steps per CPU-second")
    print(f"lock                 {1000 * median(o['lock_cpu_s'] for o in locked):8.1f} ms of CPU")
    ratios = np.array([u["train_cpu_s"] / m["train_cpu_s"] for m, u in pairs])
    low, high = _interval(ratios)
    print(
        f"locked / unlocked    {np.median(ratios):8.3f}  95 % interval [{low:.3f}, {high:.3f}], "
        f"{len(pairs)} pairs, range {ratios.min():.3f} to {ratios.max():.3f}"
    )


def _interval(ratios: Any) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    medians = np.median(rng.choice(ratios, (10_000, len(ratios))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    main()
