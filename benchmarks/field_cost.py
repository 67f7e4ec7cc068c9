"""What reading state fields costs, of an environment's step and of a training's.

For every card that is named, or all: what the expert program of its first task reads (all fields,
where it has none), sixteen environments at a time, in CPU-seconds of this process. An
environment's step is measured without and with the fields, in turns; a training's is PPO's with the
card's preset on the native reward, rollouts and updates. Cards of slow environments are not trained
on: there a training's share is no more than the step's.

    python benchmarks/field_cost.py HalfCheetah-v5 Pendulum-v1
"""

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import torch

from rewardsmith.environments.cards import EnvCard, card_names, load_card
from rewardsmith.environments.speed import Speed, measure_speed
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.rewards.composition import fields_read
from rewardsmith.rewards.contract import require_program
from rewardsmith.training.ppo import PpoLearner
from rewardsmith.training.preset import PpoPreset, resolve_preset
from rewardsmith.training.rewarded import NativeReward, RewardedVectorEnv

SLOW = 1000.0
"""Timesteps a second below which nothing is trained."""
TRAINED_S = 3.0
"""CPU-seconds of the training, at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of reading some fields of one card."""

    n_fields: int
    reading_us: float
    """Microseconds a timestep."""
    of_step: float
    """Share of an environment's step."""
    of_training: float | None
    """Share of a training's timestep; None where nothing was trained."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cards", nargs="*")
    parser.add_argument("--all-fields", action="store_true", help="read every field of the card")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("| card | fields | microseconds | of a step | of a training's timestep |")
    print("|---|---|---|---|---|")
    for name in arguments.cards or card_names():
        card = load_card(name)
        names = None if arguments.all_fields else expert_fields(card)
        cost = measure(card, names)
        trained = f"{cost.of_training:.1%}" if cost.of_training is not None else "-"
        cells = (name, cost.n_fields, f"{cost.reading_us:.2f}", f"{cost.of_step:.1%}", trained)
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


def expert_fields(card: EnvCard) -> frozenset[str] | None:
    """What the expert program of a card's first task reads; None where there is none."""
    for task in card.tasks.values():
        expert = task.references.get("expert")
        if isinstance(expert, Path):
            program = require_program(expert.read_text(encoding="utf-8"), card.state)
            return frozenset(fields_read(program, card.state))
    return None


def measure(card: EnvCard, names: frozenset[str] | None) -> Cost:
    """Measure one card."""
    speed = measure_speed(card, names=names)
    share = max(speed.field_share, 0.0)
    reading_s = share / (1.0 + share) / speed.steps_per_s
    return Cost(
        n_fields=len(card.state.fields if names is None else names),
        reading_us=reading_s * 1e6,
        of_step=share,
        of_training=_of_training(card, speed, reading_s),
    )


def _of_training(card: EnvCard, speed: Speed, reading_s: float) -> float | None:
    if speed.steps_per_s < SLOW:
        return None
    said = {key: value for key, value in card.preset.items() if key != "total_timesteps"}
    preset = resolve_preset(said)
    if not isinstance(preset, PpoPreset):
        preset = PpoPreset()
    env = RewardedVectorEnv(StateVectorEnv(card, preset.n_envs, names=()), NativeReward())
    learner = PpoLearner(env, preset, seed=0, device="cpu")
    learner.rollout()
    learner.update()
    n_steps, start = 0, time.process_time()
    while (took := time.process_time() - start) < TRAINED_S or not n_steps:
        learner.rollout()
        learner.update()
        n_steps += preset.rollout_size
    return reading_s / (took / n_steps + reading_s)


if __name__ == "__main__":
    main()
