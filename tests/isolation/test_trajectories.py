"""Trajectories as flat arrays, and back from arrays that nobody vouches for."""

from typing import Any

import numpy as np
import pytest

from rewardsmith.isolation.tensors import dump_tensors, parse_arrays
from rewardsmith.isolation.trajectories import from_arrays, to_arrays
from rewardsmith.messages import Trajectory


def episode(n_steps: int, *, seed: int = 7, scored: bool = True, **more: Any) -> Trajectory:
    rng = np.random.default_rng(n_steps)
    return Trajectory(
        seed=seed,
        fields={"x": rng.random(n_steps + 1), "up": rng.random((n_steps + 1, 2, 3)) > 0.5},
        actions=rng.integers(3, size=n_steps),
        terminated=n_steps > 3,
        components={"near": rng.random(n_steps)} if scored else {},
        rewards=rng.random(n_steps) if scored else None,
        **more,
    )


@pytest.mark.parametrize("scored", [False, True])
def test_episodes_of_any_length_survive_the_pipe(scored: bool) -> None:
    sent = [episode(n, seed=n + 100, scored=scored) for n in (3, 1, 5)]
    received = from_arrays(parse_arrays(dump_tensors(to_arrays(sent))))
    for before, after in zip(sent, received, strict=True):
        assert (after.seed, after.length, after.terminated) == (
            before.seed,
            before.length,
            before.terminated,
        )
        for name, values in (*before.fields.items(), *before.components.items()):
            kept = after.fields.get(name, after.components.get(name))
            assert kept is not None
            assert kept.dtype == values.dtype
            np.testing.assert_array_equal(kept, values)
        np.testing.assert_array_equal(after.actions, before.actions)
        assert (after.rewards is None) == (not scored)


def test_no_episodes_are_no_arrays() -> None:
    assert to_arrays([]) == {}
    assert from_arrays({}) == ()


def test_a_header_does_not_grow_with_the_episodes() -> None:
    assert to_arrays([episode(2)] * 50).keys() == to_arrays([episode(2)]).keys()


def test_episodes_of_different_kinds_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="different"):
        to_arrays([episode(2), episode(2, scored=False)])


@pytest.mark.parametrize(
    "changed",
    [
        {"seeds": None},
        {"actions": None},
        {"lengths": np.array([3, 2])},
        {"lengths": np.array([-1, 5])},
        {"lengths": np.array([2.0, 2.0])},
        {"lengths": np.array(4)},
        {"lengths": np.zeros(0, np.int64)},
        {"terminated": np.array([1, 0])},
        {"terminated": np.array([True])},
        {"field.x": np.zeros(5)},
        {"field.x": np.asarray(1.0)},
        {"rewards": np.zeros((4, 1))},
        {"component.near": np.zeros(3)},
        {"anything": np.zeros(4)},
    ],
)
def test_arrays_that_contradict_each_other_are_a_value_error(changed: dict[str, Any]) -> None:
    arrays = {**to_arrays([episode(2), episode(2)]), **changed}
    with pytest.raises(ValueError, match=r"lack|no part|rows|shape|episode"):
        from_arrays({name: values for name, values in arrays.items() if values is not None})
