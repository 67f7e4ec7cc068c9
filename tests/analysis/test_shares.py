"""Component statistics and the verdicts that follow from them."""

import numpy as np
import pytest

from rewardsmith.analysis import component_stats, is_dead, is_dominating, is_flat
from rewardsmith.messages import Trajectory


def episode(*, terminated: bool = False, **components: list[float]) -> Trajectory:
    n_steps = len(next(iter(components.values())))
    return Trajectory(
        seed=0,
        fields={},
        actions=np.zeros((n_steps, 1)),
        terminated=terminated,
        components={name: np.array(values) for name, values in components.items()},
    )


def test_share_is_weighted_deviation_and_return_share_weighted_sum() -> None:
    episodes = [
        episode(near=[0.0, 2.0], open=[0.0, 1.0]),
        episode(near=[0.0, 2.0], open=[0.0, 1.0]),
    ]
    near, opened = component_stats(episodes, {"near": 1.0, "open": -2.0})

    assert (near.mean, near.std, near.low, near.high) == (1.0, 1.0, 0.0, 2.0)
    assert (near.share, opened.share) == (0.5, 0.5)
    assert (near.return_share, opened.return_share) == (0.5, 0.5)
    assert (near.verdict, opened.verdict) == ("keep", "keep")


def test_component_that_never_paid_is_to_be_rewritten() -> None:
    dead, _ = component_stats([episode(a=[0.0, 0.0], b=[0.0, 1.0])], {"a": 1.0, "b": 1.0})

    assert is_dead(dead)
    assert is_flat(dead)
    assert dead.verdict == "rewrite"


@pytest.mark.parametrize(("terminated", "verdict"), [(False, "drop"), (True, "keep")])
def test_constant_is_kept_only_where_episodes_can_end(terminated: bool, verdict: str) -> None:
    alive, _ = component_stats(
        [episode(terminated=terminated, alive=[1.0, 1.0], b=[0.0, 1.0])], {"alive": 1.0, "b": 1.0}
    )

    assert is_flat(alive)
    assert not is_dead(alive)
    assert alive.share == 0.0
    assert alive.verdict == verdict


def test_component_that_drowns_the_others_is_to_be_rescaled() -> None:
    loud, quiet = component_stats([episode(a=[0.0, 20.0], b=[0.0, 1.0])], {"a": 1.0, "b": 1.0})

    assert is_dominating(loud, 2)
    assert loud.verdict == "rescale"
    assert quiet.verdict == "keep"


def test_only_component_cannot_dominate() -> None:
    (only,) = component_stats([episode(a=[0.0, 1.0])], {"a": 3.0})

    assert (only.share, only.verdict) == (1.0, "keep")


def test_component_of_weight_zero_is_logged_and_not_judged() -> None:
    logged, paid = component_stats([episode(a=[0.0, 0.0], b=[0.0, 1.0])], {"a": 0.0, "b": 1.0})

    assert (logged.share, logged.verdict) == (0.0, "keep")
    assert (paid.share, paid.verdict) == (1.0, "keep")


def test_no_steps_have_no_statistics() -> None:
    assert component_stats([], {"a": 1.0}) == ()
