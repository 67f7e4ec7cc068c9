"""The sparse reward pays once, at the right step."""

from typing import Any

import numpy as np
import pytest

from rewardsmith.environments.fitness import compile_success
from rewardsmith.environments.sparse import SparseReward
from rewardsmith.messages import ActionSpec, FieldSpec, StateSpec, SuccessSemantics, Trajectory

SPEC = StateSpec(
    fields=(FieldSpec(name="x"),), action=ActionSpec(shape=(1,), low=(-1.0,), high=(1.0,))
)
X = np.array([0.0, 2.0, 3.0, 1.0, 3.0, 3.0, 3.0])


def build(text: str, semantics: SuccessSemantics, held_steps: int) -> Any:
    return compile_success(
        text, SPEC, semantics=semantics, held_steps=held_steps, horizon=6, dt=None
    )


def pay(text: str, semantics: SuccessSemantics = "held", held_steps: int = 2) -> list[float]:
    """Rewards along `X` in the first of two environments; the second one stays at 0."""
    sparse = SparseReward(build(text, semantics, held_steps), SPEC, 2)
    rewards: list[float] = []
    for _ in range(2):  # the second episode has to pay as the first one
        sparse.begin({"x": np.array([X[0], 0.0])})
        rewards = []
        for t, x in enumerate(X[1:], start=1):
            truncated = np.full(2, t == len(X) - 1)
            reward = sparse.step(
                np.zeros((2, 1)),
                {"x": np.array([x, 0.0])},
                terminated=np.zeros(2, dtype=bool),
                truncated=truncated,
            )
            assert reward[1] == 0.0
            rewards.append(float(reward[0]))
    return rewards


@pytest.mark.parametrize(
    ("text", "semantics", "held_steps", "rewards"),
    [
        ("x > 1.5", "ever", 9, [1, 0, 0, 0, 0, 0]),
        ("x > 1.5", "held", 2, [0, 1, 0, 0, 0, 0]),
        ("x > 2.5", "held", 2, [0, 0, 0, 0, 1, 0]),
        ("x > 2.5", "held", 4, [0, 0, 0, 0, 0, 0]),
        ("x > 2.5", "final", 9, [0, 0, 0, 0, 0, 1]),
        ("0.5 < x < 2.5", "final", 9, [0, 0, 0, 0, 0, 0]),
        ("x - previous.x > 1.9", "ever", 9, [1, 0, 0, 0, 0, 0]),
        ("mean(x) > 2.4", "held", 9, [0, 0, 0, 0, 0, 1]),
        ("displacement(x) > 2.9 and held(x > 2, 3)", "held", 9, [0, 0, 0, 0, 0, 1]),
        ("mean(x) > 2.6", "held", 9, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_sparse_reward_pays_at_the_first_step_of_success(
    text: str, semantics: SuccessSemantics, held_steps: int, rewards: list[float]
) -> None:
    assert pay(text, semantics, held_steps) == rewards
    episode = Trajectory(seed=0, fields={"x": X}, actions=np.zeros((6, 1)), terminated=False)
    assert build(text, semantics, held_steps).evaluate(episode) == bool(sum(rewards))


def test_only_the_rows_that_begin_forget() -> None:
    sparse = SparseReward(build("x > 0", "held", 2), SPEC, 2)
    no = np.zeros(2, dtype=bool)
    sparse.begin({"x": np.zeros(2)})
    sparse.step(np.zeros((2, 1)), {"x": np.ones(2)}, terminated=no, truncated=no)
    sparse.begin({"x": np.zeros(2)}, np.array([True, False]))
    reward = sparse.step(np.zeros((2, 1)), {"x": np.ones(2)}, terminated=no, truncated=no)
    assert reward.tolist() == [0.0, 1.0]


def test_episodes_of_different_length_are_judged_apart() -> None:
    sparse = SparseReward(build("sum(x) > 2.5", "held", 1), SPEC, 2)
    no, first = np.zeros(2, dtype=bool), np.array([True, False])
    sparse.begin({"x": np.zeros(2)})
    rewards = []
    for ended in (no, first, no, ~no):
        reward = sparse.step(np.zeros((2, 1)), {"x": np.ones(2)}, terminated=ended, truncated=no)
        sparse.begin({"x": np.zeros(2)}, ended)
        rewards.append(reward.tolist())
    assert rewards == [[0, 0], [0, 0], [0, 0], [0, 1]]
