"""The timing of states, ends and resets, pinned on an environment of three steps."""

import time
from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.inspection import check_card
from rewardsmith.environments.vector import StateVectorEnv, VectorStep

CARD = load_card(str(Path(__file__).parent / "three_steps"))


def ending(how: str) -> EnvCard:
    return replace(CARD, kwargs={"end": how})


def play(card: EnvCard, n_steps: int) -> list[VectorStep]:
    """Steps of two environments whose actions are 1, 2, 3, ... and twice that."""
    env = StateVectorEnv(card, 2)
    env.reset(seed=0)
    return [env.step(np.array([[k], [2.0 * k]], np.float32)) for k in range(1, n_steps + 1)]


def test_start_fields_are_those_of_the_first_episode() -> None:
    start = StateVectorEnv(CARD, 2).reset(seed=0)
    assert start.obs.tolist() == [[10.0, 0.0], [10.0, 0.0]]
    assert start.fields["x"].tolist() == [10.0, 10.0]
    assert start.fields["count"].tolist() == [0, 0]
    assert start.fields["count"].dtype == np.int64
    assert start.fields["speed"].tolist() == [0.0, 0.0]
    assert start.fields["double"].tolist() == [20.0, 20.0]
    assert start.fields["both"].tolist() == [[10.0, 0.0], [10.0, 0.0]]
    assert start.fields["goal"].tolist() == [20.0, 20.0]


def test_last_step_shows_the_true_last_state_and_the_next_start() -> None:
    last = play(CARD, 3)[2]
    assert last.fields["x"].tolist() == [16.0, 22.0]
    assert last.fields["double"].tolist() == [32.0, 44.0]
    assert last.fields["speed"].tolist() == [3.0, 6.0]
    assert last.next_obs.tolist() == [[16.0, 3.0], [22.0, 3.0]]
    assert last.start_fields["x"].tolist() == [20.0, 20.0]
    assert last.start_fields["double"].tolist() == [40.0, 40.0]
    assert last.start_fields["speed"].tolist() == [0.0, 0.0]
    assert last.obs.tolist() == [[20.0, 0.0], [20.0, 0.0]]
    assert last.native_reward.tolist() == [-16.0, -22.0]


def test_step_within_an_episode_acts_on_its_own_next_state() -> None:
    first = play(CARD, 1)[0]
    assert first.obs is first.next_obs
    assert first.start_fields is first.fields
    assert not first.done.any()


def test_second_episode_begins_where_the_environment_put_it() -> None:
    fourth = play(CARD, 4)[3]
    assert fourth.fields["x"].tolist() == [24.0, 28.0]
    assert fourth.fields["count"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("how", "terminated", "truncated"),
    [
        ("terminate", True, False),
        ("truncate", False, True),
        ("both", True, False),
        ("never", False, True),
    ],
)
def test_terminated_wins_over_truncated_and_the_horizon_truncates(
    how: str, terminated: bool, truncated: bool
) -> None:
    last = play(ending(how), 3)[2]
    assert last.terminated.tolist() == [terminated] * 2
    assert last.truncated.tolist() == [truncated] * 2


def test_environments_may_end_at_different_steps() -> None:
    env = StateVectorEnv(CARD, 2)
    env.reset(seed=0)
    env.envs[1].unwrapped.count = 1  # type: ignore[attr-defined]
    env.step(np.ones((2, 1), np.float32))
    second = env.step(np.ones((2, 1), np.float32))
    assert second.done.tolist() == [False, True]
    assert second.fields["x"].tolist() == [12.0, 12.0]
    assert second.start_fields["x"].tolist() == [12.0, 20.0]
    assert second.obs.tolist() == [[12.0, 2.0], [20.0, 0.0]]


def test_fields_of_earlier_steps_are_never_overwritten() -> None:
    steps = play(CARD, 3)
    assert [s.fields["double"].tolist() for s in steps] == [
        [22.0, 24.0],
        [26.0, 32.0],
        [32.0, 44.0],
    ]


def test_only_wanted_fields_are_read() -> None:
    env = StateVectorEnv(CARD, 2, names=["x"])
    assert set(env.reset(seed=0).fields) == {"x"}


def test_equal_seeds_give_equal_episodes() -> None:
    actions = np.linspace(-1, 1, 40 * 2 * 3).reshape(40, 2, 3).astype(np.float32)
    runs = []
    for _ in range(2):
        env = StateVectorEnv(load_card("Hopper-v5"), 2)
        env.reset(seed=7)
        runs.append([env.step(a) for a in actions])
    for a, b in zip(*runs, strict=True):
        assert np.array_equal(a.obs, b.obs)
        assert all(np.array_equal(a.start_fields[n], b.start_fields[n]) for n in a.fields)


def test_environment_i_gets_seed_plus_i() -> None:
    card = load_card("Pendulum-v1")
    together = StateVectorEnv(card, 3).reset(seed=5)
    apart = [StateVectorEnv(card, 1).reset(seed=5 + i) for i in range(3)]
    assert together.obs.tolist() == [a.obs[0].tolist() for a in apart]


CART_POLE = """\
id: CartPole-v1
title: Cart pole
action: {kind: discrete, n: 2}
state:
  angle: {source: 'obs[2]', unit: rad, range: [-0.5, 0.5], meaning: angle of the pole}
max_steps: 500
"""


def test_discrete_actions_are_sent_as_numbers(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text(CART_POLE, encoding="utf-8")
    card = load_card(str(tmp_path))
    assert check_card(card, n_steps=50).problems == ()
    env = StateVectorEnv(card, 2)
    env.reset(seed=0)
    step = env.step(np.array([0, 1]))
    assert step.next_obs[0, 1] < 0 < step.next_obs[1, 1]


def test_stepping_costs_little_on_top_of_the_environments() -> None:
    n_envs, n_steps = 16, 60
    card = load_card("HalfCheetah-v5")
    actions = np.linspace(-1, 1, n_envs * 6, dtype=np.float32).reshape(n_envs, 6)
    ours = StateVectorEnv(card, n_envs)
    ours.reset(seed=0)
    bare = gymnasium.make(card.id)
    bare.reset(seed=0)
    spent = {"ours": 0.0, "bare": 0.0}
    for _ in range(n_steps):
        start = time.process_time()
        ours.step(actions)
        middle = time.process_time()
        for action in actions:
            bare.step(action)
        spent["ours"] += middle - start
        spent["bare"] += time.process_time() - middle
        bare.reset()
    assert spent["bare"] / spent["ours"] > 0.6  # 0.94 on a quiet core
