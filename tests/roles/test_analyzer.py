from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from rewardsmith.messages import (
    Analysis,
    Candidate,
    EpisodeScore,
    Outcome,
    Result,
    StateSpec,
    Trajectory,
)
from rewardsmith.roles.analyzer import analyze
from rewardsmith.roles.recording import Waymark

N = 100
WEIGHTS = {"alive": 0.5, "upright": 0.5, "apex": 10.0, "fall": 20.0}


@dataclass(kw_only=True)
class Case:
    """What one analysis is made of; tests replace what they are about."""

    rollouts: list[Trajectory]
    episodes: list[EpisodeScore]
    references: dict[str, Trajectory] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    curves: dict[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    pairs: Sequence[tuple[float, float]] = ()
    fitness: Sequence[float] = ()
    chance: Sequence[tuple[float, float]] = ()
    trail: Sequence[Waymark] = ()
    iteration_trail: Sequence[Waymark] = ()
    reads: Sequence[str] = ()


@pytest.fixture
def rollout(make_rollout: Callable[..., Trajectory]) -> Callable[..., Trajectory]:
    """A Hopper-like rollout that stands still, with some columns replaced."""

    def made(
        n: int = N, *, fields: Mapping[str, np.ndarray] | None = None, **components: np.ndarray
    ) -> Trajectory:
        still = {"z": 1.25 + 0.02 * np.sin(np.arange(n + 1)), "pitch": np.zeros(n + 1)}
        columns = {
            "alive": np.ones(n),
            "upright": 0.98 + 0.001 * np.sin(np.arange(n)),
            "apex": np.zeros(n),
            "fall": np.zeros(n),
        }
        terminated = bool((columns | components)["fall"].any())
        return make_rollout(
            still | dict(fields or {}), columns | components, WEIGHTS, terminated=terminated
        )

    return made


@pytest.fixture
def standing(rollout: Callable[..., Trajectory], make_episode: Callable[..., EpisodeScore]) -> Case:
    fallen = np.zeros(10)
    fallen[-1] = -1.0
    return Case(
        rollouts=[rollout(), rollout()],
        episodes=[make_episode(fitness=0.0), make_episode(fitness=0.1)],
        references={"do_nothing": rollout(), "early_end": rollout(10, fall=fallen)},
    )


@pytest.fixture
def run(
    specs: Mapping[str, StateSpec],
    make_candidate: Callable[..., Candidate],
    make_result: Callable[..., Result],
) -> Callable[[Case], Analysis]:
    def analysed(case: Case) -> Analysis:
        return analyze(
            make_result(make_candidate(), fitness=case.fitness),
            rollouts=case.rollouts,
            episodes=case.episodes,
            references=case.references,
            weights=case.weights,
            curves=case.curves,
            pairs=case.pairs,
            chance=case.chance,
            trail=case.trail,
            iteration_trail=case.iteration_trail,
            reads=case.reads,
            state=specs["hopper"],
        )

    return analysed


Run = Callable[[Case], Analysis]
WalksOf = Callable[[Sequence[float], Sequence[float]], "Walks"]


def codes(analysis: Analysis) -> list[str]:
    return [c.code for c in analysis.causes]


def the(analysis: Analysis, code: str) -> str:
    return next(c.message for c in analysis.causes if c.code == code)


def test_standing_still_is_said_with_who_pays_for_it_and_what_never_moved(
    run: Run, standing: Case
) -> None:
    analysis = run(standing)
    message = the(analysis, "stands-still")
    assert "`alive`, `upright` give 100% of the return" in message
    assert "doing nothing earns 100% of the policy's return" in message
    assert "`z` never left 1.25 ± 0.02 m" in message
    assert analysis.hacking_suspected
    assert analysis.do_nothing_share == pytest.approx(1.0)


def test_a_component_that_was_never_paid_is_named(run: Run, standing: Case) -> None:
    analysis = run(standing)
    assert the(analysis, "dead-component") == "`apex` was never paid."
    assert next(s for s in analysis.components if s.name == "apex").verdict == "rewrite"


def test_a_charge_that_the_policy_avoids_is_not_called_dead(run: Run, standing: Case) -> None:
    assert [c.component for c in run(standing).causes if c.code == "dead-component"] == ["apex"]


def test_pay_for_nothing_is_to_be_dropped(run: Run, standing: Case) -> None:
    stats = {s.name: s for s in run(standing).components}
    assert stats["alive"].verdict == "drop"
    assert stats["alive"].return_share == pytest.approx(0.505, abs=0.01)


def test_every_evidence_exists_in_the_rollouts(run: Run, standing: Case) -> None:
    for cause in run(standing).causes:
        assert cause.evidence
        for moment in cause.evidence:
            assert 0 <= moment.step < standing.rollouts[moment.episode].length


def test_a_policy_that_succeeds_is_not_accused_of_standing(
    run: Run, standing: Case, make_episode: Callable[..., EpisodeScore]
) -> None:
    standing.episodes = [make_episode(fitness=1.0, success=True)] * 2
    analysis = run(standing)
    assert all(c.severity == "note" for c in analysis.causes)
    assert not analysis.hacking_suspected


def test_an_early_end_is_traced_to_the_field_that_left_its_range(
    run: Run,
    standing: Case,
    rollout: Callable[..., Trajectory],
    make_episode: Callable[..., EpisodeScore],
) -> None:
    fall = np.zeros(20)
    fall[-1] = -1.0
    pitch = np.linspace(0.0, 0.21, 21)
    standing.rollouts = [rollout(20, fields={"pitch": pitch}, fall=fall) for _ in range(3)]
    standing.episodes = [make_episode(length=20, terminated=True)] * 3
    analysis = run(standing)
    assert the(analysis, "ends-early").startswith("3 of 3 episodes ended early, after 20 timesteps")
    left = next(c for c in analysis.causes if c.code == "left-range")
    assert left.field == "pitch"
    assert left.message == "`pitch` stood at 0.21 rad when 3 of 3 early ends came."
    assert left.evidence[0].step == 19


def test_ending_at_once_that_pays_as_well_is_said(
    run: Run, standing: Case, rollout: Callable[..., Trajectory]
) -> None:
    standing.rollouts = [rollout(alive=-np.ones(N), upright=-np.ones(N))]
    standing.references = {"early_end": rollout(2, alive=-np.ones(2), upright=-np.ones(2))}
    analysis = run(standing)
    assert the(analysis, "early-end-pays") == "Ending at once earns -2, the policy -100."
    assert analysis.early_end_share is None


def test_a_return_that_rises_while_fitness_falls_is_suspected_of_hacking(
    run: Run, standing: Case
) -> None:
    standing.pairs = [(float(i), -float(i)) for i in range(10)]
    analysis = run(standing)
    assert analysis.return_fitness_correlation == pytest.approx(-1.0)
    assert "return-without-fitness" in codes(analysis)
    assert analysis.hacking_suspected


def test_curves_that_part_are_suspected_of_hacking(run: Run, standing: Case) -> None:
    standing.references = {}
    standing.fitness = [3.0, 2.0, 1.0, 0.5]
    standing.curves = {"rollout/ep_rew_mean": [(i, float(i)) for i in range(5)]}
    assert "return rose while fitness fell" in the(run(standing), "return-without-fitness")
    assert run(standing).hacking_suspected


def test_a_component_that_pays_worse_episodes_is_named(
    run: Run,
    standing: Case,
    rollout: Callable[..., Trajectory],
    make_episode: Callable[..., EpisodeScore],
) -> None:
    steps = np.arange(N)
    standing.rollouts = [rollout(apex=(steps % (k + 2) == 0).astype(float)) for k in range(6)]
    standing.episodes = [make_episode(fitness=float(k)) for k in range(6)]
    opposed = [c for c in run(standing).causes if c.code == "opposed-component"]
    assert [c.component for c in opposed] == ["apex"]
    assert opposed[0].evidence[0].episode == 0


@pytest.mark.parametrize(
    ("fitness", "code"),
    [
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "unfinished"),
        ([0.0, 3.0, 5.0, 2.0, 1.0], "collapsed"),
        ([1.0, 1.01, 1.0, 1.01], "stalled"),
    ],
)
def test_the_curve_of_fitness_is_named_by_its_shape(
    run: Run, standing: Case, fitness: list[float], code: str
) -> None:
    standing.fitness = fitness
    shapes = {"unfinished", "collapsed", "stalled"} & set(codes(run(standing)))
    assert shapes == {code}


def test_trembling_actions_are_named(
    run: Run, standing: Case, make_rollout: Callable[..., Trajectory]
) -> None:
    actions = np.where(np.arange(N) % 2 == 0, 1.0, -1.0)[:, None].repeat(3, axis=1)
    columns = {name: np.zeros(N) for name in WEIGHTS}
    still = {"z": np.full(N + 1, 1.25)}
    standing.rollouts = [make_rollout(still, columns, WEIGHTS, actions=actions)]
    assert "The action turns round at 100% of all steps" in the(run(standing), "oscillates")


def test_what_only_the_worse_episodes_do_is_named_with_its_moment(
    run: Run,
    standing: Case,
    rollout: Callable[..., Trajectory],
    make_episode: Callable[..., EpisodeScore],
) -> None:
    tilts = (0.1, 0.2, 0.4, 0.8, 1.6)
    ramp = np.linspace(0.0, 1.0, N + 1)
    standing.rollouts = [rollout(fields={"pitch": tilt * ramp}) for tilt in tilts]
    standing.episodes = [make_episode(fitness=5.0 - tilt) for tilt in tilts]
    analysis = run(standing)
    assert the(analysis, "wanders-off").startswith(
        "`pitch` went 1.6 rad from its start in the worst episode, 0.1 rad in the best"
    )
    (evidence,) = next(c.evidence for c in analysis.causes if c.code == "wanders-off")
    assert (evidence.episode, evidence.step) == (4, N - 1)


@pytest.mark.parametrize(
    ("tilts", "fitness"),
    [
        ((0.1, 0.2, 0.4, 0.8, 1.6), (4.9, 4.9, 4.8, 4.7, 4.6)),  # alike in fitness
        ((1.0, 1.1, 1.2, 1.3, 1.4), (5.0, 4.0, 3.0, 2.0, 1.0)),  # alike in what they do
        ((0.1, 1.6, 0.2, 0.8, 0.4), (5.0, 4.9, 3.0, 2.0, 1.0)),  # no order between both
        ((0.1, 1.6), (5.0, 1.0)),  # too few
    ],
)
def test_episodes_without_a_telling_difference_are_not_contrasted(
    run: Run,
    standing: Case,
    rollout: Callable[..., Trajectory],
    make_episode: Callable[..., EpisodeScore],
    tilts: tuple[float, ...],
    fitness: tuple[float, ...],
) -> None:
    ramp = np.linspace(0.0, 1.0, N + 1)
    standing.rollouts = [rollout(fields={"pitch": tilt * ramp}) for tilt in tilts]
    standing.episodes = [make_episode(fitness=value) for value in fitness]
    assert "wanders-off" not in codes(run(standing))


SPEEDS = (0.2, 0.6, 1.0, 1.4, 1.8, 2.2, 2.6, 3.0, 3.4)
SLOW_SPEEDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Walks:
    """Episodes at constant speeds, as recorded and as their waymarks."""

    episodes: list[Trajectory]
    trail: list[Waymark]


@pytest.fixture
def walks(rollout: Callable[..., Trajectory]) -> WalksOf:
    ramp = np.linspace(0.0, 1.0, N + 1)

    def made(speeds: Sequence[float], fitness: Sequence[float]) -> Walks:
        walked = [rollout(fields={"x_velocity": np.full(N + 1, v), "x": v * ramp}) for v in speeds]
        means = [{"x_velocity": v, "pitch": 0.0} for v in speeds]
        return Walks(walked, [Waymark(m, worth) for m, worth in zip(means, fitness, strict=True)])

    return made


def test_a_field_that_is_best_in_the_middle_is_said_with_its_value(
    run: Run, standing: Case, walks: WalksOf
) -> None:
    walked = walks(SPEEDS, [-abs(speed - 1.5) for speed in SPEEDS])
    standing.trail, standing.rollouts = walked.trail, walked.episodes[-2:]
    standing.reads = ("x_velocity", "pitch")
    (found,) = (c for c in run(standing).causes if c.code == "peaked-field")
    assert found.field == "x_velocity"
    assert found.number == pytest.approx(1.5, abs=0.05)
    assert found.message.endswith("its episodes lay between 0.2 and 3.4 m/s.")


def test_all_candidates_episodes_tell_the_peak_that_one_has_hardly_passed(
    run: Run, standing: Case, walks: WalksOf
) -> None:
    walked = walks(SPEEDS, [-abs(speed - 1.5) for speed in SPEEDS])
    slow = walks(SLOW_SPEEDS, [-1.3, -1.2, -1.1, -1.0, -0.9, -1.0, -1.1, -1.2])  # stumbles at last
    standing.trail, standing.rollouts = slow.trail, slow.episodes[-2:]
    standing.reads = ("x_velocity",)
    (alone,) = (c for c in run(standing).causes if c.code == "peaked-field")
    assert alone.number == pytest.approx(0.6, abs=0.05)
    standing.iteration_trail = [*walked.trail, *walked.trail, *slow.trail]
    (found,) = (c for c in run(standing).causes if c.code == "peaked-field")
    assert found.number == pytest.approx(1.5, abs=0.15)
    assert found.message.endswith("all candidates' episodes lay between 0.2 and 3.4 m/s.")


@pytest.mark.parametrize(
    ("speeds", "fitness", "reads"),
    [
        (SPEEDS, SPEEDS, ("x_velocity",)),  # more is better
        (SPEEDS, [-abs(v - 1.5) for v in SPEEDS], ("pitch",)),  # the program does not read it
        (SPEEDS, [0.0, 1.0] * 4 + [0.0], ("x_velocity",)),  # no shape
        (SPEEDS[:5], [-abs(v - 1.0) for v in SPEEDS[:5]], ("x_velocity",)),  # too few
        (SPEEDS, [-abs(v - 3.0) for v in SPEEDS], ("x_velocity",)),  # hardly passed
    ],
)
def test_no_peak_is_seen_in_a_trend_in_noise_or_in_what_the_reward_ignores(
    run: Run,
    standing: Case,
    walks: WalksOf,
    speeds: Sequence[float],
    fitness: Sequence[float],
    reads: tuple[str, ...],
) -> None:
    walked = walks(speeds, fitness)
    standing.trail = standing.iteration_trail = walked.trail
    standing.rollouts, standing.reads = walked.episodes[-2:], reads
    assert "peaked-field" not in codes(run(standing))


def test_physics_that_gave_way_is_an_error(
    run: Run, standing: Case, rollout: Callable[..., Trajectory]
) -> None:
    z = np.full(N + 1, 1.25)
    z[50] = 1e6
    standing.rollouts = [rollout(fields={"z": z})]
    first = run(standing).causes[0]
    assert (first.code, first.severity, first.field) == ("blow-up", "error", "z")
    assert first.evidence[0].step == 49


def test_best_and_worst_episode_are_by_fitness(run: Run, standing: Case) -> None:
    analysis = run(standing)
    assert (analysis.best_episode, analysis.worst_episode) == (1, 0)


def test_a_candidate_that_never_trained_is_analysed_by_how_it_ended(
    run: Run, standing: Case, specs: Mapping[str, StateSpec],
    make_candidate: Callable[..., Candidate], make_result: Callable[..., Result],
) -> None:  # fmt: skip
    result = make_result(make_candidate(), score=None)
    crashed = Result(judged=result.judged, outcome=Outcome.CRASHED, text="division by zero")
    analysis = analyze(
        crashed,
        rollouts=(),
        episodes=(),
        references={},
        weights={},
        curves={},
        pairs=(),
        state=specs["hopper"],
    )
    assert analysis.causes[0].message == "Nothing was learnt: crashed, division by zero."


@pytest.mark.parametrize(
    ("chance", "is_suspected"),
    [
        (((10.0, 0.5), (20.0, 0.9)), True),
        (((10.0, 0.5), (20.0, 0.0)), False),  # one of them does less of the task
        (((10.0, 0.5), (1000.0, 0.9)), False),  # one of them earns more
        ((), False),
    ],
)
def test_policy_that_earns_more_than_chance_and_does_less_is_suspected(
    standing: Case,
    run: Callable[[Case], Analysis],
    chance: Sequence[tuple[float, float]],
    is_suspected: bool,
) -> None:
    standing.chance, standing.references = chance, {}
    analysis = run(standing)
    assert analysis.hacking_suspected == is_suspected
    reasons = [c.message for c in analysis.causes if c.code == "return-without-fitness"]
    assert any("random actions" in reason for reason in reasons) == is_suspected
