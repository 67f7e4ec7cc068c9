"""Jobs in real locked workers and evaluators: probe, score, train, evaluate."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.config import RunConfig, load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.messages import CandidateId, Outcome
from rewardsmith.rewards.contract import require_program
from rewardsmith.session import arena_of, check_program, start_run
from rewardsmith.testing import write_line_card
from rewardsmith.training import judging
from rewardsmith.training.arena import Arena
from rewardsmith.training.contender import Contender, candidate_contender
from rewardsmith.training.engine import Chain, LocalEngine
from rewardsmith.training.segments import Segment
from rewardsmith.training.trial import SegmentEnd, run_segment

GOOD = """
WEIGHTS = {"near": 1.0}
def reward(state, action, xp):
    return {"near": -abs(state.position - state.goal)}
"""
ONLY_BAD_FAR_OUT = """
WEIGHTS = {"near": 1.0}
def reward(state, action, xp, *, step):
    near = -abs(state.position - state.goal)
    return {"near": near / (7.5 - step + 0.0 * near - 0.5) * xp.sqrt(100.0 - 3000.0 * (step == 12))}
"""


SETTINGS = {
    "training.total_timesteps": 256,
    "evaluation.selection_episodes": 3,
    "evaluation.recorded_episodes": 2,
    "require_sandbox": "any",
}


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    folder = tmp_path_factory.mktemp("arena")
    task = task_of(load_card(write_line_card(folder / "LineWorld")))
    config = load_config(None, SETTINGS)
    with start_run(folder / "runs", task, config) as run:
        yield arena_of(run, LocalEngine(2))


def train(arena: Arena, *contenders: Contender, steps: int = 128) -> list[SegmentEnd]:
    segment = Segment(start_step=0, end_step=steps, checkpoint_steps=(steps,))
    return arena.engine.run(
        [run_segment(arena, c, segment, seed=1, seed_set="selection") for c in contenders]
    )


def test_reference_rollouts_start_with_doing_nothing(arena: Arena) -> None:
    nothing = arena.references.named["do_nothing"]
    assert np.all(nothing.actions == 0.0)
    assert arena.references.obs_dim == 2


def test_a_segment_yields_checkpoints_curves_and_an_evaluation(arena: Arena) -> None:
    contender = candidate_contender(CandidateId(0, 0), GOOD)
    (end,) = train(arena, contender)
    assert end.outcome is None
    assert [step for step, _ in end.training.checkpoints] == [128]
    assert len(end.evaluations[0].episodes) == 3
    assert end.evaluations[0].fitness < 0
    curves = arena.run.load_metrics(CandidateId(0, 0), 1)
    assert [point.step for point in curves] == [64, 128]
    assert "reward/near" in curves[0].values


def test_a_segment_that_was_paid_for_is_not_trained_again(arena: Arena) -> None:
    contender = candidate_contender(CandidateId(0, 1), GOOD)
    (first,) = train(arena, contender)
    n_started = len(arena.run.events("segment_started"))
    (second,) = train(arena, contender)
    assert second == first
    assert len(arena.run.events("segment_started")) == n_started


def test_a_reward_that_turns_infinite_in_training_ends_its_candidate_only(arena: Arena) -> None:
    bad, good = train(
        arena,
        candidate_contender(CandidateId(1, 0), ONLY_BAD_FAR_OUT),
        candidate_contender(CandidateId(1, 1), GOOD),
    )
    assert bad.outcome == Outcome.CRASHED
    assert "not finite (near)" in bad.text
    assert good.outcome is None


def test_the_same_segment_gives_the_same_checkpoint_in_another_process(arena: Arena) -> None:
    one, two = (
        candidate_contender(CandidateId(2, 0), GOOD),
        candidate_contender(CandidateId(2, 1), GOOD),
    )
    first, second = train(arena, one, two)
    assert first.training.checkpoints == second.training.checkpoints


SMALL_SAC = {
    "training.preset.algorithm": "sac",
    "training.preset.hidden": 8,
    "training.preset.buffer_size": 100,
    "training.preset.learning_starts": 64,
    "training.preset.gradient_steps": 4,
}


def test_sac_trains_in_a_locked_worker_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    config = load_config(None, SETTINGS | SMALL_SAC)
    task = task_of(load_card(write_line_card(tmp_path / "LineWorld")))
    with start_run(tmp_path / "runs", task, config) as run:
        arena = arena_of(run, LocalEngine(1))
        ends = [arena.engine.run([_two_segments(arena, CandidateId(0, i))])[0] for i in range(2)]
    (first, last), again = ends
    assert (first.outcome, last.outcome, first.text + last.text) == (None, None, "")
    assert first.training.experience is not None
    assert last.training.experience is None
    assert last.evaluations[0].fitness < 0
    assert [e.training.checkpoints for e in again] == [
        e.training.checkpoints for e in (first, last)
    ]


def _two_segments(arena: Arena, candidate: CandidateId) -> Chain[list[SegmentEnd]]:
    ends = []
    for start, end in ((0, 128), (128, 256)):
        segment = Segment(
            start_step=start, end_step=end, checkpoint_steps=(end,), goes_on=end == 128
        )
        chain = run_segment(
            arena, candidate_contender(candidate, GOOD), segment, seed=1, seed_set="selection"
        )
        ends.append((yield from chain))
    return ends


def test_a_score_equals_the_reward_that_the_program_pays(arena: Arena) -> None:
    recorded = arena.references.trajectories
    program = require_program(GOOD, arena.card.state)
    (scored,) = arena.engine.run(
        [judging.score(program, recorded, task=arena.task, gamma=0.99, config=arena.config)]
    )
    assert scored is not None
    for before, after in zip(recorded, scored, strict=True):
        expected = -np.abs(before.fields["position"][1:] - before.fields["goal"][1:])
        assert after.rewards is not None
        np.testing.assert_allclose(after.rewards, expected)


def test_the_probe_of_a_sound_program_finds_no_error(arena: Arena) -> None:
    program, lineup = require_program(GOOD, arena.card.state), arena.references.lineup()
    (report,) = arena.engine.run(
        [judging.probe(program, lineup, task=arena.task, gamma=0.99, config=RunConfig())]
    )
    assert report.measurements is not None
    assert report.measurements.n_rows > 10
    assert not [f for f in report.findings if f.severity == "error"]


def test_check_names_the_component_that_is_not_finite(tmp_path: Path) -> None:
    card = write_line_card(tmp_path)
    text = GOOD.replace("-abs(state.position - state.goal)", "xp.log(-abs(state.position))")
    verdict = check_program(text, card)
    assert not verdict.ok
    assert [f.component for f in verdict.findings if f.code == "probe-not-finite"] == ["near"]
