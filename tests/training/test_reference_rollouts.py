"""Rollouts that no reward shaped: who acts in them, and that they are recorded once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.config import RunConfig, load_config, to_mapping
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.errors import RewardsmithError, StoreError
from rewardsmith.isolation.frames import RESULT, Frame
from rewardsmith.isolation.job import Job, JobEnd
from rewardsmith.messages import ActionSpec, Outcome, Task, Trajectory
from rewardsmith.store.run import Run
from rewardsmith.testing import InProcessEngine, write_line_card
from rewardsmith.training.reference_rollouts import (
    FILE,
    N_EXTREMES,
    N_RANDOM,
    ReferenceRollouts,
    departures,
    extreme_actions,
    record_references,
    reference_policies,
)
from rewardsmith.training.shipped_rollouts import COMPETENT, dump_shipped

CONFIG: RunConfig = load_config(None, {"require_sandbox": "any"})
TWO_DOORS = str(Path(__file__).parent / "two_doors")


def line_task(folder: Path) -> Task:
    return task_of(load_card(write_line_card(folder / "LineWorld")))


def new_run(folder: Path, task: Task) -> Run:
    return Run.create(folder / "runs", name="t", config=to_mapping(CONFIG), task=task, versions={})


def recorded(folder: Path, task: Task) -> tuple[ReferenceRollouts, InProcessEngine, Run]:
    engine, run = InProcessEngine(), new_run(folder, task)
    with run:
        return record_references(run, engine, task, CONFIG), engine, run


def test_nothing_random_extremes_swinging_and_repeating_are_recorded(tmp_path: Path) -> None:
    rollouts, _, _ = recorded(tmp_path, line_task(tmp_path))
    nothing, *random, right, left, swinging, repeated = rollouts.trajectories
    assert rollouts.kinds == (
        ("do_nothing",) + ("random",) * N_RANDOM + ("extreme", "extreme", "oscillate", "repeat")
    )
    assert np.all(nothing.actions == 0.0)
    assert np.all(right.actions == 1.0)
    assert np.all(left.actions == -1.0)
    assert all(np.ptp(one.actions) > 0.5 for one in random)
    assert swinging.actions[:, 0].tolist() == [1.0, -1.0] * 6
    assert np.ptp(repeated.actions) == 0.0
    assert 0.0 < abs(repeated.actions[0, 0]) < 1.0
    assert rollouts.named["do_nothing"] is nothing
    assert len({one.seed for one in rollouts.trajectories} - {one.seed for one in random}) == 1


def test_every_rollout_has_the_fitness_that_the_evaluator_measured(tmp_path: Path) -> None:
    rollouts, _, _ = recorded(tmp_path, line_task(tmp_path))
    for trajectory, fitness in zip(rollouts.trajectories, rollouts.fitness, strict=True):
        distance = np.abs(trajectory.fields["position"] - trajectory.fields["goal"])[1:]
        assert fitness == pytest.approx(-distance.mean())


def test_the_shortest_episode_that_terminated_is_the_early_end(tmp_path: Path) -> None:
    rollouts, _, _ = recorded(tmp_path, line_task(tmp_path))
    assert "early_end" not in rollouts.named  # twelve steps of a quarter metre end at 3 m
    ended = [t for t in rollouts.trajectories if t.terminated]
    assert ended == []


def test_discrete_extremes_are_the_first_and_the_last_choice(tmp_path: Path) -> None:
    rollouts, _, _ = recorded(tmp_path, task_of(load_card(TWO_DOORS)))
    nothing, *random, last, first, swinging, repeated = rollouts.trajectories
    assert set(nothing.actions.tolist()) == set(first.actions.tolist()) == {0}
    assert set(last.actions.tolist()) == {1}
    assert {a for one in random for a in one.actions.tolist()} == {0, 1}
    assert set(repeated.actions.tolist()) in ({0}, {1})
    assert swinging.actions.tolist()[:2] == [1, 0][: swinging.length]


def test_extreme_actions_are_all_high_all_low_then_mixed_ones_and_no_more() -> None:
    one = ActionSpec(shape=(1,), low=(-2.0,), high=(3.0,))
    two = ActionSpec(shape=(2,), low=(-1.0, 0.0), high=(1.0, 4.0))
    six = ActionSpec(shape=(2, 3), low=(-1.0,) * 6, high=(1.0,) * 6)
    many = ActionSpec(shape=(), kind="discrete", n=40)
    assert extreme_actions(one) == ((3.0,), (-2.0,))
    assert extreme_actions(two)[:2] == ((1.0, 4.0), (-1.0, 0.0))
    assert set(extreme_actions(two)[2:]) == {(1.0, 0.0), (-1.0, 4.0)}
    assert len(extreme_actions(six)) == len(set(extreme_actions(six))) == N_EXTREMES
    assert extreme_actions(many)[:3] == ((39.0,), (0.0,), (1.0,))
    assert all(p.kind != "cycle" or p.actions for _, p in reference_policies(many, 0))


def test_leaving_is_the_extreme_action_that_gets_away_furthest() -> None:
    def track(*positions: float) -> Trajectory:
        fields = {"position": np.array(positions), "goal": np.ones(len(positions))}
        actions = np.zeros((len(positions) - 1, 1))
        return Trajectory(seed=0, fields=fields, actions=actions, terminated=False)

    back_and_forth, away, slower = track(0, 1, 0, 1), track(0, -1, -2, -3), track(0, 0, 0, 3)
    far = departures([back_and_forth, away, slower])
    assert far[1] > far[2] > far[0] > 0.0
    assert far[1] == pytest.approx((1 + 2 + 3) / 3 / 3 / 2)  # the goal never moves
    rollouts = ReferenceRollouts(
        trajectories=(track(0, 0), back_and_forth, away, slower),
        obs_dim=2,
        sandbox="none",
        kinds=("do_nothing", "extreme", "extreme", "extreme"),
        fitness=(0.0,) * 4,
    )
    assert rollouts.lineup().exploits == {"do_nothing": 0, "leave": 2}


# ------------------------------------------------------------ a competent rollout


def ship(task: Task, fitness: float, actions: np.ndarray, **more: np.ndarray) -> None:
    blob = dump_shipped(
        2**29 + 7,
        {COMPETENT: (actions, fitness)} | {name: (rows, 0.0) for name, rows in more.items()},
    )
    (Path(task.env).parent / f"{task.name}.rollouts.safetensors").write_bytes(blob)


def to_the_goal() -> tuple[np.ndarray, float]:
    """Actions that reach the goal from this seed's start, and what they are worth."""
    actions = np.zeros((12, 1))
    goal = float(np.random.default_rng(2**29 + 7).choice([-1.0, 1.0]))
    actions[:4] = goal
    return actions, -(0.75 + 0.5 + 0.25) / 12


def test_a_competent_rollout_of_the_card_is_replayed_from_the_start_of_the_exploits(
    tmp_path: Path,
) -> None:
    task = line_task(tmp_path)
    actions, fitness = to_the_goal()
    ship(task, fitness, actions, stand_still=np.zeros((12, 1)))
    rollouts, _, run = recorded(tmp_path, task)
    lineup = rollouts.lineup()
    assert lineup.competent is not None
    known = lineup.trajectories[lineup.competent]
    assert known.fields["position"][-1] == pytest.approx(known.fields["goal"][0])
    assert lineup.fitness[lineup.competent] == pytest.approx(fitness)
    assert {lineup.trajectories[i].seed for i in lineup.exploits.values()} == {2**29 + 7}
    assert "stand_still" in lineup.exploits
    assert COMPETENT not in lineup.exploits
    with Run.open(run.folder) as again:
        recalled = record_references(again, InProcessEngine(), task, CONFIG)
    assert (recalled.kinds, recalled.fitness) == (rollouts.kinds, rollouts.fitness)


def test_a_replay_that_comes_to_another_fitness_is_not_believed(tmp_path: Path) -> None:
    task = line_task(tmp_path)
    actions, fitness = to_the_goal()
    ship(task, fitness + 0.05, actions)
    rollouts, _, _ = recorded(tmp_path, task)
    assert rollouts.lineup().competent is None
    assert "when it is replayed here" in rollouts.lineup().unknown


def test_the_best_rollout_of_the_search_stands_in_if_it_beats_every_exploit(
    tmp_path: Path,
) -> None:
    rollouts, _, _ = recorded(tmp_path, line_task(tmp_path))
    best = rollouts.trajectories[1]
    of = rollouts.lineup((best, 0.0))
    assert of.competent == len(rollouts.trajectories)
    assert of.trajectories[-1] is best
    assert of.whose == "the best rollout so far"
    assert rollouts.lineup((best, -2.9)).competent is None
    assert rollouts.lineup().unknown == "no competent rollout is known"


def test_a_resumed_run_reads_them_and_starts_no_process(tmp_path: Path) -> None:
    task = line_task(tmp_path)
    first, _, run = recorded(tmp_path, task)
    engine = InProcessEngine()
    with Run.open(run.folder) as again:
        second = record_references(again, engine, task, CONFIG)
    assert engine.jobs == []
    assert second.obs_dim == first.obs_dim == 2
    for before, after in zip(first.trajectories, second.trajectories, strict=True):
        assert (before.seed, before.terminated) == (after.seed, after.terminated)
        np.testing.assert_array_equal(before.fields["position"], after.fields["position"])


def test_rollouts_that_were_changed_are_not_used(tmp_path: Path) -> None:
    task = line_task(tmp_path)
    _, _, run = recorded(tmp_path, task)
    (run.folder / FILE).write_bytes(b"other")
    with Run.open(run.folder) as again, pytest.raises(StoreError, match="SHA-256"):
        record_references(again, InProcessEngine(), task, CONFIG)


TRACEBACK = f"""Traceback (most recent call last):
  File "/home/me/arm.py", line 7, in step
    return super().step(action)
  File "{np.__file__}", line 9, in somewhere
    raise OSError("hot.")
OSError: hot.
"""


class Answering(InProcessEngine):
    """Every job ends in the same way."""

    def __init__(self, end: JobEnd) -> None:
        super().__init__()
        self._end = end

    def _do(self, job: Job) -> JobEnd:
        self.jobs.append(job)
        return self._end


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (
            JobEnd(outcome=Outcome.CRASHED, text=TRACEBACK),
            r"\(crashed\): OSError: hot \(arm\.py, line 7\)\. `rewardsmith envs check .*` says",
        ),
        (
            JobEnd(outcome=Outcome.CRASHED, text="\nrewardsmith.errors.UsageError: Arm: do this."),
            r"does not run in the evaluator \(crashed\): Arm: do this\.$",
        ),
        (JobEnd(outcome=None, frames=(Frame(RESULT, b"{}"),)), "answered"),
        (JobEnd(outcome=None), "answered"),
    ],
)
def test_an_environment_that_does_not_run_is_named(tmp_path: Path, end: JobEnd, says: str) -> None:
    task = line_task(tmp_path)
    with new_run(tmp_path, task) as run, pytest.raises(RewardsmithError, match=says) as caught:
        record_references(run, Answering(end), task, CONFIG)
    assert "LineWorld" in str(caught.value)


def test_a_state_that_does_not_stay_finite_is_the_environments_fault(tmp_path: Path) -> None:
    path = Path(write_line_card(tmp_path / "LineWorld"))
    field = '  depth: {source: "derived: log(position + 1)", meaning: logarithm of a depth}\n'
    path.write_text(path.read_text("utf-8").replace("start: at", f"{field}start: at"), "utf-8")
    task = task_of(load_card(str(path)))
    says = r"its state field 'depth' is -?(inf|nan) at timestep \d+ of an episode of"
    with new_run(tmp_path, task) as run, pytest.raises(RewardsmithError, match=says) as caught:
        record_references(run, InProcessEngine(), task, CONFIG)
    assert "LineWorld" in str(caught.value)


def test_a_run_of_a_version_without_exploits_goes_on_without_them(tmp_path: Path) -> None:
    rollouts, _, _ = recorded(tmp_path, line_task(tmp_path))
    old = replace(rollouts, kinds=(), fitness=())
    assert old.named["do_nothing"] is rollouts.trajectories[0]
    assert old.lineup((rollouts.trajectories[1], 0.0)).exploits == {}
