"""A remark on a part of a film says what that part was like, in numbers that a designer knows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.environments.cards import load_card
from rewardsmith.errors import UsageError
from rewardsmith.feedback.spans import MOST, departures, remark_on_span
from rewardsmith.messages import (
    ActionSpec,
    CandidateId,
    Departure,
    EpisodeScore,
    Evaluation,
    FieldSpec,
    Span,
    StateSpec,
    Trajectory,
)
from rewardsmith.store.layout import recorded_name
from rewardsmith.store.recordings import last_episodes
from rewardsmith.store.run import Run
from rewardsmith.testing import toy_task, write_line_card

FIRST = CandidateId(0, 0)
N = 40


def specs(*names: str) -> StateSpec:
    fields = tuple(FieldSpec(name=n, source="obs[0]", meaning="of a test", unit="m") for n in names)
    return StateSpec(fields=fields, action=ActionSpec(kind="continuous", shape=(1,)))


def episode(**fields: np.ndarray) -> Trajectory:
    """An episode of 40 steps whose component `near` pays 1 from step 10 to 19, else 0."""
    near = np.zeros(N)
    near[10:20] = 1.0
    return Trajectory(
        seed=1,
        fields=fields,
        actions=np.zeros((N, 1)),
        terminated=False,
        components={"near": near},
        rewards=near,
    )


def after_step(first: int, last: int, value: float) -> np.ndarray:
    """A field that is `value` after the steps `first` to `last`, and 0 otherwise."""
    values = np.zeros(N + 1)
    values[first + 1 : last + 2] = value
    return values


def test_means_are_those_after_the_steps_of_the_span_and_of_all_others() -> None:
    rollout = episode(height=after_step(10, 19, 3.0))
    span = Span(episode=0, first_step=10, last_step=19)
    found = {mean.name: mean for mean in departures(rollout, specs("height"), span)}
    assert found["height"] == Departure(name="height", unit="m", inside=3.0, elsewhere=0.0)
    assert found["near"] == Departure(name="near", inside=1.0, elsewhere=0.0)
    half = Span(episode=0, first_step=15, last_step=24)
    found = {mean.name: mean for mean in departures(rollout, specs("height"), half)}
    assert found["height"].inside == pytest.approx(1.5)
    assert found["height"].elsewhere == pytest.approx(0.5)


def test_only_what_is_unusual_is_said_and_the_most_unusual_first() -> None:
    rollout = episode(
        still=np.full(N + 1, 2.0),
        noise=np.arange(N + 1) % 2.0,
        wide=after_step(10, 25, 1.0),
        jump=after_step(10, 19, 1.0),
    )
    state = specs("still", "noise", "wide", "jump")
    span = Span(episode=0, first_step=10, last_step=19)
    assert [mean.name for mean in departures(rollout, state, span)] == ["jump", "near", "wide"]


def test_of_what_drifts_its_pace_counts_and_not_where_it_is() -> None:
    steady = np.linspace(0.0, 40.0, N + 1)
    slow = np.concatenate([steady[:20], 19.0 + 0.2 * np.arange(1, 6), 20.0 + np.arange(1.0, 17.0)])
    rollout = episode(steady=steady, slow=slow)
    found = departures(
        rollout, specs("steady", "slow"), Span(episode=0, first_step=19, last_step=23)
    )
    (change,) = [mean for mean in found if mean.name in ("steady", "slow")]
    assert (change.name, change.what) == ("slow", "change")
    assert (change.inside, change.elsewhere) == pytest.approx((0.2, 1.0), abs=0.05)
    assert str(change) == "slow changes by 0.2 m a step (elsewhere 1)"


def test_trembling_is_said_where_the_mean_stays() -> None:
    wave = np.tile([0.0, 1.0, 0.0, -1.0], N // 4 + 1)[: N + 1] * 0.1
    wave[21:33] *= 8.0
    found = departures(
        episode(wave=wave), specs("wave"), Span(episode=0, first_step=20, last_step=31)
    )
    (said,) = [mean for mean in found if mean.name == "wave"]
    assert said.what == "spread"
    assert said.inside / said.elsewhere == pytest.approx(8.0, rel=0.1)
    assert "varies by" in str(said)


def test_of_many_quantities_a_few_are_said() -> None:
    fields = {f"f{i}": after_step(10, 19, float(i + 1)) for i in range(20)}
    found = departures(
        episode(**fields), specs(*fields), Span(episode=0, first_step=10, last_step=19)
    )
    assert len(found) == MOST


def test_a_whole_episode_is_like_itself() -> None:
    rollout = episode(height=after_step(10, 19, 3.0))
    assert (
        departures(rollout, specs("height"), Span(episode=0, first_step=0, last_step=N - 1)) == ()
    )


def test_fields_that_no_designer_knows_are_never_quoted() -> None:
    rollout = episode(height=after_step(10, 19, 3.0), secret=after_step(10, 19, 3.0))
    span = Span(episode=0, first_step=10, last_step=19)
    assert {m.name for m in departures(rollout, specs("height"), span)} == {"height", "near"}
    assert {m.name for m in departures(rollout, None, span)} == {"near"}


@pytest.mark.parametrize(("episode_", "first", "last"), [(-1, 0, 1), (0, -1, 1), (0, 5, 4)])
def test_a_span_goes_forward_from_zero(episode_: int, first: int, last: int) -> None:
    with pytest.raises(ValueError, match="is no span"):
        Span(episode=episode_, first_step=first, last_step=last)


# ---------------------------------------------------------------------------- in a run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run on a card, with one recorded episode of 40 steps."""
    card = load_card(write_line_card(tmp_path / "LineWorld"))
    name = next(f.name for f in card.state.fields if not f.shape and f.constant is None)
    made = Run.create(
        tmp_path / "runs",
        name="line",
        config={},
        task=replace(toy_task(), env=card.ref),
        versions={},
    )
    made.save_trajectories(FIRST, [episode(**{name: after_step(10, 19, 3.0)})])
    return made


def test_the_remark_that_is_read_says_where_and_what_was_there(run: Run) -> None:
    span = Span(episode=0, first_step=10, last_step=19)
    remark_on_span(run, "Not like this.", FIRST, span)
    (said,) = run.new_feedback(0)
    assert (said.candidate, said.span) == (FIRST, span)
    assert said.about == "000/0, episode 0, steps 10 to 19"
    assert {(m.inside, m.elsewhere) for m in said.seen} == {(3.0, 0.0), (1.0, 0.0)}


@pytest.mark.parametrize(
    ("candidate", "span", "reason"),
    [
        (FIRST, Span(episode=1, first_step=0, last_step=1), "Recorded are 0 to 0"),
        (FIRST, Span(episode=0, first_step=0, last_step=N), "has the steps 0 to 39"),
        (CandidateId(0, 1), Span(episode=0, first_step=0, last_step=1), "not been judged yet"),
    ],
)
def test_what_is_not_on_any_film_is_refused_and_nothing_is_written(
    run: Run, candidate: CandidateId, span: Span, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        remark_on_span(run, "Here.", candidate, span)
    assert run.new_feedback(0) == ()


def test_episodes_of_a_candidate_that_is_not_analyzed_yet_can_be_remarked_on(run: Run) -> None:
    second, name = CandidateId(0, 1), recorded_name(7, 2000)
    early, late = episode(), replace(episode(), terminated=True)
    sha = run.save_trajectories(second, [early, late], name=name)
    scores = (EpisodeScore(seed=1, fitness=0.0, success=False, length=N, terminated=True),)
    judged = Evaluation(step=2000, seed_set="selection", episodes=scores)
    key = {"candidate": second, "seed": 7, "step": 2000, "seed_set": "selection"}
    run.record("candidate_evaluated", key=key, evaluation=judged, recorded=sha)
    assert [one.terminated for one in last_episodes(run, second)] == [True], "the last policy's"
    remark_on_span(run, "Here.", second, Span(episode=0, first_step=10, last_step=19))
    assert [mean.name for mean in run.new_feedback(0)[0].seen] == ["near"]


def test_a_remark_is_kept_where_the_card_is_gone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "LineWorld" / "card.yaml").unlink()
    remark_on_span(run, "Slower.", FIRST, Span(episode=0, first_step=10, last_step=19))
    assert [m.name for m in run.new_feedback(0)[0].seen] == ["near"]
