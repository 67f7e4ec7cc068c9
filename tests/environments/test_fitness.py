"""Fitness and success of one episode, with numbers that can be checked by hand."""

import math
from typing import Any

import numpy as np
import pytest

from rewardsmith.environments.fitness import Success, compile_fitness, compile_success
from rewardsmith.errors import ConfigError
from rewardsmith.messages import ActionSpec, FieldSpec, StateSpec, SuccessSemantics, Trajectory

SPEC = StateSpec(
    fields=(
        FieldSpec(name="x", unit="m"),
        FieldSpec(name="hand", shape=(2,), unit="m"),
        FieldSpec(name="up", kind="bool"),
        FieldSpec(name="goal", constant=3.0, unit="m"),
    ),
    action=ActionSpec(shape=(2,), low=(-1.0, -1.0), high=(1.0, 1.0)),
)
HORIZON = 10
DT = 0.5


def episode(x: list[float] | None = None, *, terminated: bool = True, **words: Any) -> Trajectory:
    """An episode of 4 steps (unless `x` says otherwise) that starts at x = 1."""
    values = [1.0, 2.0, 5.0, 4.0, 3.0] if x is None else x
    n_steps = len(values) - 1
    actions = np.tile([0.5, -0.5], (n_steps, 1)) * np.arange(1, n_steps + 1)[:, None]
    fields = {
        "x": np.array(values),
        "hand": np.stack([np.arange(n_steps + 1) * 3.0, np.arange(n_steps + 1) * 4.0], axis=1),
        "up": np.array(words.get("up", [False, True, True, False, True][: n_steps + 1])),
        "goal": np.full(n_steps + 1, 3.0),
    }
    return Trajectory(seed=0, fields=fields, actions=actions, terminated=terminated)


def fitness(text: str, of: Trajectory | None = None, dt: float | None = DT) -> float:
    return compile_fitness(text, SPEC, horizon=HORIZON, dt=dt).evaluate(of or episode())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("mean(x)", 14.0 / 10),
        ("mean(x, missing=-1)", (14.0 - 6) / 10),
        ("mean(x, -1)", (14.0 - 6) / 10),
        ("sum(x)", 14.0),
        ("last(x)", 3.0),
        ("first(x)", 1.0),
        ("max(x)", 5.0),
        ("min(x)", 2.0),
        ("any(x > 4)", 1.0),
        ("any(x > 5)", 0.0),
        ("all(x > 1)", 0.0),  # the episode ended early: missing steps do not hold
        ("held(x > 2, 3)", 1.0),
        ("held(x > 2, 4)", 0.0),
        ("held(x > 2, steps=3)", 1.0),
        ("first_time(x > 4)", 2.0),
        ("first_time(x > 1)", 1.0),
        ("first_time(x > 9)", 10.0),
        ("quantile(x, 0.5)", 3.5),
        ("quantile(x, 1)", 5.0),
        ("displacement(x)", 2.0),
        ("displacement(hand)", 20.0),
        ("displacement(x) / (horizon * dt)", 0.4),
        ("length", 4.0),
        ("length()", 4.0),
        ("horizon", 10.0),
        ("terminated + 0 * length", 1.0),
        ("mean(up)", 0.3),
        ("sum(not up)", 1.0),
        ("mean(norm(hand))", (5 + 10 + 15 + 20) / 10),
        ("sum(x - previous.x)", 2.0),
        ("max(x - initial.x)", 4.0),
        ("sum(sum(action ** 2))", 0.5 * (1 + 4 + 9 + 16)),
        ("sum(abs(action[0] - previous_action[0]))", 2.0),
        ("sum(step)", 10.0),
        ("sum(terminated)", 1.0),
        ("sum(x > goal)", 2.0),
        ("sum(goal)", 12.0),
        ("sum(dt)", 2.0),
        ("max(last(x), 7)", 7.0),
        ("min(last(x), first(x), 7)", 1.0),
        ("clip(last(x), 0, 1)", 1.0),
        ("sqrt(sum(x) + 2)", 4.0),
        ("last(x) > 2 and not any(x > 5)", 1.0),
        ("2 < last(x) < 4", 1.0),
        ("1 if last(x) > 4 else -1", -1.0),
        ("-abs(-last(x)) ** 2", -9.0),
        ("sum(x) / (last(x) - 3)", math.inf),
    ],
)
def test_fitness_of_a_short_episode(text: str, value: float) -> None:
    if text == "horizon":
        with pytest.raises(ConfigError, match="the same for every episode"):
            fitness(text)
    else:
        assert fitness(text) == pytest.approx(value)


def test_all_holds_only_over_the_whole_horizon() -> None:
    whole = episode([0.0] + [1.0] * HORIZON, terminated=False, up=[True] * 11)
    assert fitness("all(x > 0)", whole) == 1.0


def test_dying_early_never_pays_under_a_mean() -> None:
    fast_but_short = episode([0.0, 9.0, 9.0])
    slow_but_whole = episode([0.0] + [2.0] * HORIZON, terminated=False, up=[True] * 11)
    assert fitness("mean(x)", fast_but_short) < fitness("mean(x)", slow_but_whole)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("text", ["mean(x)", "max(x)", "sum(x)", "max(last(x), 0.0)"])
def test_number_that_is_not_finite_is_returned_as_it_is(text: str, bad: float) -> None:
    assert not math.isfinite(fitness(text, episode([0.0, 1.0, bad])))


def test_environment_without_clock_has_no_dt() -> None:
    assert math.isnan(fitness("last(x) / dt", dt=None))


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("x", 1, "mean(x), last(x)"),
        ("mean(x) + x", 11, "changes from step to step"),
        ("mena(x)", 1, "Did you mean 'mean'"),
        ("mean(hand)", 6, "norm(...)"),
        ("mean()", 1, "Write mean(x, missing=0)"),
        ("sum(x, 2)", 1, "Write sum(x)"),
        ("held(x > 1)", 1, "'steps' is missing"),
        ("held(x > 1, 0)", 13, "at least 1"),
        ("held(x > 1, x)", 13, "has to be a number"),
        ("quantile(x, 2)", 13, "from 0 to 1"),
        ("first(action[0])", 7, "unknown at the episode's start"),
        ("displacement(previous.x)", 14, "unknown at the episode's start"),
        ("last(x) // 2", 1, "Use + - * / **"),
        ("last(x) in [1]", 9, ""),
        ("[last(x)]", 1, "List is not allowed"),
        ("last(x).real", 1, "Attribute is not allowed"),
        ("(lambda: 1)()", 1, "Unknown aggregate"),
        ("last(x", 5, "not an expression"),
        ("abs(last(x), 2)", 1, "takes 1 values"),
        ("3", 1, "the same for every episode"),
    ],
)
def test_bad_fitness_names_column_and_remedy(text: str, column: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        fitness(text)
    message = str(caught.value)
    assert words in message
    assert text in message
    if words:
        assert f"fitness, column {column}: " in message


def test_bad_quantity_says_in_which_aggregate() -> None:
    with pytest.raises(ConfigError, match=r"fitness, 'mean\(height\)': .*height"):
        fitness("mean(height)")


def success(text: str, semantics: SuccessSemantics = "held", held_steps: int = 2) -> Success:
    return compile_success(
        text, SPEC, semantics=semantics, held_steps=held_steps, horizon=HORIZON, dt=DT
    )


@pytest.mark.parametrize(
    ("text", "semantics", "held_steps", "met"),
    [
        ("x > 3.5", "held", 2, True),
        ("x > 3.5", "held", 3, False),
        ("x > 3.5", "final", 9, False),
        ("x < 3.5", "final", 9, True),
        ("x > 4.5", "ever", 9, True),
        ("x > 5.5", "ever", 9, False),
        ("up and norm(hand) > 14", "ever", 9, True),
        ("x > goal", "held", 2, True),
        ("displacement(x) > 1", "held", 9, True),
        ("mean(x) > 2", "ever", 1, False),
        ("max(x) > 4 and not terminated", "held", 1, False),
        ("length > 3", "held", 1, True),
    ],
)
def test_success_follows_its_semantics(
    text: str, semantics: SuccessSemantics, held_steps: int, met: bool
) -> None:
    assert success(text, semantics, held_steps).evaluate(episode()) is met


def test_start_of_the_episode_is_no_success() -> None:
    assert not success("x < 1.5", "ever").evaluate(episode())


def test_steps_of_a_condition_are_shown() -> None:
    holds = success("x > 3.5").steps(episode())
    assert holds is not None
    assert holds.tolist() == [False, True, True, False]


def test_criterion_over_the_episode_has_no_steps() -> None:
    assert success("mean(x) > 2").steps(episode()) is None


def test_success_on_nan_is_no_success() -> None:
    assert not success("mean(x) > 2").evaluate(episode([0.0, math.nan]))
    assert not success("x > 2", "ever").evaluate(episode([0.0, math.nan]))


def test_success_of_a_vector_is_refused() -> None:
    with pytest.raises(ConfigError, match="norm"):
        success("hand > 0")
