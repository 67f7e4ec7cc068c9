import numpy as np
import pytest

from rewardsmith.analysis.peaks import peak_of

X = np.linspace(0.0, 5.0, 21)


@pytest.mark.parametrize("at", [1.0, 2.0, 3.7])
def test_top_of_a_noisy_tent_is_found(at: float) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(X.size)
    found = peak_of(X.tolist(), (-np.abs(X - at) + noise).tolist())
    assert found is not None
    assert found.at == pytest.approx(at, abs=0.15)
    assert found.explained > 0.9


def test_top_of_a_parabola_and_of_a_clipped_tent_are_found() -> None:
    for y in (-np.square(X - 2.5), -np.minimum(np.abs(X - 2.5), 2.0)):
        found = peak_of(X.tolist(), y.tolist())
        assert found is not None
        assert found.at == pytest.approx(2.5, abs=0.1)


@pytest.mark.parametrize(
    "y",
    [X, -X, np.abs(X - 2.5), np.zeros_like(X), np.sin(9 * X), np.where(X > 4.9, 0.0, X)],
    ids=["rising", "falling", "valley", "constant", "waves", "one-outlier"],
)
def test_what_is_no_peak_is_not_called_one(y: np.ndarray) -> None:
    assert peak_of(X.tolist(), y.tolist()) is None


def test_few_points_and_broken_ones_say_nothing() -> None:
    assert peak_of([0, 1, 2, 3, 2.5], [0, 1, 2, 1, 1.5]) is None
    assert peak_of([*X.tolist(), float("nan")], [*(-np.abs(X - 2)).tolist(), 0.0]) is None
    assert peak_of([1.0] * 10, list(map(float, range(10)))) is None


def test_points_that_do_not_pair_are_an_error() -> None:
    with pytest.raises(ValueError, match="cannot pair"):
        peak_of([1.0], [1.0, 2.0])
