"""How fast a training is: raw physics, Gymnasium stepping, PPO on native and on designed rewards.

All in one run, interleaved, in CPU-seconds of this process on one core. Prints medians over pairs
and a bootstrap interval of the ratio designed / native.
"""

import argparse
import os
import time
from collections.abc import Callable
from statistics import median

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import mujoco
import numpy as np
import torch

from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.rewards.composition import RewardStream
from rewardsmith.rewards.contract import require_program
from rewardsmith.training.ppo import PpoLearner
from rewardsmith.training.preset import PpoPreset
from rewardsmith.training.rewarded import NativeReward, RewardedVectorEnv, RewardSource
from rewardsmith.training.train_job import ProgramReward

CARD = load_card("HalfCheetah-v5")
PRESET = PpoPreset()


def raw_physics(n_steps: int) -> float:
    """`mj_step` with the environment's frame skip, random controls."""
    env = make_env(CARD).unwrapped
    env.reset(seed=0)
    model, data = env.model, env.data  # type: ignore[attr-defined]
    controls = np.random.default_rng(0).uniform(-1, 1, (n_steps, model.nu))
    start = time.process_time()
    for control in controls:
        data.ctrl[:] = control
        mujoco.mj_step(model, data, nstep=5)
    return n_steps / (time.process_time() - start)


def stepping(n_steps: int) -> float:
    """Bare `env.step` of one environment."""
    env = make_env(CARD)
    env.reset(seed=0)
    actions = np.random.default_rng(0).uniform(-1, 1, (n_steps, 6)).astype(np.float32)
    start = time.process_time()
    for i, action in enumerate(actions):
        env.step(action)
        if i % CARD.max_steps == CARD.max_steps - 1:
            env.reset()
    return n_steps / (time.process_time() - start)


def ppo(n_steps: int, make_source: Callable[[], RewardSource]) -> float:
    """PPO with the default preset: rollouts and updates."""
    source = make_source()
    env = StateVectorEnv(CARD, PRESET.n_envs, names=source.fields)
    learner = PpoLearner(RewardedVectorEnv(env, source), PRESET, seed=0, device="cpu")
    learner.rollout()
    learner.update()
    n_rollouts = max(1, n_steps // PRESET.rollout_size)
    start = time.process_time()
    for _ in range(n_rollouts):
        learner.rollout()
        learner.update()
    return n_rollouts * PRESET.rollout_size / (time.process_time() - start)


def designed() -> RewardSource:
    """The card's own expert program for running forward."""
    expert = CARD.tasks["run_forward"].references["expert"]
    text = expert.read_text(encoding="utf-8")  # type: ignore[union-attr]
    program = require_program(text, CARD.state)
    return ProgramReward(RewardStream(program, CARD.state, PRESET.n_envs, gamma=PRESET.gamma))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--steps", type=int, default=20_480)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    task_of(CARD)
    ways: dict[str, Callable[[int], float]] = {
        "raw physics": raw_physics,
        "Gymnasium stepping": stepping,
        "PPO, native reward": lambda n: ppo(n, NativeReward),
        "PPO, designed reward": lambda n: ppo(n, designed),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.pairs):
        for name, way in ways.items():
            rates[name].append(way(arguments.steps))
    for name, found in rates.items():
        print(f"{name:24s} {median(found):8.0f} steps per CPU-second")
    bare = median(rates["Gymnasium stepping"])
    print(f"PPO native / stepping    {median(rates['PPO, native reward']) / bare:8.3f}")
    _print_ratio(rates["PPO, designed reward"], rates["PPO, native reward"])


def _print_ratio(ours: list[float], theirs: list[float]) -> None:
    ratios = np.array(ours) / np.array(theirs)
    rng = np.random.default_rng(0)
    medians = np.median(rng.choice(ratios, (10_000, len(ratios))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    print(
        f"designed / native        {np.median(ratios):8.3f}  95 % interval [{low:.3f}, {high:.3f}]"
    )


if __name__ == "__main__":
    main()
