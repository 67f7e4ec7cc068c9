"""Fixtures every test may ask for."""

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator: a test's randomness is part of the test."""
    return np.random.default_rng(0)
