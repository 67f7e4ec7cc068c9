"""The main job on real MuJoCo: refined until it succeeds, where the sparse reward fails.

What an easy pace is, the words do not say. The first programs pay speed without end; the analyzer
finds the speed at which fitness was best, and the next programs aim there.
"""

from pathlib import Path

import pytest

from rewardsmith.config import load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.messages import Claim, ClaimRow
from rewardsmith.report.candidates import best_line, candidate_lines
from rewardsmith.session import finish_run, start_run

SMALL = {
    "search.candidates": 2,
    "search.iterations": 2,
    "search.confirm_top": 0,
    "training.total_timesteps": 80_000,
    "evaluation.report_seeds": 1,
    "evaluation.report_episodes": 8,
    "jobs": 2,
}


def rows(claim: Claim | None) -> dict[str, ClaimRow]:
    assert claim is not None
    return {row.name: row for row in claim.rows}


@pytest.mark.xdist_group("mujoco")
def test_a_refined_reward_succeeds_where_the_first_and_the_sparse_one_fail(tmp_path: Path) -> None:
    task = task_of(load_card("HalfCheetah-v5"), "jog")
    with start_run(tmp_path, task, load_config(None, SMALL)) as run:
        found = rows(finish_run(run).claim)
        best = best_line(run, candidate_lines(run))
    assert best is not None
    assert best.candidate.parents
    assert "forward_velocity" in best.candidate.rationale
    assert found["sparse"].success_rate == found["iteration-0"].success_rate == (0.0,)
    assert found["sparse"].steps >= 4 * found["final"].steps * 0.7
    assert found["final"].success_rate[0] >= 0.8
    assert found["final"].fitness[0] > found["iteration-0"].fitness[0] + 0.5
