"""Fixtures every test may ask for."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy and torch: tests run side by side

import numpy as np
import pytest

import rewardsmith.llm

rewardsmith.llm.ALLOW_REQUESTS = False  # no test reaches a provider by accident


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator: a test's randomness is part of the test."""
    return np.random.default_rng(0)
