"""Trains PPO on HalfCheetah, before or after locking itself, and hands its weights over."""

import resource
import time
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rewardsmith.isolation.child import open_workplace
from rewardsmith.isolation.tensors import dump_tensors


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def learner() -> tuple[VecNormalize, PPO]:
    envs = DummyVecEnv([lambda: gym.make("HalfCheetah-v5")] * 4)
    normalised = VecNormalize(envs, norm_reward=False)
    model = PPO("MlpPolicy", normalised, n_steps=64, batch_size=256, n_epochs=2, seed=0)
    model.set_logger(Logger(folder=None, output_formats=[]))
    return normalised, model


def main() -> None:
    place = open_workplace()
    torch.set_num_threads(1)
    start_cpu_s = cpu_s()
    learner()[1].learn(256)
    lock_from = cpu_s()
    level = place.lock("strict") if place.request["locked"] else "none"
    lock_cpu_s = cpu_s() - lock_from
    started, cpu_from = time.perf_counter(), cpu_s()
    normalised, model = learner()
    model.learn(place.request["steps"])
    train_cpu_s = cpu_s() - cpu_from
    tensors: dict[str, np.ndarray[Any, Any]] = {
        name: value.numpy() for name, value in model.policy.state_dict().items()
    }
    statistics = normalised.obs_rms
    assert isinstance(statistics, RunningMeanStd)
    tensors |= {"obs.mean": statistics.mean, "obs.var": statistics.var}
    place.send_tensors(dump_tensors(tensors))
    place.send_result(
        {
            "level": level,
            "start_cpu_s": start_cpu_s,
            "lock_cpu_s": lock_cpu_s,
            "train_cpu_s": train_cpu_s,
            "train_s": time.perf_counter() - started,
        }
    )


if __name__ == "__main__":
    main()
