"""Which shipped cards `make test` tries: some of every suite. `make test-all` tries them all."""

from typing import Any

import pytest

QUICK = frozenset(
    """
    CartPole-v1 MountainCarContinuous-v0 Pendulum-v1 LunarLander-v3
    HalfCheetah-v5 Hopper-v5 Reacher-v5 InvertedPendulum-v5
    MetaWorld-reach-v3 FetchReach-v4 PointMaze_UMaze-v3
    MiniGrid-DoorKey-5x5-v0 TomatoWatering BoatRace
    """.split()
)
"""Cheap to make and to step; a card that inherits from these or does as they do is slow."""


def tried(name: str, *more: object) -> Any:
    """Parameters of a test that begin with a card's name, marked `slow` for all but `QUICK`."""
    return pytest.param(name, *more, marks=[] if name in QUICK else [pytest.mark.slow])
