"""Every aggregate is described, with what missing steps count as."""

import numpy as np
import pytest

from rewardsmith.environments.aggregates import AGGREGATES, Facts, Series, describe, longest_run


def test_every_aggregate_is_described_under_its_own_name() -> None:
    lines = describe().splitlines()
    assert [line.partition("(")[0] for line in lines] == list(AGGREGATES)


@pytest.mark.parametrize(
    ("holds", "length"),
    [([], 0), ([False], 0), ([True], 1), ([True, True, False, True], 2), ([False, True, True], 2)],
)
def test_longest_run_is_counted(holds: list[bool], length: int) -> None:
    assert longest_run(np.array(holds, dtype=bool)) == length


@pytest.mark.parametrize("name", sorted(AGGREGATES))
def test_episode_without_a_step_raises_nothing(name: str) -> None:
    aggregate = AGGREGATES[name]
    series = Series(np.zeros(0), np.zeros(()))
    value = aggregate.compute(series, Facts(0, 10, False), aggregate.default or 0.5)
    assert isinstance(float(value), float)
