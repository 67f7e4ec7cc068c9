"""EnvPool steps as the reference does: true last steps, own episodes, own seeds; its traps."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mujoco
import numpy as np
import pytest

from rewardsmith.environments.backends.pool import PooledVectorEnv
from rewardsmith.environments.card_types import Backend, EnvCard
from rewardsmith.environments.cards import load_card
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import ConfigError, UsageError

REACH = load_card("MetaWorld-reach-v3")
AHEAD = np.tile(np.array([0.0, 1.0, 0.0, 0.0], dtype=np.float32), (2, 1))


def pool(card: EnvCard, n_envs: int = 2, **options: Any) -> PooledVectorEnv:
    return PooledVectorEnv(card, card.backends["envpool"], n_envs, **options)


def test_the_last_step_shows_the_true_last_state_and_the_next_start() -> None:
    env = pool(replace(REACH, max_steps=3))
    start = env.reset(0)
    steps = [env.step(AHEAD) for _ in range(4)]
    last = steps[2]
    assert [s.truncated.all() for s in steps] == [False, False, True, False]
    assert not any(s.terminated.any() for s in steps)
    assert (last.next_obs[:, 1] > start.obs[:, 1]).all()
    assert np.array_equal(last.fields["target"], start.fields["target"])
    assert np.array_equal(last.fields["hand"], last.next_obs[:, 0:3])
    assert np.array_equal(last.obs[:, 0:4], start.obs[:, 0:4])
    assert not np.array_equal(last.start_fields["target"], start.fields["target"])
    assert np.array_equal(last.start_fields["target"], last.obs[:, 36:39])


def test_no_action_is_swallowed_after_an_end() -> None:
    env = pool(replace(REACH, max_steps=3))
    env.reset(0)
    steps = [env.step(AHEAD) for _ in range(6)]
    # From the same hand and the same actions follows the same hand, to what a puck's fall moves it.
    for first, second in zip(steps[:3], steps[3:], strict=True):
        np.testing.assert_allclose(first.fields["hand"], second.fields["hand"], atol=1e-4)
    assert steps[5].truncated.all()


def test_a_step_within_an_episode_acts_on_its_own_next_state() -> None:
    env = pool(REACH)
    env.reset(0)
    step = env.step(AHEAD)
    assert step.obs is step.next_obs
    assert step.start_fields is step.fields


def test_environments_may_end_at_different_steps(make_pooled: Callable[..., EnvCard]) -> None:
    env = pool(make_pooled("CartPole-v1", fields={}), 8)
    env.reset(1)
    seen = set()
    for _ in range(60):
        step = env.step(np.ones(8, dtype=np.int64))
        seen.add(int(step.terminated.sum()))
        rows = step.terminated
        assert (np.abs(step.next_obs[rows, 2]) > 0.2).all()  # fallen
        assert (np.abs(step.obs[rows]) <= 0.05).all()  # upright again
        assert np.array_equal(step.obs[~rows], step.next_obs[~rows])
    assert seen & {1, 2, 3}


def test_arrays_of_earlier_steps_are_never_overwritten(pendulum: EnvCard) -> None:
    env = pool(pendulum)
    env.reset(0)
    first = env.step(np.ones((2, 1), np.float32))
    before = first.next_obs.copy()
    for _ in range(20):
        env.step(np.ones((2, 1), np.float32))
    assert np.array_equal(first.next_obs, before)


def test_a_seed_gives_the_same_episodes_and_another_gives_others(pendulum: EnvCard) -> None:
    env, other = pool(pendulum), pool(pendulum)
    first = env.reset(7)
    env.step(np.ones((2, 1), np.float32))
    assert np.array_equal(other.reset(7).obs, first.obs)
    assert np.array_equal(env.reset(7).obs, first.obs)
    assert not np.array_equal(env.reset(8).obs, first.obs)
    assert not np.array_equal(first.obs[0], first.obs[1])


def test_only_wanted_fields_are_read(pendulum: EnvCard) -> None:
    name = pendulum.state.fields[0].name
    env = pool(pendulum).reading([name])
    assert set(env.reset(0).fields) == {name}


def test_a_prepared_reset_starts_no_thread(pendulum: EnvCard) -> None:
    def n_threads() -> int:
        return len(os.listdir("/proc/self/task"))

    before = n_threads()
    env = pool(pendulum)
    env.prepare(3)
    prepared = n_threads()
    env.reset(3)
    assert n_threads() == prepared
    env.close()
    assert n_threads() == before


def test_the_goal_is_zero_unless_it_is_asked_for() -> None:
    hidden = Backend(id="MetaWorld/Reach-v3", package="metaworld")
    card = replace(REACH, backends={"envpool": hidden})
    assert not pool(card).reset(0).fields["target"].any()
    assert pool(REACH).reset(0).fields["target"].any(axis=1).all()


def test_its_physics_is_of_another_mujoco(make_pooled: Callable[..., EnvCard]) -> None:
    """Hopper's RK4 differs from 3.3.0's: what it shows may not be compared with the package's."""
    if not mujoco.__version__.startswith("3.3."):
        pytest.skip("the reference is another mujoco")
    apart = {}
    for name in ("HalfCheetah-v5", "Hopper-v5"):
        card = replace(make_pooled(name), kwargs={"reset_noise_scale": 0.0})
        card = replace(card, state=replace(card.state, fields=_seen(card)))
        backend = replace(card.backends["envpool"], kwargs={"reset_noise_scale": 0.0})
        both = StateVectorEnv(card, 1), PooledVectorEnv(card, backend, 1)
        actions = np.random.default_rng(0).uniform(-1, 1, (20, 1, *card.state.action.shape))
        for vector in both:
            vector.reset(0)
        shown = [[v.step(a.astype(np.float32)).next_obs for v in both] for a in actions]
        apart[name] = max(float(np.abs(a - b).max()) for a, b in shown)
    assert apart["HalfCheetah-v5"] < 1e-6 < 1e-3 < apart["Hopper-v5"]


def _seen(card: EnvCard) -> Any:
    """Fields that the observation alone shows."""
    return tuple(spec for spec in card.state.fields if spec.source.startswith("obs["))


def test_a_field_that_lies_inside_the_environment_is_refused() -> None:
    card = load_card("Hopper-v5")
    backend = Backend(id="Hopper-v5", package="gymnasium")
    with pytest.raises(ConfigError, match=r"does not show .*on_ground.*train in Python"):
        PooledVectorEnv(card, backend, 1)


@pytest.mark.parametrize("name", ["highway-v0", "MiniGrid-DoorKey-5x5-v0"])
def test_fields_of_every_vehicle_or_object_are_more_than_it_shows(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name} does not show .*train in Python"):
        PooledVectorEnv(load_card(name), Backend(id=name, package="any"), 1)


def test_what_a_cards_function_adds_is_read_as_info_also_after_an_end() -> None:
    lot = replace(load_card("parking-v0"), max_steps=3)
    env = pool(lot, 3)
    start = env.reset(0)
    assert start.obs.shape == (3, 18)
    ahead = np.tile(np.array([1.0, 0.0], dtype=np.float32), (3, 1))
    steps = [env.step(ahead) for _ in range(3)]
    for step in steps:
        np.testing.assert_allclose(step.fields["position"], 100.0 * step.next_obs[:, 0:2])
        np.testing.assert_allclose(
            step.fields["to_goal"] + step.fields["position"], step.fields["goal"]
        )
        assert (step.fields["speed"] > 0.0).all()
    assert steps[-1].truncated.all()
    assert not steps[-1].start_fields["position"].any()
    np.testing.assert_allclose(steps[-1].start_fields["goal"], 100.0 * steps[-1].obs[:, 6:8])


def test_an_observation_that_is_no_vector_is_refused(pendulum: EnvCard) -> None:
    backend = Backend(id="MiniGrid-DoorKey-6x6-v0", package="minigrid")
    with pytest.raises(ConfigError, match="'observation: module:function'"):
        PooledVectorEnv(pendulum, backend, 1)


def test_an_unknown_id_is_said_with_what_comes_near(pendulum: EnvCard) -> None:
    with pytest.raises(UsageError, match="Did you mean 'Pendulum-v1'"):
        PooledVectorEnv(pendulum, Backend(id="Pendulum-v2", package="gymnasium"), 1)
