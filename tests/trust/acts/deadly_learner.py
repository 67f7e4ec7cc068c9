"""Trains for real where a system call that is not on the list ends the process at once.

The product answers such a call with EPERM, which a library may swallow; here nothing is swallowed.
"""

from types import ModuleType, SimpleNamespace
from typing import Any

import gymnasium as gym
import torch
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.logger import Logger

from rewardsmith.isolation import seccomp
from rewardsmith.isolation.child import open_workplace
from rewardsmith.isolation.tensors import dump_tensors

KILL = 0x80000000


def deadly(library: ModuleType) -> Any:
    """The library, with the end of the process for what it would refuse by EPERM."""

    def refusal(code: int) -> int:
        return KILL if code == 1 else int(library.ERRNO(code))

    members = {name: getattr(library, name) for name in dir(library) if not name.startswith("__")}
    return SimpleNamespace(**(members | {"ERRNO": refusal}))


def learner(name: str) -> Any:
    """PPO or SAC on MuJoCo, as small as they come."""
    env = gym.make("HalfCheetah-v5")
    if name == "ppo":
        model: Any = PPO("MlpPolicy", env, n_steps=64, batch_size=64, n_epochs=2, seed=0)
    else:
        model = SAC("MlpPolicy", env, buffer_size=2000, learning_starts=50, batch_size=32, seed=0)
    model.set_logger(Logger(folder=None, output_formats=[]))
    return model


def main() -> None:
    place = open_workplace()
    name, is_list = place.request["learner"], place.request["list"]
    torch.set_num_threads(1)
    learner(name).learn(80)
    library = seccomp.load_library()
    assert library is not None
    if place.request["deadly"]:
        seccomp.load_library = lambda: deadly(library)
    if not is_list:
        seccomp.SELF = seccomp._ALWAYS = "read write exit exit_group"  # type: ignore[misc]
    place.lock("strict")
    model = learner(name)
    model.learn(128)
    weights = {k: v.numpy() for k, v in model.policy.state_dict().items()}
    place.send_tensors(dump_tensors(weights))
    place.send_result({})


if __name__ == "__main__":
    main()
