"""The text of an exported policy's loader, its environment and its training script.

`$name` is filled in by `export_policy`. None of it needs rewardsmith; a test compares the loader
with the evaluator's policy, and runs the script.
"""

from string import Template
from typing import Final

POLICY: Final = Template('''\
"""The policy in policy.safetensors, as plain NumPy: what it was judged as.

Needs numpy and safetensors.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

CLIP = 10.0  # of normalised observations, as in VecNormalize


class Policy:
    """Deterministic: layers on normalised observations."""

    def __init__(self, path=Path(__file__).with_name("policy.safetensors")):
        tensors = load_file(path)
        n = sum(name.startswith("actor.") and name.endswith(".weight") for name in tensors)
        self._weights = [np.ascontiguousarray(tensors[f"actor.{i}.weight"].T) for i in range(n)]
        self._biases = [tensors[f"actor.{i}.bias"] for i in range(n)]
        self._mean = tensors["obs.mean"]
        self._inverse_std = 1.0 / np.sqrt(tensors["obs.var"] + 1e-8)

    def __call__(self, obs):
        """The action for one observation, or one for each row of many."""
        obs = np.asarray(obs)
        if obs.ndim == 1:
            return self._head(self._forward(obs[None]))[0]
        return self._head(self._forward(obs))

    def _forward(self, obs):
        x = np.clip((obs - self._mean) * self._inverse_std, -CLIP, CLIP).astype(np.float32)
        for weight, bias in zip(self._weights[:-1], self._biases[:-1]):
            x = $layer
        return x @ self._weights[-1] + self._biases[-1]

    @staticmethod
    def _head(x):
        $head
''')

ENVIRONMENT: Final = Template('''\
"""The environment as the policy saw it: flat observations, actions that count from 0, its horizon.
"""

$imports
from gymnasium import spaces
from gymnasium.wrappers import FlattenObservation, TimeLimit, TransformAction

HORIZON = $horizon


def make(designed=$designed, **kwargs):
    """Make one; `designed` pays the designed reward instead of the environment's own."""
    env = $make
    env = TimeLimit(env, HORIZON)
    space = env.action_space
    if isinstance(space, spaces.Discrete) and space.start:
        start = int(space.start)
        env = TransformAction(env, lambda action: action + start, spaces.Discrete(int(space.n)))
    if isinstance(space, spaces.MultiDiscrete) and space.start.any():
        starts, counted = space.start.copy(), spaces.MultiDiscrete(space.nvec)
        env = TransformAction(env, lambda action: action + starts, counted)
    if designed:
        from reward import DesignedReward

        env = DesignedReward(env)
    observed = env.observation_space
    is_vector = isinstance(observed, spaces.Box) and len(observed.shape) == 1
    return env if is_vector else FlattenObservation(env)
''')

OWN_MODULE: Final = Template("""\
import os
import sys

$before# Where the module $module is looked for when it is neither installed nor beside this file.
ENV_PATH = os.environ.get("REWARDSMITH_ENV_PATH", $path)
if ENV_PATH:
    sys.path.append(ENV_PATH)
try:
    $statement
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "$first":
        raise
    raise ModuleNotFoundError(
        "The environment's module $module is neither installed nor beside environment.py. Put it "
        "there, or name the folder that holds it in the variable REWARDSMITH_ENV_PATH.",
        name=error.name,
    ) from None
""")

TRAIN: Final = Template('''\
"""Trains a policy with reward.py once more: Gymnasium and Stable-Baselines3, nothing else.
$relabelling
    python train.py --seed 1 --to again
    python play.py --policy again/policy.safetensors
"""

import argparse
from pathlib import Path

import numpy as np
from gymnasium import spaces
from gymnasium.wrappers import RescaleAction
from safetensors.numpy import save_file
from stable_baselines3 import $algorithm
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from torch.nn import $activation

from environment import make

TIMESTEPS = $timesteps
N_ENVS = $n_envs
SETTINGS = $settings
NETWORK = $network


def make_one():
    env = make()
    if isinstance(env.action_space, spaces.Box):
        env = RescaleAction(env, np.float32(-1.0), np.float32(1.0))
    return Monitor(env)


def tensors_of(model, env):
    """The policy under the names that policy.py reads."""
    state = model.policy.state_dict()
    weights = {name: value.detach().cpu().numpy() for name, value in state.items()}
    n_hidden = len(NETWORK["net_arch"])
    modules = [f"$hidden.{2 * i}" for i in range(n_hidden)] + ["$output"]
    found = {
        f"actor.{i}.{part}": np.ascontiguousarray(weights[f"{module}.{part}"], dtype=np.float32)
        for i, module in enumerate(modules)
        for part in ("weight", "bias")
    }
    scale = env.obs_rms
    return found | {"obs.mean": np.float64(scale.mean), "obs.var": np.float64(scale.var)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--timesteps", type=int, default=TIMESTEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--to", type=Path, default=Path("trained"), help="folder to write into")
    given = parser.parse_args()
    env = VecNormalize(DummyVecEnv([make_one] * N_ENVS), gamma=SETTINGS["gamma"])
    model = $algorithm(
        "MlpPolicy",
        env,
        seed=given.seed,
        device=given.device,
        verbose=1,
        policy_kwargs={**NETWORK, "activation_fn": $activation},
        **SETTINGS,
    )
    model.learn(given.timesteps)
    given.to.mkdir(parents=True, exist_ok=True)
    path = given.to / "policy.safetensors"
    save_file(tensors_of(model, env), path)
    print(f"Wrote {path}")


if __name__ == "__main__":
    main()
''')

PLAY: Final = '''\
"""Plays episodes with a policy and prints what they were paid; `--render human` shows them."""

import argparse
from pathlib import Path

from environment import make
from policy import Policy


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    beside = Path(__file__).with_name("policy.safetensors")
    parser.add_argument("--policy", type=Path, default=beside)
    parser.add_argument("--episodes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--render", help="a render mode of the environment, as in human")
    given = parser.parse_args()
    act = Policy(given.policy)
    env = make(**({"render_mode": given.render} if given.render else {}))
    for number in range(given.episodes):
        obs, _ = env.reset(seed=given.seed + number)
        total, length, ended = 0.0, 0, False
        while not ended:
            obs, reward, terminated, truncated, _ = env.step(act(obs))
            total, length, ended = total + float(reward), length + 1, terminated or truncated
        print(f"episode {number}: return {total:.4g} over {length} steps")
    env.close()


if __name__ == "__main__":
    main()
'''
