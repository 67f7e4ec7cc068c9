"""The main job on real MuJoCo: a designed reward where the sparse one fails."""

from pathlib import Path

import pytest

from rewardsmith.config import load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.messages import Claim, ClaimRow
from rewardsmith.session import finish_run, start_run


def rows(claim: Claim | None) -> dict[str, ClaimRow]:
    assert claim is not None
    return {row.name: row for row in claim.rows}


def claim_of(folder: Path, **settings: object) -> Claim | None:
    config = load_config(None, settings)
    with start_run(folder, task_of(load_card("HalfCheetah-v5"), "jog"), config) as run:
        return finish_run(run).claim


@pytest.mark.xdist_group("mujoco")
def test_the_designed_reward_succeeds_where_the_sparse_one_fails(tmp_path: Path) -> None:
    claim = claim_of(
        tmp_path,
        **{
            "search.candidates": 2,
            "search.iterations": 2,
            "search.confirm_top": 0,
            "training.total_timesteps": 80_000,
            "evaluation.report_seeds": 1,
            "evaluation.report_episodes": 8,
            "jobs": 2,
        },
    )
    found = rows(claim)
    assert found["sparse"].success_rate == (0.0,)
    assert found["sparse"].steps >= 4 * found["final"].steps * 0.9
    assert found["final"].success_rate == (1.0,)
    assert found["final"].fitness[0] > 2.0
