"""The NumPy policy acts as the torch policy that was trained."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticPolicy

from rewardsmith.evaluation.policy import MlpPolicy, PolicySpec, policy_tensors, to_environment
from rewardsmith.messages import ActionSpec

CONTINUOUS = ActionSpec(shape=(3,), low=(-2.0, 0.0, -1.0), high=(2.0, 1.0, 1.0))
DISCRETE = ActionSpec(shape=(), kind="discrete", n=4)
SEVERAL = ActionSpec(shape=(3,), kind="multi_discrete", nvec=(3, 2, 4))
HIDDEN = (16, 8)


def torch_policy(action: ActionSpec) -> Any:
    torch.manual_seed(0)
    space: spaces.Space[Any] = spaces.Box(-1.0, 1.0, (3,))
    if action.choices:
        is_one = action.kind == "discrete"
        space = spaces.Discrete(action.n) if is_one else spaces.MultiDiscrete(list(action.choices))
    policy: Any = ActorCriticPolicy(
        spaces.Box(-np.inf, np.inf, (5,)), space, lambda _: 1e-3, net_arch=list(HIDDEN)
    )
    with torch.no_grad():
        policy.action_net.weight.mul_(200.0)  # so that clipping matters
    return policy


def tensors_of(policy: Any, rng: np.random.Generator) -> dict[str, np.ndarray]:
    layers = [policy.mlp_extractor.policy_net[0], policy.mlp_extractor.policy_net[2]]
    found = {"obs.mean": rng.normal(size=5), "obs.var": rng.uniform(0.1, 9.0, size=5)}
    for i, layer in enumerate([*layers, policy.action_net]):
        found[f"actor.{i}.weight"] = layer.weight.detach().numpy()
        found[f"actor.{i}.bias"] = layer.bias.detach().numpy()
    return found


@pytest.mark.parametrize(
    "action", [CONTINUOUS, DISCRETE, SEVERAL], ids=["gaussian", "categorical", "several"]
)
def test_it_acts_as_the_torch_policy_does(action: ActionSpec, rng: np.random.Generator) -> None:
    spec = PolicySpec(obs_dim=5, action=action, hidden=HIDDEN)
    policy = torch_policy(action)
    tensors = tensors_of(policy, rng)
    obs = rng.normal(scale=20.0, size=(200, 5))  # some beyond ten standard deviations
    scaled = (obs - tensors["obs.mean"]) / np.sqrt(tensors["obs.var"] + 1e-8)
    expected, _ = policy.predict(np.clip(scaled, -10, 10).astype(np.float32), deterministic=True)
    acted = MlpPolicy(spec, tensors).act(obs)
    if action.choices:
        assert acted.tolist() == expected.tolist()
        assert len(set(map(tuple, acted.reshape(200, -1).tolist()))) > 1
    else:
        low, high = np.array(action.low), np.array(action.high)
        np.testing.assert_allclose(acted, low + (expected + 1) / 2 * (high - low), atol=1e-4)
        assert np.any(acted == low)
        assert np.any((acted > low) & (acted < high))


def test_it_needs_exactly_the_tensors_that_are_sent(rng: np.random.Generator) -> None:
    spec = PolicySpec(obs_dim=5, action=CONTINUOUS, hidden=HIDDEN)
    tensors = tensors_of(torch_policy(CONTINUOUS), rng)
    assert {name: t.shape for name, t in tensors.items()} == {
        name: wanted.shape for name, wanted in policy_tensors(spec).items()
    }


def test_actions_beyond_the_bounds_are_clipped_and_scaled() -> None:
    outputs = np.array([[-3.0, -1.0, 0.0], [0.0, 1.0, 9.0]], np.float32)
    assert to_environment(outputs, CONTINUOUS).tolist() == [[-2.0, 0.0, 0.0], [0.0, 1.0, 1.0]]


def test_actions_of_more_dimensions_keep_their_shape() -> None:
    action = ActionSpec(shape=(2, 2), low=(0.0, 0.0, 0.0, 0.0), high=(1.0, 2.0, 3.0, 4.0))
    expected = [[[1.0, 2.0], [3.0, 4.0]]]
    assert to_environment(np.ones((1, 4)), action).tolist() == expected
    assert to_environment(np.ones((1, 2, 2)), action).tolist() == expected
