"""Where a training is cut, and the seeds of its links."""

import pytest

from rewardsmith.config import MAX_TRAINING_SEED
from rewardsmith.training.preset import PpoPreset
from rewardsmith.training.segments import plan_segments, segment_seed

PRESET = PpoPreset(n_envs=4, n_steps=16)


def bounds(total: int, rungs: tuple[float, ...]) -> list[tuple[int, int]]:
    planned = plan_segments(PRESET, total_timesteps=total, rungs=rungs, evaluations=2)
    return [(s.start_step, s.end_step) for s in planned]


@pytest.mark.parametrize(
    ("total", "rungs", "expected"),
    [
        (640, (0.25, 0.5), [(0, 128), (128, 320), (320, 640)]),
        (640, (), [(0, 640)]),
        (600, (0.5,), [(0, 320), (320, 576)]),
        (1, (0.25, 0.5), [(0, 64)]),
        (128, (0.01, 0.5, 0.51), [(0, 64), (64, 128)]),
    ],
)
def test_a_training_is_cut_at_its_rungs_in_whole_rollouts(
    total: int, rungs: tuple[float, ...], expected: list[tuple[int, int]]
) -> None:
    assert bounds(total, rungs) == expected


@pytest.mark.parametrize("evaluations", [1, 2, 3, 10])
def test_checkpoints_lie_in_the_second_half_and_the_last_one_at_the_end(evaluations: int) -> None:
    for segment in plan_segments(
        PRESET, total_timesteps=6400, rungs=(0.5,), evaluations=evaluations
    ):
        steps = segment.checkpoint_steps
        middle = (segment.start_step + segment.end_step) / 2
        assert len(steps) == evaluations
        assert list(steps) == sorted(set(steps))
        assert steps[0] > middle
        assert steps[-1] == segment.end_step
        assert all(step % PRESET.rollout_size == 0 for step in steps)


def test_a_short_segment_has_as_many_checkpoints_as_rollouts() -> None:
    (segment,) = plan_segments(PRESET, total_timesteps=64, rungs=(), evaluations=3)
    assert segment.checkpoint_steps == (64,)


def test_no_two_segments_share_a_seed() -> None:
    seeds = [segment_seed(training, start) for training in range(40) for start in (0, 64, 128)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < MAX_TRAINING_SEED for seed in seeds)
