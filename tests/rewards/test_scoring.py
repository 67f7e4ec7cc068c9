"""Scores side by side equal those of each trajectory alone, by hand where it matters."""

import numpy as np
import pytest

from rewardsmith.messages import ActionSpec, FieldSpec, StateSpec, Trajectory
from rewardsmith.rewards.contract import require_program
from rewardsmith.rewards.scoring import returns_without_shaping, score

SPEC = StateSpec(
    fields=(FieldSpec(name="x"),), action=ActionSpec(shape=(1,), low=(-1.0,), high=(1.0,))
)
PROGRAM = require_program(
    """
WEIGHTS = {"moved": 2.0, "kept": 1.0}
MEMORY = {"total": 1.0}
def reward(state, action, xp, *, previous, memory):
    kept = memory.total
    return {"moved": state.x - previous.x, "kept": kept}, {"total": kept + state.x}
def potential(state, xp):
    return 10.0 * state.x
""",
    SPEC,
)


def rollout(*positions: float, terminated: bool = False) -> Trajectory:
    return Trajectory(
        seed=0,
        fields={"x": np.array(positions)},
        actions=np.zeros((len(positions) - 1, 1)),
        terminated=terminated,
    )


def test_memory_shaping_and_the_end_are_each_trajectorys_own() -> None:
    short, long = rollout(0.0, 1.0, 3.0, terminated=True), rollout(0.0, 2.0, 4.0, 6.0)
    scores = score(PROGRAM, [short, long], SPEC, gamma=0.5)
    assert scores.shaping is not None
    assert scores.of(scores.components["moved"], 0).tolist() == [1.0, 2.0]
    assert scores.of(scores.components["kept"], 0).tolist() == [1.0, 2.0]
    assert scores.of(scores.memory["total"], 1).tolist() == [1.0, 3.0, 7.0]
    assert scores.of(scores.shaping, 0).tolist() == [5.0, -10.0]
    assert scores.of(scores.shaping, 1).tolist() == [10.0, 0.0, -10.0]
    assert scores.of(scores.rewards, 0).tolist() == [2.0 + 1.0 + 5.0, 4.0 + 2.0 - 10.0]
    assert returns_without_shaping(PROGRAM, scores) == pytest.approx([9.0, 12.0 + 1 + 3 + 7])


def test_a_trajectory_scores_the_same_beside_others_and_alone() -> None:
    rng = np.random.default_rng(0)
    several = [rollout(*rng.normal(size=n), terminated=n == 5) for n in (5, 12, 3)]
    together = score(PROGRAM, several, SPEC, gamma=0.9)
    for i, one in enumerate(several):
        alone = score(PROGRAM, [one], SPEC, gamma=0.9)
        np.testing.assert_array_equal(together.of(together.rewards, i), alone.rewards[:, 0])
