"""Environments are made bare, flat, and from where the card says."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import ClipAction, TimeLimit

from rewardsmith.environments.cards import load_card
from rewardsmith.environments.factory import make_env
from rewardsmith.errors import UsageError

PENDULUM = load_card("Pendulum-v1")


class GoalEnv(gymnasium.Env[Any, Any]):
    """Observations are a dictionary."""

    observation_space = gymnasium.spaces.Dict(
        {
            "observation": gymnasium.spaces.Box(-1, 1, (2,), np.float64),
            "goal": gymnasium.spaces.Box(-1, 1, (1,), np.float64),
        }
    )
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def __init__(self, **words: Any) -> None:
        super().__init__()

    def reset(self, **words: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        return {"observation": np.array([0.1, 0.2]), "goal": np.array([0.3])}, {}


@pytest.fixture
def registered() -> Iterator[str]:
    gymnasium.register("Goal-v0", GoalEnv, additional_wrappers=(), max_episode_steps=5)
    yield "Goal-v0"
    del gymnasium.registry["Goal-v0"]


def test_made_environment_has_no_wrapper() -> None:
    env = make_env(PENDULUM)
    assert env is env.unwrapped


def test_horizon_is_not_the_environments_own() -> None:
    env = make_env(PENDULUM)
    env.reset(seed=0)
    for _ in range(300):
        assert not env.step(np.zeros(1, np.float32))[3]


def test_dictionary_observations_are_flattened_in_key_order(registered: str) -> None:
    env = make_env(replace(PENDULUM, id=registered))
    assert env.reset()[0].tolist() == [0.3, 0.1, 0.2]


def test_wrappers_that_belong_to_the_environment_stay() -> None:
    gymnasium.register(
        "Half-v0",
        gymnasium.registry["Pendulum-v1"].entry_point,
        max_episode_steps=7,
        additional_wrappers=(ClipAction.wrapper_spec(),),
    )
    env = make_env(replace(PENDULUM, id="Half-v0"))
    del gymnasium.registry["Half-v0"]
    assert isinstance(env, ClipAction)
    assert not isinstance(env, TimeLimit)


def test_keyword_arguments_reach_the_constructor() -> None:
    env = make_env(replace(PENDULUM, kwargs={"g": 1.5}))
    assert env.unwrapped.g == 1.5  # type: ignore[attr-defined]


def test_rendering_is_off_unless_asked_for() -> None:
    assert make_env(PENDULUM).render_mode is None
    assert make_env(PENDULUM, render_mode="rgb_array").render_mode == "rgb_array"


class NoArguments(GoalEnv):
    """A constructor that is object's."""

    __init__ = object.__init__


def test_constructor_without_arguments_draws_no_pictures_and_takes_none() -> None:
    card = replace(PENDULUM, id=f"{__name__}:NoArguments")
    make_env(card)
    with pytest.raises(UsageError, match=r"draws no pictures.*render_mode='rgb_array'"):
        make_env(card, render_mode="rgb_array")
    with pytest.raises(UsageError, match=r"takes no arguments\. Leave --env-arg out"):
        make_env(replace(card, kwargs={"lanes": 3}))


@pytest.mark.parametrize(
    ("id_", "words"),
    [
        ("Pendulum-v9", "Pendulum-v1"),
        ("nowhere_at_all:Thing", "no module 'nowhere_at_all'"),
        ("fractions:Fractal", "has no 'Fractal'"),
    ],
)
def test_environment_that_does_not_exist_is_a_usage_error(id_: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make_env(replace(PENDULUM, id=id_))
